"""Logs: an event is one line, and every event has its place in `EVENTS`.

    from resqued.log import log

    log.warning("worker.died", slot="mail.2", pid=4711, signal="SIGKILL", lived_s=3.2)

A line is written with one `write` to a descriptor that all our processes share, so lines never mix. Nothing is buffered
and nothing locks: a fork needs no care. Logging never raises and never retries: what cannot be written is dropped, and
how many lines were is said before the next one that can be (`log.lost`), behind the end of a part that stands there.
Only who has lost a line looks for such a part: for all others it would cost each line a call of the system.

A log file may be moved away: a process that finds the number which it follows raised reopens it before its next line.

No library does it: each brings `logging` and more into the process that forks, where every module costs every job.
"""

import os
import select
import stat
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from resqued.log import lines
from resqued.log.events import EVENTS, Level

__all__ = ["EVENTS", "Level", "Log", "configure", "log"]

Generation = Callable[[], int]

PATIENCE = 100  # ms that a line waits for a reader that is slow
_NUMBERS: dict[Level, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class Write(Protocol):
    def __call__(self, event: str, /, **facts: Any) -> None: ...


class Log:
    """What every module writes to. It stays the same object when it is configured."""

    __slots__ = (
        *("_carried", "_file", "_generation", "_level", "_line", "_render"),
        *("debug", "error", "exception", "info", "warning"),
    )

    debug: Write
    info: Write
    warning: Write
    error: Write
    exception: Write  # in an `except`: an error, with the exception's backtrace

    def __init__(self) -> None:
        self._generation: Generation = _always_the_first
        self._file: _File | None = None
        self._line = _Line(2, self._tell_of_lost)
        self.configure()

    def configure(
        self,
        *,
        level: Level = "info",
        format: lines.Format = "auto",  # noqa: A002  the name of the setting
        file: str | None = None,
        stream: int = 2,
    ) -> None:
        """Write what is at least `level` to `file`, else to the descriptor `stream`.

        A file is appended to, and made if need be.
        `auto` is `console` on a terminal and `json` elsewhere. Forgets what `carry` said.
        Raises OSError, and changes nothing, if `file` cannot be opened.
        """
        opened = _File(file, self._tell_of_lost, self._generation, partial(_complain, self)) if file else None
        if self._file:
            self._file.close()
        self._file = opened
        self._line = opened or _Line(stream, self._tell_of_lost)
        self._render, self._level = lines.renderer(self._line.fd, format), level
        self._carried: lines.Facts = {}
        self._make_writers()

    def carry(self, **facts: object) -> None:
        """Say these facts in every later line of this process, before the facts of the line itself."""
        self._carried = {**self._carried, **facts}
        self._make_writers()

    def say(self, event: str, **facts: object) -> None:
        """At the level that the event has in `EVENTS`."""
        getattr(self, EVENTS[event][0])(event, **facts)

    def follow(self, generation: Generation) -> None:
        """Whenever this is another number than at the last line, reopen the file. Asked for each line, if it is one."""
        self._generation = generation
        if self._file:
            self._file.follow(generation)

    def reopen(self) -> None:
        """Write to the file that has its name now, which is made if need be. The descriptor keeps its number.

        If that cannot be, everything stays as it was, and an error is logged.
        """
        if self._file:
            self._file.reopen()

    def fileno(self) -> int:
        """The descriptor that lines go to; for whoever closes all others."""
        return self._line.fd

    def _tell_of_lost(self, lost: int) -> None:
        _complain_of_lost(self, lost)

    def _make_writers(self) -> None:
        """Once, so that a line which is not wanted costs no more than a call."""
        self.debug, self.info, self.warning, self.error = map(self._writer, _NUMBERS)
        self.exception = self._writer("error", raised=True)

    def _writer(self, level: Level, *, raised: bool = False) -> Write:
        if _NUMBERS[level] < _NUMBERS[self._level]:
            return _write_nothing
        line, render, carried = self._line, self._render, self._carried

        def write(event: str, /, **facts: Any) -> None:
            line.write(lines.fitted(render, lines.complete(level, event, carried, facts, raised=raised)))

        return write


def _write_nothing(_event: str, /, **_facts: object) -> None:
    pass


def _always_the_first() -> int:
    return 0


def _complain(log: Log, file: str, error: OSError) -> None:
    log.error("log.not_reopened", file=file, error=str(error), then="go on with the file that was open before")


def _complain_of_lost(log: Log, lost: int) -> None:
    log.error("log.lost", lines=lost)


def _open(file: str) -> int:
    return os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY, 0o640)


def _may_stall(fd: int) -> bool:
    """Whether somebody must read what is written there. A process that waits for him does nothing else."""
    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _ends_in_a_part(fd: int, *, ours: bool) -> bool:
    """Whether the last line is not whole: in a file anybody's, elsewhere `ours`."""
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        return ours
    try:
        file = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # it may be written to and not be read
        return ours
    try:
        return os.pread(file, 1, max(0, os.fstat(file).st_size - 1)) not in (b"", b"\n")
    finally:
        os.close(file)


class _Line:
    """The end of the way. `tell` writes a line, here, that says how many were lost."""

    __slots__ = ("_loser", "_lost", "_part", "_patience", "_poll", "_tell", "fd")

    def __init__(self, fd: int, tell: Callable[[int], None]) -> None:
        self.fd, self._tell = fd, tell
        self._lost, self._loser = 0, 0  # lines that nobody has been told of, and the process that lost them
        self._look()

    def _look(self) -> None:
        self._part = False  # of a line of ours is the last that was written
        self._patience = PATIENCE
        self._poll = select.poll() if _may_stall(self.fd) else None
        if self._poll:
            self._poll.register(self.fd, select.POLLOUT)

    def write(self, line: bytes) -> None:
        """Drops the line if it cannot be written: reader gone, disk full, or a reader that does not read."""
        if self._lost and not self._has_recovered():
            self._lost += 1
            return
        try:
            if self._poll is None or self._has_room(self._poll):
                if os.write(self.fd, line) == len(line):
                    return
                self._part = True
        except OSError:
            pass
        self._lost, self._loser = self._lost + 1, os.getpid()

    def _has_recovered(self) -> bool:
        """End the part of a line that stands there, and tell of those that were lost; False if that cannot be yet."""
        me = os.getpid()
        lost = self._lost if me == self._loser else 0  # of what its parent lost a child does not tell
        self._lost, self._loser = 0, me
        try:
            if _ends_in_a_part(self.fd, ours=self._part):
                os.write(self.fd, b"\n")
            self._part = False
        except OSError:
            self._lost = lost
            return False
        if lost:
            self._tell(lost)
        if self._lost:  # this line, too
            self._lost = lost
            return False
        return True

    def _has_room(self, poll: select.poll) -> bool:
        """Wait a little for a reader that is slow; not again for one that has stalled, until it reads on."""
        has_room = bool(poll.poll(self._patience))
        self._patience = PATIENCE if has_room else 0
        return has_room


class _File(_Line):
    """The same, into a file that may be moved away. `complain` is told why it could not be reopened."""

    __slots__ = ("_complain", "_generation", "_name", "_seen")

    def __init__(
        self,
        name: str,
        tell: Callable[[int], None],
        generation: Generation,
        complain: Callable[[str, OSError], None],
    ) -> None:
        super().__init__(_open(name), tell)
        self._name, self._complain = name, complain
        self.follow(generation)

    def follow(self, generation: Generation) -> None:
        self._generation, self._seen = generation, generation()

    def write(self, line: bytes) -> None:
        if self._generation() != self._seen:
            self.reopen()
        super().write(line)

    def reopen(self) -> None:
        self._seen = self._generation()
        try:
            opened = _open(self._name)
        except OSError as error:
            self._complain(self._name, error)
            return
        os.dup2(opened, self.fd, inheritable=False)
        os.close(opened)
        self._look()  # it may be of another kind

    def close(self) -> None:
        os.close(self.fd)


log = Log()
configure = log.configure
