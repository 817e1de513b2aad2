"""Commands and replies on a socket that is connected: what both kinds of wire have in common."""

import select
import socket
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import hiredis

from resqued.errors import CommandRefused, ResquedError, StoreUnavailable
from resqued.wire import PENDING, Command, Meanwhile, Pending, Reply, refusal, rest

Raw = Any  # a Reply, or the error that an error reply stands for

CHUNK = 65536  # bytes: more than most replies, so that one system call reads them
pack: Callable[[Command], bytes] = hiredis.pack_command  # type: ignore[assignment]  # its stub knows one word only


class Conversation:
    """Strictly in step: a command is sent when no reply is owed.

    `ready` is false from the moment that something is sent until all replies to it are there. What was cut short, by an
    error, a timeout, or a signal whose handler raised, has left it so, and must not be used again, only closed.
    """

    __slots__ = ("_blocking", "_listener", "_reader", "_socket", "_timeout", "_where", "ready")

    def __init__(self, connected: socket.socket, where: str, timeout: float) -> None:
        """`connected` gives up a send or a receive after `timeout` seconds. `where` is what errors call the server."""
        self._socket, self._where, self._timeout = connected, where, timeout
        self._blocking = connected.gettimeout()  # None where the kernel watches the time
        self._listener: select.poll | None = None
        self._reader = hiredis.Reader(replyError=partial(refusal, where), notEnoughData=PENDING)
        self.ready = True

    def call(self, command: Command, meanwhile: Meanwhile = rest) -> Reply:
        self._send(pack(command))
        meanwhile()
        reply = self._receive()
        self.ready = True
        if isinstance(reply, ResquedError):
            raise self._given_up_if_unavailable(reply)
        return reply  # type: ignore[no-any-return]  # hiredis makes nothing else

    def exchange(self, commands: Iterable[Command]) -> list[Raw]:
        """The replies to all commands, in one round trip. Error replies stand in the list, for `accepted` to raise."""
        requests = [pack(command) for command in commands]
        self._send(b"".join(requests))
        replies = [self._receive() for _ in requests]
        self.ready = True
        return replies

    def accepted(self, replies: list[Raw]) -> list[Reply]:
        """These replies, if none is an error; else raise the first that is."""
        for reply in replies:
            if isinstance(reply, ResquedError):
                raise self._given_up_if_unavailable(reply)
        return replies

    def pipeline(self, commands: Sequence[Command]) -> list[Reply]:
        return self.accepted(self.exchange(commands))

    def transaction(self, commands: Sequence[Command]) -> list[Reply]:
        replies = self.exchange([("MULTI",), *commands, ("EXEC",)])
        self.accepted(replies)  # what could not be queued comes first, and says more than EXECABORT
        results: list[Raw] = replies[-1]  # nil only after WATCH
        try:
            return self.accepted(results)
        except CommandRefused as error:
            error.executed = [at for at, reply in enumerate(results) if not isinstance(reply, ResquedError)]
            raise

    def ask(self, command: Command) -> None:
        self._send(pack(command))
        self._socket.settimeout(0)  # `answer` never blocks

    def answer(self) -> Reply | Pending:
        if self.ready or (reply := self._receive()) is PENDING:
            return PENDING
        self._socket.settimeout(self._blocking)
        self.ready = True
        return self.accepted([reply])[0]

    def has_ended(self) -> bool:
        """Whether the server has hung up. Asked while no reply is owed, when it has nothing else to say. 1 µs."""
        if self._listener is None:
            self._listener = select.poll()
            self._listener.register(self._socket, select.POLLIN)
        return bool(self._listener.poll(0))

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self.ready = False
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # ends it even if a forked process still has the descriptor
        self._socket.close()

    def _send(self, request: bytes) -> None:
        self.ready = False
        try:
            self._socket.sendall(request)
        except OSError as error:
            raise self._lost(error) from error

    def _receive(self) -> Raw:
        """The next reply, when all of it is there. PENDING only while the socket does not block: see `ask`."""
        try:
            while (reply := self._reader.gets()) is PENDING:
                self._reader.feed(self._socket.recv(CHUNK) or _hung_up())
        except (OSError, hiredis.ProtocolError) as error:
            if self._socket.gettimeout() == 0 and _means_not_yet(error):
                return PENDING
            raise self._lost(error) from error
        return reply

    def _lost(self, error: Exception) -> StoreUnavailable:
        self.close()
        if isinstance(error, TimeoutError | BlockingIOError):
            return StoreUnavailable(f"Redis at {self._where} did not answer within {self._timeout:g} s")
        return StoreUnavailable(f"the connection to Redis at {self._where} is lost: {error}")

    def _given_up_if_unavailable(self, error: ResquedError) -> ResquedError:
        if isinstance(error, StoreUnavailable):
            self.close()
        return error


def _hung_up() -> bytes:
    raise ConnectionResetError("closed by the server")


def _means_not_yet(error: Exception) -> bool:
    """Nothing to read at this moment; a TLS socket says it in its own way (and ssl is not imported for this)."""
    return isinstance(error, BlockingIOError) or type(error).__name__ == "SSLWantReadError"
