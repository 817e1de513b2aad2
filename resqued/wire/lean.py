"""The wire of a process that forks: one socket and hiredis, no threads, no redis-py, ssl only where it is spoken."""

from collections.abc import Sequence
from functools import partial

from resqued.address import Address
from resqued.wire import PENDING, Argument, Command, Meanwhile, Pending, Reply, rest
from resqued.wire.conversation import Conversation
from resqued.wire.greeting import greeted
from resqued.wire.sentinel import agree_to_be_master, at_the_master


def connect(address: Address, *, name: str = "", timeout: float = 5.0) -> "LeanWire":
    """A wire to `address`, which connects when it is first used.

    `name` is what CLIENT LIST shows. `timeout`: seconds for connecting, and without a byte of a reply.
    """
    return LeanWire(address, name, timeout)


class LeanWire:
    """One connection, for one thread."""

    __slots__ = ("_address", "_conversation", "_name", "_timeout")

    def __init__(self, address: Address, name: str, timeout: float) -> None:
        self._address, self._name, self._timeout = address, name, timeout
        self._conversation: Conversation | None = None

    def call(self, *command: Argument, meanwhile: Meanwhile = rest) -> Reply:
        return self._in_step().call(command, meanwhile)

    def transaction(self, commands: Sequence[Command]) -> list[Reply]:
        return self._in_step().transaction(commands)

    def pipeline(self, commands: Sequence[Command]) -> list[Reply]:
        return self._in_step().pipeline(commands)

    def ask(self, *command: Argument) -> None:
        self._in_step().ask(command)

    def fileno(self) -> int:
        return self._conversation.fileno() if self._conversation else -1

    def answer(self) -> Reply | Pending:
        return self._conversation.answer() if self._conversation else PENDING

    def close(self) -> None:
        if self._conversation:
            self._conversation.close()
            self._conversation = None

    def _in_step(self) -> Conversation:
        """The conversation, if no reply is owed on it; else a new one.

        A server with a `timeout` ends connections that are idle for long: that is no outage.
        """
        conversation = self._conversation
        if conversation and conversation.ready and not conversation.has_ended():
            return conversation
        self.close()
        self._conversation = _connected(self._address, self._name, self._timeout)
        return self._conversation


def _connected(address: Address, name: str, timeout: float) -> Conversation:
    if address.sentinels:
        return at_the_master(address, partial(_greeted_master, name, timeout), timeout)
    return greeted(address, name, timeout)


def _greeted_master(name: str, timeout: float, server: Address) -> Conversation:
    conversation = greeted(server, name, timeout)
    agree_to_be_master(conversation, server)
    return conversation
