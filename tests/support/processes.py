"""Processes that a test starts: they end with the tests, whatever happens, and none is forgotten."""

import ctypes
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

import psutil

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

_DIE_WITH_PARENT = (
    "import ctypes, os, sys;"
    f"ctypes.CDLL(None).prctl({PR_SET_PDEATHSIG}, int(sys.argv[1]));"
    "os.execv(sys.argv[2], sys.argv[2:])"
)


def mortal(argv: Sequence[str], by: int = signal.SIGKILL) -> list[str]:
    """The command `argv`, so that it gets the signal `by` when the process that starts it dies, whatever it dies of.

    The first word of `argv` is a path. For long-lived helpers; it costs some 20 ms.
    """
    return [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(int(by)), *argv]


def adopt_orphans() -> None:
    """Make this process the parent of every descendant that loses its own, so that none escapes `children`."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def children() -> set[int]:
    """The ids of the living children of this process; what has ended is reaped on the way."""
    return {child.pid for child in psutil.Process().children() if not _reap_if_ended(child.pid)}


def kill_families(pids: set[int]) -> None:
    """Kill these processes and all that descends from them, by their ids, and reap them."""
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            head = psutil.Process(pid)
            for member in (head, *head.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    member.kill()
            head.wait(timeout=5)


def described(pid: int) -> str:
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return f"{pid} ({' '.join(process.cmdline()) or process.name()})"
    return str(pid)


def _reap_if_ended(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):  # a thread that still ends holds a zombie back
        child = psutil.Process(pid)
        if child.status() != psutil.STATUS_ZOMBIE:
            return False
        child.wait(timeout=0)
    return True
