"""Other people's code that may run for ever, in a process that must not."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from time import monotonic
from types import FrameType

from resqued import signals

STOPS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signals.HURRY, signals.KILL})
AGAIN = 1.0  # s; a `except BaseException` somewhere may have swallowed the first


class Interrupted(BaseException):
    """Not an Exception: what runs is to end, not to be handled."""


class Stopped(Interrupted, KeyboardInterrupt):
    """Somebody wants this process to stop; what runs has made no mistake."""


@contextmanager
def interruptible(seconds: float = 0.0) -> Iterator[None]:
    """What runs here ends with Stopped when this process is asked to stop, and with Interrupted after so many seconds.

    0: however long it takes. Who was asked to stop before this began has to find out for himself.
    """
    stopped = over = False
    ends_at = monotonic() + seconds if seconds else inf

    def interrupt(number: int, _frame: FrameType | None) -> None:
        nonlocal stopped
        if over or (number == signal.SIGALRM and not stopped and monotonic() < ends_at):  # somebody else's alarm
            return
        signal.setitimer(signal.ITIMER_REAL, AGAIN, AGAIN)  # the next may come just before a call that blocks
        stopped = stopped or number != signal.SIGALRM
        raise Stopped("resqued is being stopped") if stopped else Interrupted(f"took longer than {seconds:g} s")

    before = {number: signal.signal(number, interrupt) for number in (*STOPS, signal.SIGALRM)}
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN if seconds else 0.0)
    try:
        try:
            yield
        finally:
            over = True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
