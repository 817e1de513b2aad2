"""Logs: an event is one line, and every event has its place in `EVENTS`.

    from resqued.log import log

    log.warning("worker.died", slot="mail.2", pid=4711, signal="SIGKILL", lived_s=3.2)

A line is written with one `write` to a descriptor that all our processes share, so lines never mix. Nothing is buffered
and nothing locks: a fork needs no care. Logging never raises and never retries: what cannot be written is dropped.

structlog is set up for ourselves alone; `structlog.configure` is left to the application, which may use it, too.
"""

import contextlib
import os
import select
import stat
from typing import Any, Protocol

import structlog
from structlog.typing import FilteringBoundLogger, Processor

from resqued.log import lines
from resqued.log.events import EVENTS, Level

__all__ = ["EVENTS", "Level", "Log", "configure", "log"]

PATIENCE = 100  # ms that a line waits for a reader that is slow
_NUMBERS: dict[Level, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class Write(Protocol):
    def __call__(self, event: str, **facts: Any) -> Any: ...


class Log:
    """What every module writes to. It stays the same object when it is configured."""

    __slots__ = ("_bound", "_file", "_line", "debug", "error", "exception", "info", "warning")

    debug: Write
    info: Write
    warning: Write
    error: Write
    exception: Write  # in an `except`: an error, with the exception's backtrace

    def __init__(self) -> None:
        self._file: int | None = None  # a descriptor that we opened, and close when we open another
        self._line = _Line(2)
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

        A file is appended to, and made if need be; so to configure it once more is to reopen it.
        `auto` is `console` on a terminal and `json` elsewhere. Forgets what `carry` said.
        Raises OSError, and changes nothing, if `file` cannot be opened.
        """
        opened = _open(file) if file else None
        if self._file is not None:
            os.close(self._file)
        self._file = opened
        self._line = _Line(stream if opened is None else opened)
        self._use(_logger(self._line, level, lines.renderer(self._line.fd, format)))

    def carry(self, **facts: object) -> None:
        """Say these facts in every later line of this process, before the facts of the line itself."""
        self._use(self._bound.bind(**facts))

    def fileno(self) -> int:
        """The descriptor that lines go to; for whoever closes all others."""
        return self._line.fd

    def _use(self, bound: FilteringBoundLogger) -> None:
        self._bound = bound
        self.debug, self.info, self.warning = bound.debug, bound.info, bound.warning
        self.error, self.exception = bound.error, bound.exception


def _open(file: str) -> int:
    return os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY, 0o640)


def _logger(line: "_Line", level: Level, render: lines.Render) -> FilteringBoundLogger:
    bound: FilteringBoundLogger = structlog.wrap_logger(
        line,
        processors=[_writer(render)],
        wrapper_class=structlog.make_filtering_bound_logger(_NUMBERS[level]),
        context_class=dict,
    ).bind()
    return bound


def _may_stall(fd: int) -> bool:
    """Whether somebody must read what is written there. A process that waits for him does nothing else."""
    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


class _Line:
    """The end of the way, under the names that structlog calls."""

    __slots__ = ("_patience", "_poll", "fd")

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._patience = PATIENCE
        self._poll = select.poll() if _may_stall(fd) else None
        if self._poll:
            self._poll.register(fd, select.POLLOUT)

    def write(self, line: bytes) -> None:
        """Drops the line if it cannot be written: reader gone, disk full, or a reader that does not read."""
        with contextlib.suppress(OSError):
            if self._poll is None or self._has_room(self._poll):
                os.write(self.fd, line)

    def _has_room(self, poll: select.poll) -> bool:
        """Wait a little for a reader that is slow; not again for one that has stalled, until it reads on."""
        has_room = bool(poll.poll(self._patience))
        self._patience = PATIENCE if has_room else 0
        return has_room

    debug = info = warning = error = write


def _writer(render: lines.Render) -> Processor:
    def write(_line: object, level: str, facts: lines.Facts) -> bytes:
        return lines.fitted(render, lines.complete(level, facts))

    return write


log = Log()
configure = log.configure
