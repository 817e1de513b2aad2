"""Signals as a list to read, never as code that runs.

What a process hears is written by the interpreter into a pipe and read by its loop. Handlers are empty: they exist so
that a signal neither kills nor is ignored (an ignored signal would stay ignored in the programs that a job starts).
What each means is said in `signaltable`.
"""

import _signal  # type: ignore[import-not-found]  # CPython's own half of `signal`
import os
import signal
from collections.abc import Collection, Iterable
from math import ceil
from time import monotonic
from types import FrameType

from resqued import stacks, termination
from resqued.log import log
from resqued.signaltable import DEFAULT, TABLE, UNCATCHABLE

# Without the enums that `signal` puts around them: they cost a job 50 us in each call, for they touch many pages, which
# a process that has just been forked must copy.
_handle, _mask, _write_to = _signal.signal, _signal.pthread_sigmask, _signal.set_wakeup_fd


def _private(number: int, fallback: str) -> int:
    """A real-time signal, which nobody sends by accident; macOS has none."""
    first: int | None = getattr(signal, "SIGRTMIN", None)
    return first + number if first is not None else int(getattr(signal, fallback))


ASK = _private(0, "SIGXCPU")  # worker → job: stop (`termination`)
HURRY = _private(1, "SIGXFSZ")  # master → worker: stop without grace
KILL = _private(2, "SIGVTALRM")  # master → worker: kill the job now, then leave
DUMP = _private(3, "SIGINFO")  # write all stacks; on macOS this is what Ctrl-T sends
SHOW = _private(4, "SIGEMT")  # the same, for `resquectl stacks`, which collects them
_PRIVATE = {"SIGRTMIN": ASK, "SIGRTMIN+1": HURRY, "SIGRTMIN+2": KILL, "SIGRTMIN+3": DUMP, "SIGRTMIN+4": SHOW}


def number(name: str) -> int | None:
    """Of a signal of the table; None if this system has no such signal, or if it has been given another meaning."""
    if name in _PRIVATE:
        return _PRIVATE[name]
    found = getattr(signal, name, None)
    return None if found in _PRIVATE.values() else found


def _numbers(names: Iterable[str]) -> tuple[int, ...]:
    return tuple(int(found) for name in names if (found := number(name)) is not None)


_OTHERS = (ASK, DUMP, SHOW)  # have handlers that do something
HEARD = tuple(one for one in _numbers(name for name in TABLE if name not in UNCATCHABLE) if one not in _OTHERS)
EVERY = (*HEARD, ASK)
_ITS_OWN = _numbers(name for name, meaning in TABLE.items() if meaning.job == DEFAULT)

LONGEST_SLEEP = 86_400_000  # ms


def name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class Inbox:
    """The signals that this process has heard since it last looked. One a process.

    DUMP and SHOW are not among them: the stacks of a process that is stuck are written by their handlers, to the log
    and to the descriptor `shows_to`; without one, to the log, too.
    `nohup`: the end of the terminal is nothing to this process, as if it had been started with HUP ignored.
    """

    def __init__(self, *, nohup: bool = False, shows_to: int | None = None) -> None:
        self.pipe = self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._found = {one: signal.signal(one, handler) for one, handler in _HANDLERS.items()}
        self._found_fd = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self.nohup = nohup or self._found[signal.SIGHUP] is signal.SIG_IGN
        self._terminal = not self.nohup and _has_terminal()
        stacks.dump_on(DUMP, log.fileno())
        stacks.dump_on(SHOW, log.fileno() if shows_to is None else shows_to)
        unblock()

    def reclaim(self) -> list[str]:
        """Undo what other people's code has made of our signals, which may have been lost meanwhile. Their names."""
        taken = [name(one) for one, handler in _HANDLERS.items() if signal.signal(one, handler) is not handler]
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        unblock()
        return taken

    def fileno(self) -> int:
        """Readable when a signal has come."""
        return self._read

    def read(self) -> list[int]:
        """Each signal once, in order of arrival, but CONT last.

        Of two that came at once nobody knows which was sent first, for the handler of the later may run before that of
        the earlier. Somebody who has sent USR2 and CONT does not want to find a daemon that pauses for ever.
        """
        try:
            return sorted(dict.fromkeys(os.read(self._read, 65536)), key=signal.SIGCONT.__eq__)
        except BlockingIOError:
            return []

    def has(self, numbers: Collection[int]) -> bool:
        """Whether one of these has come. All are still there to be read."""
        heard = self.read()
        os.write(self._write, bytes(heard))
        return not set(numbers).isdisjoint(heard)

    def is_hung_up(self) -> bool:
        """Whether the terminal that this process was started from is gone. HUP tells that, or something else."""
        return self._terminal and not _has_terminal()

    def forget(self) -> None:
        """In a child: signals are no longer written to the parent's pipe. The empty handlers stay."""
        signal.set_wakeup_fd(-1)
        os.close(self._read)
        os.close(self._write)

    def close(self) -> None:
        """Signals mean what they did before."""
        self.forget()
        stacks.dump_no_more(DUMP)
        stacks.dump_no_more(SHOW)
        signal.set_wakeup_fd(self._found_fd)
        for one, found in self._found.items():
            signal.signal(one, signal.SIG_DFL if found is None else found)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def milliseconds(until: float | None) -> int | None:
    """For `poll`, to sleep until then (monotonic; None: until something comes). It knows no more than 24 days."""
    return None if until is None else min(LONGEST_SLEEP, max(0, ceil((until - monotonic()) * 1000)))


def block() -> None:
    """Around a fork: a signal to the child, before it has let go of the pipe, would be heard by its parent."""
    _mask(signal.SIG_BLOCK, EVERY)


def unblock() -> None:
    _mask(signal.SIG_UNBLOCK, EVERY)


_in_job = False


def enter_job() -> None:
    """From now on ASK stops the job of this process; what a process sends itself means what it always does.

    A worker, or a master, does nothing on either. Signals are no longer written to the worker's pipe.
    """
    global _in_job  # noqa: PLW0603  a handler has no other way to know
    _in_job = True
    _write_to(-1)
    for one in _ITS_OWN:
        _handle(one, 0)  # SIG_DFL


def _hear(_number: int, _frame: FrameType | None) -> None:
    pass


def _ask(_number: int, _frame: FrameType | None) -> None:
    if _in_job:
        termination.ask()


_HANDLERS = {one: _ask if one == ASK else _hear for one in EVERY}
