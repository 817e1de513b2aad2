"""Running the scripts of `protocol/lua`."""

from collections.abc import Sequence

from resqued.errors import CommandRefused
from resqued.protocol.moves import Move
from resqued.wire import Argument, Reply, Wire


def run(wire: Wire, move: Move, keys: Sequence[Argument], arguments: Sequence[Argument]) -> Reply:
    """One round trip; two where the server does not know the script yet. NOSCRIPT means that nothing has been done."""
    try:
        return wire.call("EVALSHA", move.sha, len(keys), *keys, *arguments)
    except CommandRefused as refused:
        if refused.code != "NOSCRIPT":
            raise
        return wire.call("EVAL", move.text, len(keys), *keys, *arguments)
