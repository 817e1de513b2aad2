"""Running the scripts of `protocol/lua`."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from resqued.errors import CommandRefused, StoreUnavailable
from resqued.protocol.moves import Move
from resqued.wire import Argument, Meanwhile, Reply, Wire, rest

T = TypeVar("T")


def run(
    wire: Wire,
    move: Move,
    keys: Sequence[Argument],
    arguments: Sequence[Argument],
    *,
    meanwhile: Meanwhile = rest,
) -> Reply:
    """One round trip; two where the server does not know the script yet. NOSCRIPT means that nothing has been done."""
    try:
        return execute(wire, move, keys, arguments, meanwhile=meanwhile)
    except CommandRefused as refused:
        raise StoreUnavailable(str(refused)) from refused


def execute(
    wire: Wire,
    move: Move,
    keys: Sequence[Argument],
    arguments: Sequence[Argument],
    *,
    meanwhile: Meanwhile = rest,
) -> Reply:
    """The same for a person, who is told of a key of the wrong type: CommandRefused."""
    try:
        return wire.call("EVALSHA", move.sha, len(keys), *keys, *arguments, meanwhile=meanwhile)
    except CommandRefused as refused:
        if refused.code != "NOSCRIPT":
            raise
        return wire.call("EVAL", move.text, len(keys), *keys, *arguments)


def patiently(call: Callable[..., T], *arguments: object) -> T:
    """A key of the wrong type is a matter for a person; until then it is as if Redis were away: StoreUnavailable."""
    try:
        return call(*arguments)
    except CommandRefused as refused:
        raise StoreUnavailable(str(refused)) from refused
