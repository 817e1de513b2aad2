"""The kernel's out-of-memory killer: whom it takes first, and whether it was here. Linux; elsewhere nothing happens.

It takes the process that uses most, and 1 of `oom_score_adj` stands for a thousandth of all memory. So a job goes
before a worker, and both before their master.
"""

import os
from contextlib import suppress

from resqued import procfs

WORKER, JOB, MOST = 100, 300, 1000  # more than the master has, and the most that there can be
SCORE = "/proc/self/oom_score_adj"
WRITE = os.O_WRONLY | os.O_CLOEXEC
CGROUPS = "/sys/fs/cgroup"
LOOK_EVERY = 5.0  # s; each look costs a job 10 us

_found: int | None = None  # what the master has
_of_jobs = b""  # what a job says; empty if it need not, or must not, say anything


def be_a_worker() -> None:
    """Once in each worker. What the system refuses is left as it is, for jobs too."""
    global _found, _of_jobs  # noqa: PLW0603  forks inherit it: a job has nothing to find out
    with suppress(OSError, ValueError):
        if _found is None:
            _found = int(procfs.read(SCORE))
        _write(b"%d" % min(_found + WORKER, MOST))
        _of_jobs = b"%d" % min(_found + JOB, MOST)


def be_a_job() -> None:
    """Once in each job, before it may have become another user. 4 µs."""
    if _of_jobs:
        try:  # noqa: SIM105  `suppress` is more code, of which a job has to copy the pages
            _write(_of_jobs)
        except OSError:
            pass


class Kills:
    """How often the killer has come to a cgroup (version 2), for whatever reason. `events`: where the kernel counts.

    Without `events` it is never known to have come.
    """

    def __init__(self, events: str | None) -> None:
        self._events = events
        self._known, self._looks_at = self._count(), 0.0

    def look(self, now: float) -> None:
        """When a job begins: what has been until now is nothing to it, or until some seconds ago."""
        if now >= self._looks_at and self._events:
            self._known, self._looks_at = self._count(), now + LOOK_EVERY

    def have_come(self) -> bool:
        """Since the last look. A kill is told of once."""
        before, self._known = self._known, self._count()
        return self._known > before

    def _count(self) -> int:
        if self._events:
            with suppress(OSError, ValueError):
                return _kills_in(procfs.read(self._events))
        return 0


def kills_of_ours() -> Kills:
    """In the cgroup of this process."""
    try:
        lines = procfs.read("/proc/self/cgroup").decode().splitlines()
    except OSError:
        return Kills(None)
    ours = next((line[3:] for line in lines if line.startswith("0::")), "")
    events = f"{CGROUPS}{ours.rstrip('/')}/memory.events"
    return Kills(events if os.access(events, os.R_OK) else None)


def _kills_in(events: bytes) -> int:
    for line in events.splitlines():
        if line.startswith(b"oom_kill "):
            return int(line[len(b"oom_kill ") :])
    return 0


def _write(score: bytes) -> None:
    descriptor = os.open(SCORE, WRITE)
    os.write(descriptor, score)  # who is refused leaves the file open: once in a worker, which then tries no more
    os.close(descriptor)
