"""The stacks of running processes, one after the other, however stuck they are.

Each writes them when it gets a certain signal, without having to do anything else for it, to a file that all of them
have open; whose they are is known by asking one at a time, and by what the kernel says of the signal: it waits for the
process, then it is blocked, as long as its handler runs, and then neither. Linux.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from resqued import processes, stacks
from resqued.cli.machine import Master
from resqued.cli.waiting import looks
from resqued.errors import NotSignalled
from resqued.signals import SHOW

ANSWERS_WITHIN = 2.0  # s
OTHERS_WITHIN = 60.0  # s for somebody else who collects
LONGEST = 1 << 18  # bytes of one process's stacks that are read
PAUSE = 0.002  # s between two looks at the kernel
GONE = "it has ended"
UNABLE = {
    psutil.STATUS_ZOMBIE: GONE,
    psutil.STATUS_DEAD: GONE,
    psutil.STATUS_STOPPED: "it is stopped; kill -CONT lets it go on",
}
FORKED_BY = (" in _be_job", " in _run_and_exit")  # what stands below these is the parent's, which the fork has copied


@dataclass(frozen=True, slots=True)
class Asked:
    """A process of which the stacks are wanted; its `parent` proves that it is the one."""

    kind: str  # master | worker | job
    pid: int
    parent: int | None = None
    worker: str | None = None
    job: str | None = None  # the class; None for a process that waits for its next one


@dataclass(frozen=True, slots=True)
class Stacks:
    of: Asked
    lines: list[str]
    problem: str | None = None  # why there are none


def everybody(master: Master) -> Iterator[Asked]:
    yield Asked("master", master.status.pid)
    for worker, row in master.rows():
        if worker.pid:
            yield Asked("worker", worker.pid, master.status.pid, worker.slot)
            if row and row.job:
                yield Asked("job", row.job, worker.pid, worker.slot, row.job_name if row.turn else None)


def collect(master: Master, asked: list[Asked]) -> Iterator[Stacks]:
    """Raises NotRunning, and NotSignalled if the master, or the file, is not ours."""
    master.refuse_doubt()
    with _file(master.directory / stacks.FILE, master.owner) as file:
        for one in asked:
            yield _stacks_of(one, file)


@contextmanager
def _file(path: Path, owner: int) -> Iterator[int]:
    """Locked, for it shows the stacks of one process at a time; and emptied, before and after."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise NotSignalled(f"no stacks can be collected, for {path} cannot be opened: {error.strerror}") from None
    try:
        _refuse_what_is_not_the_masters(file, path, owner)
        _lock(file, path)
        os.truncate(file, 0)
        yield file
        os.truncate(file, 0)
    finally:
        os.close(file)


def _refuse_what_is_not_the_masters(file: int, path: Path, owner: int) -> None:
    """Root is about to empty it."""
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != owner or found.st_nlink != 1:
        raise NotSignalled(f"no stacks can be collected, for {path} is not what the master has made")


def _lock(file: int, path: Path) -> None:
    for _ in looks(OTHERS_WITHIN):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        return
    raise NotSignalled(f"no stacks can be collected, for somebody else is at it ({path} is locked)")


def _stacks_of(one: Asked, file: int) -> Stacks:
    if problem := _why_not(one):
        return Stacks(one, [], problem)
    start, blocked = os.fstat(file).st_size, _blocked(one.pid)
    try:
        processes.send(one.pid, SHOW)
    except PermissionError:
        return Stacks(one, [], "it is not yours to signal")
    for _ in looks(ANSWERS_WITHIN, PAUSE):
        if os.fstat(file).st_size > start and _has_handled_it(one.pid, blocked):
            break
    shown = os.pread(file, LONGEST, start).decode(errors="replace").splitlines()
    return Stacks(one, list(_own(shown)), None if shown else _why_silent(one.pid))


def _own(lines: list[str]) -> Iterator[str]:
    """Without the frames of the parent."""
    is_own = True
    for line in lines:
        is_own = is_own or not line.startswith("  File")
        if is_own:
            yield line
        is_own = is_own and not line.endswith(FORKED_BY)


def _why_not(one: Asked) -> str | None:
    """A signal that a process does not handle ends it; so would one that reaches another."""
    try:
        process = psutil.Process(one.pid)
        if one.parent is not None and process.ppid() != one.parent:
            return GONE
        if (state := process.status()) in UNABLE:
            return UNABLE[state]
        handles_it = _handles_it(one.pid)
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return GONE
    except (psutil.Error, OSError):
        return "/proc hides it"
    return None if handles_it else "it shows none: it is another program by now, or of an earlier version"


def _why_silent(pid: int) -> str:
    return f"it has shown none within {ANSWERS_WITHIN:g} s" if processes.exists(pid) else GONE


# What the kernel says


def _handles_it(pid: int) -> bool:
    return _is_in("SigCgt", _facts(f"/proc/{pid}/status"))


def _has_handled_it(pid: int, blocked_before: set[str]) -> bool:
    """Nobody has it before himself any more, and no thread is at it."""
    try:
        is_pending = _is_in("ShdPnd", _facts(f"/proc/{pid}/status"))
        return not is_pending and _blocked(pid) <= blocked_before
    except OSError:
        return True  # the process has ended


def _blocked(pid: int) -> set[str]:
    """The threads that have it blocked."""
    return {task for task in _tasks(pid) if _is_in("SigBlk", _facts(f"/proc/{pid}/task/{task}/status"))}


def _tasks(pid: int) -> list[str]:
    return os.listdir(f"/proc/{pid}/task")  # noqa: PTH208  names are all that is wanted


def _facts(file: str) -> dict[str, str]:
    lines = Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def _is_in(mask: str, facts: dict[str, str]) -> bool:
    return bool(int(facts[mask], 16) >> (SHOW - 1) & 1)
