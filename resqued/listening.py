"""A socket at which a loop serves strangers, and never waits for one: who is slow, silent or mad costs it nothing.

A visitor says one thing, gets one answer, and is shown out. There is room for a few at a time (the kernel lets some
more wait outside), for so much to say, and for so long.
"""

import errno
import os
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from resqued.listener import Listener as Place

MOST = 8  # visitors at a time
OUTSIDE = 32  # who may wait to be let in
PATIENCE = 5.0  # s from coming in to having one's answer
REST = 1.0  # s without letting anybody in, after the system would give no descriptor
LONGEST_PATH = 107  # bytes of a unix socket's, on Linux; macOS has three fewer


class _Visitor:
    def __init__(self, connection: socket.socket, until: float) -> None:
        connection.settimeout(0)
        self.connection, self.until = connection, until
        self.said = b""
        self.left: bytes | None = None  # of the answer; None: not yet asked

    def hear(self, most: int) -> None:
        """Raises OSError if it has gone."""
        with suppress(BlockingIOError):
            heard = self.connection.recv(most + 1 - len(self.said))
            if not heard:
                raise ConnectionResetError
            self.said += heard

    def has_gone(self) -> bool:
        """Who has left after asking does not want it any more, or does not know what came of it."""
        try:
            return not self.connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False

    def tell(self) -> None:
        if self.left:
            with suppress(BlockingIOError):
                self.left = self.left[self.connection.send(self.left) :]


class Listener:
    """`end` is what a visitor says last, `longest` how many bytes that may be: who says more gets no answer.

    `file`: what `listening` is bound to, if it is a file. `most`: visitors at a time; `patience`: seconds for each.
    """

    def __init__(
        self,
        listening: socket.socket,
        file: Path | None = None,
        *,
        end: bytes,
        longest: int,
        most: int = MOST,
        patience: float = PATIENCE,
    ) -> None:
        listening.settimeout(0)
        self._file, self._most, self._patience = file, most, patience
        self._listening, self._end, self._longest = listening, end, longest
        self._visitors: list[_Visitor] = []
        self._poll: select.poll | None = None
        self._is_watched = False
        self._rests_until = 0.0

    def fileno(self) -> int:
        return self._listening.fileno()

    def watch(self, poll: select.poll) -> None:
        """Have the loop's `poll` wake it when there is something to `serve`."""
        self._poll = poll
        self._watch_door(now=0.0)

    def serve(self, now: float, answer: Callable[[bytes], bytes]) -> None:
        """Let in who has come, hear who has something to say, answer who has said it, show out who is done."""
        self._admit(now)
        for visitor in list(self._visitors):
            try:
                self._attend(visitor, answer)
            except OSError:
                self._show_out(visitor)
            else:
                if visitor.left == b"" or len(visitor.said) > self._longest or now >= visitor.until:
                    self._show_out(visitor)
        self._watch_door(now)

    @property
    def wakes_at(self) -> float | None:
        """When to `serve` at the latest, though nobody moves."""
        times = [visitor.until for visitor in self._visitors]
        if not self._is_watched and len(times) < self._most:
            times.append(self._rests_until)
        return min(times, default=None)

    def _admit(self, now: float) -> None:
        while len(self._visitors) < self._most and now >= self._rests_until:
            try:
                connection, _ = self._listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:  # no descriptors are to be had: who waits would wake us again and again
                self._rests_until = now + REST
                return
            self._visitors.append(_Visitor(connection, now + self._patience))
            if self._poll:
                self._poll.register(connection.fileno(), select.POLLIN)

    def _attend(self, visitor: _Visitor, answer: Callable[[bytes], bytes]) -> None:
        if visitor.left is None:
            visitor.hear(self._longest)
            said, end, _ = visitor.said.partition(self._end)
            if end and not visitor.has_gone():
                visitor.left = answer(said)
        visitor.tell()
        if visitor.left and self._poll:
            self._poll.register(visitor.connection.fileno(), select.POLLOUT)

    def _show_out(self, visitor: _Visitor) -> None:
        self._visitors.remove(visitor)
        if self._poll:
            self._poll.unregister(visitor.connection.fileno())
        visitor.connection.close()

    def _watch_door(self, now: float) -> None:
        """While there is no room, who waits outside shall not wake the loop."""
        may_come = len(self._visitors) < self._most and now >= self._rests_until
        if self._poll and may_come != self._is_watched:
            if may_come:
                self._poll.register(self.fileno(), select.POLLIN)
            else:
                self._poll.unregister(self.fileno())
            self._is_watched = may_come

    def remove(self) -> None:
        """Take the file away: nobody shall come any more."""
        if self._file:
            self._file.unlink(missing_ok=True)

    def close(self) -> None:
        """At the end; and in a child, which must not hold anybody's line."""
        for visitor in self._visitors:
            visitor.connection.close()
        self._listening.close()


def at(path: Path, *, mode: int = 0o600) -> socket.socket:
    """A socket that listens at `path`, in the place of what was there. Who may connect says `mode`: only its owner.

    Raises OSError.
    """
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    umask = os.umask(0o777 & ~mode)  # a chmod afterwards would leave a moment open
    try:
        path.unlink(missing_ok=True)
        with address(path) as short:
            listening.bind(short)
        listening.listen(OUTSIDE)
    except OSError:
        listening.close()
        raise
    finally:
        os.umask(umask)
    return listening


def bound(place: "Place") -> socket.socket:
    """A socket that listens at `place`; at one that is a path, the group may connect, too.

    Raises OSError; FileExistsError for a path where somebody listens already, or that is no socket.
    """
    if place.path:
        path = Path(place.path)
        if path.exists() and not _is_forsaken(path):
            raise FileExistsError(errno.EEXIST, "there is something else already")
        return at(path, mode=0o660)
    listening = socket.socket(socket.AF_INET6 if ":" in place.host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of before may still be closing
        listening.bind((place.host, place.port))
        listening.listen(OUTSIDE)
    except OSError:
        listening.close()
        raise
    return listening


def _is_forsaken(path: Path) -> bool:
    """Whether it is a socket that somebody has left behind who does not listen any more."""
    if not path.is_socket():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, address(path) as short:
        probe.settimeout(0)  # where many wait, one would wait with them
        return probe.connect_ex(short) == errno.ECONNREFUSED


@contextmanager
def address(path: Path) -> Iterator[str]:
    """What to bind, or connect, to: a path that is too long for a socket is shortened by way of its directory."""
    if len(os.fsencode(path)) <= LONGEST_PATH:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
