"""Processes that a test forks, for looking at them from outside."""

import gc
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from resqued import kin


@contextmanager
def forked(act: Callable[[], object] = int) -> Iterator[int]:
    """The pid of a child that has done `act` and waits; it is killed in the end, with all that descends from it."""
    before = kin.children(os.getpid())
    told, tell = os.pipe()
    gc.collect()
    gc.disable()  # in both: it would write to, and so part, all that the tests have in memory
    pid = _waiting(act, tell)
    try:
        assert os.read(told, 1) == b"!"
        yield pid
    finally:
        gc.enable()
        os.close(told)
        while left := list(kin.descendants(os.getpid(), without=before)):  # orphans come to the tests, one by one
            _end(left)


def _end(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for pid in pids:
        with suppress(ChildProcessError):  # not ours yet
            os.waitpid(pid, 0)


def fork(act: Callable[[], object] = int) -> int:
    """In a child that a test has `forked`: a child of its own, which has done `act` and waits."""
    told, tell = os.pipe()
    pid = _waiting(act, tell)
    os.read(told, 1)
    return pid


def _waiting(act: Callable[[], object], tell: int) -> int:
    """A child that does `act`, tells so, and waits."""
    pid = os.fork()
    if pid == 0:
        try:
            act()
            os.write(tell, b"!")
            signal.pause()
        finally:
            os._exit(1)
    os.close(tell)
    return pid


def daemonised(act: Callable[[], object] = int) -> None:
    """In a child that a test has `forked`: what does `act` and waits is in a session of its own, and has no parent."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fork(act)
        os._exit(0)
    os.waitpid(pid, 0)
