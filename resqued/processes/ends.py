"""How processes end: their exit, and who sees to it."""

import contextlib
import os
import signal
from collections.abc import Iterable
from time import monotonic, sleep

from resqued import signals
from resqued.value import value

CRASHED = 1  # exit status of a process of ours whose own code failed


@value
class Exit:
    pid: int
    code: int | None  # None if a signal ended it
    signal: int | None

    def __str__(self) -> str:
        if self.signal is None:
            return f"status {self.code}"
        return f"{signals.name(self.signal)} (signal {self.signal})"


def exists(pid: int) -> bool:
    """Whether there is such a process, or what is left of one, whosever it is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def wait_for(pid: int) -> Exit | None:
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:  # somebody else reaped it
        return Exit(pid, CRASHED, None)
    return _exit(found, status) if found else None


def _exit(pid: int, status: int) -> Exit:
    code = os.waitstatus_to_exitcode(status)
    return Exit(pid, None, -code) if code < 0 else Exit(pid, code, None)


def reap() -> list[Exit]:
    """Every child that has ended, adopted ones included."""
    exits: list[Exit] = []
    try:
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            exits.append(_exit(*found))
    except ChildProcessError:  # there is none left
        pass
    return exits


def send(pid: int, number: int) -> None:
    """Signal a process; one that is gone has no need of it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def kill_each(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def kill_group(leader: int) -> None:
    """Kill what is left of a job's process group; the leader itself may have been reaped."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def wait_until_gone(leaders: Iterable[int], *, within: float) -> None:
    """Until these killed sessions have nobody left in them: a KILL takes a moment. `within`: seconds, at most."""
    deadline = monotonic() + within
    for leader in leaders:
        while _has_members(leader) and monotonic() < deadline:
            sleep(0.002)


def _has_members(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
