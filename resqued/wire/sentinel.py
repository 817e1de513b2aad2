"""Where the master is: sentinels name it, and the server that they name has to agree.

Nothing is remembered of it: whoever connects looks it up, so that a fail-over is over with the next connect.
"""

from collections.abc import Callable
from contextlib import closing, suppress
from typing import TypeVar

from resqued.address import Address, Server
from resqued.errors import CommandRefused, StoreUnavailable
from resqued.wire import Reply
from resqued.wire.conversation import Conversation
from resqued.wire.greeting import greeted

Connected = TypeVar("Connected")

_last_of_use: dict[tuple[Server, ...], Server] = {}  # asked first: one whose machine is gone would cost every connect


def at_the_master(address: Address, connect: Callable[[Address], Connected], timeout: float) -> Connected:
    """What `connect` makes of the master of `address`: of the first server that a sentinel names and that serves.

    `connect` raises StoreUnavailable if that server does not (`agree_to_be_master`); then the other sentinels may know
    another, for one that was cut off tells of the past. They share `timeout` seconds, in which each may be silent.
    """
    named: set[Address] = set()
    troubles: list[str] = []
    for sentinel in _in_turn(address.sentinels):
        try:
            server = _named_by(sentinel, address, timeout / len(address.sentinels))
            if server in named:
                continue
            named.add(server)
            connected = connect(server)
        except StoreUnavailable as trouble:
            troubles.append(str(trouble))
        else:
            _last_of_use[address.sentinels] = sentinel
            return connected
    raise StoreUnavailable(f"no sentinel leads to the master {address.service}: {'; '.join(troubles)}")


def agree_to_be_master(conversation: Conversation, server: Address) -> None:
    """Let the server say that it is a master: a sentinel may not know yet that it is one no more.

    Raises StoreUnavailable if it says otherwise, and closes the conversation.
    """
    with suppress(CommandRefused):  # a user that may not ask can do without: a replica refuses to write
        role = conversation.call(("ROLE",))
        if not (isinstance(role, list) and role[0] == b"master"):
            conversation.close()
            raise StoreUnavailable(f"Redis at {server} is not the master, although a sentinel says so")


def _in_turn(sentinels: tuple[Server, ...]) -> list[Server]:
    last = _last_of_use.get(sentinels)
    return sorted(sentinels, key=lambda sentinel: sentinel != last)


def _named_by(sentinel: Server, address: Address, timeout: float) -> Address:
    reply = _told_by(address.sentinel(*sentinel), address.service, timeout)
    match reply:
        case [bytes(host), bytes(port)]:
            return address.master(host.decode(), int(port))
    raise StoreUnavailable(f"the sentinel at {address.sentinel(*sentinel)} knows no master {address.service}")


def _told_by(sentinel: Address, service: str, timeout: float) -> Reply:
    with closing(greeted(sentinel, "", timeout)) as conversation:
        try:
            return conversation.call(("SENTINEL", "GET-MASTER-ADDR-BY-NAME", service))
        except CommandRefused as refused:  # not for ever: it may be given the permission, or become a sentinel
            raise StoreUnavailable(f"the sentinel at {sentinel} does not say: {refused.text}") from None
