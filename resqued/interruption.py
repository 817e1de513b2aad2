"""Other people's code that may run for ever, in a process that must not."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
AGAIN = 1.0  # s; a `except BaseException` somewhere may have swallowed the first


class Interrupted(BaseException):
    """Not an Exception: what runs is to end, not to be handled."""


@contextmanager
def interruptible(seconds: float) -> Iterator[None]:
    """What runs here ends with Interrupted when somebody wants this process to stop, and after so many seconds."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, AGAIN)
        raise Interrupted(f"took longer than {seconds:g} s" if number == signal.SIGALRM else "resqued is being stopped")

    before = {number: signal.signal(number, interrupt) for number in (*STOPS, signal.SIGALRM)}
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
