"""Signals as a list to read, never as code that runs.

What a process hears is written by the interpreter into a pipe and read by its loop. Handlers are empty: they exist so
that a signal neither kills nor is ignored (an ignored signal would stay ignored in the programs that a job starts).
"""

import os
import signal
from collections.abc import Iterable
from math import ceil
from time import monotonic
from types import FrameType

from resqued import termination


def _private(number: int, fallback: str) -> int:
    """A real-time signal, which nobody sends by accident; macOS has none."""
    first: int | None = getattr(signal, "SIGRTMIN", None)
    return first + number if first is not None else int(getattr(signal, fallback))


ASK = _private(0, "SIGXCPU")  # worker → job: stop (`termination`)
HURRY = _private(1, "SIGXFSZ")  # master → worker: stop without grace
KILL = _private(2, "SIGVTALRM")  # master → worker: kill the job now, then leave

# What a terminal, an operator or systemd may send to a whole group. A job does nothing on any of them.
STRAY = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
    signal.SIGWINCH,
)
HEARD = (*STRAY, signal.SIGCONT, signal.SIGCHLD, HURRY, KILL)
EVERY = (*HEARD, ASK)

LONGEST_SLEEP = 86_400_000  # ms


def name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class Inbox:
    """The signals that this process has heard since it last looked. One a process."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        for number in HEARD:
            signal.signal(number, _hear)
        signal.signal(ASK, _ask)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        unblock()

    def fileno(self) -> int:
        """Readable when a signal has come."""
        return self._read

    def read(self) -> list[int]:
        """Each signal once, in order of arrival."""
        try:
            return list(dict.fromkeys(os.read(self._read, 65536)))
        except BlockingIOError:
            return []

    def forget(self) -> None:
        """In a child: signals are no longer written to the parent's pipe. The empty handlers stay."""
        signal.set_wakeup_fd(-1)
        os.close(self._read)
        os.close(self._write)

    def close(self) -> None:
        """Signals have their default meaning again."""
        self.forget()
        for number in EVERY:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def milliseconds(until: float | None) -> int | None:
    """For `poll`, to sleep until then (monotonic; None: until something comes). It knows no more than 24 days."""
    return None if until is None else min(LONGEST_SLEEP, max(0, ceil((until - monotonic()) * 1000)))


def block() -> None:
    """Around a fork: a signal to the child, before it has let go of the pipe, would be heard by its parent."""
    signal.pthread_sigmask(signal.SIG_BLOCK, EVERY)


def unblock(numbers: Iterable[int] = EVERY) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)


_in_job = False


def enter_job() -> None:
    """From now on ASK stops the job of this process. A worker, or a master, does nothing on it."""
    global _in_job  # noqa: PLW0603  a handler has no other way to know
    _in_job = True


def _hear(_number: int, _frame: FrameType | None) -> None:
    pass


def _ask(_number: int, _frame: FrameType | None) -> None:
    if _in_job:
        termination.ask()
