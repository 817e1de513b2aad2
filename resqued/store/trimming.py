"""Cutting a failed list to its limits."""

from typing import NamedTuple

from resqued.errors import CommandRefused
from resqued.protocol.keys import FAILED, Keys
from resqued.protocol.moves import move
from resqued.store.replies import raw
from resqued.store.scripts import execute
from resqued.wire import Wire

AT_ONCE = 1000  # entries: while they go, Redis serves nobody else
LOOK_EVERY = 60  # s, in the whole fleet


class Trimmed(NamedTuple):
    gone: int
    left: int
    has_more: bool  # to go


class Trimming:
    """`most`: entries that may stay. `max_age`: seconds that one may have stood there. 0: no limit, of either.

    Raises StoreUnavailable; CommandRefused if the key has a type that is not Resque's. May be repeated (`trim.lua`).
    """

    def __init__(self, wire: Wire, keys: Keys, *, most: int, max_age: float) -> None:
        self._wire, self._keys = wire, keys
        self._limits = most, int(max_age) or int(max_age > 0)

    def take_turn(self) -> Trimmed | None:
        """A portion of `failed`, if there is a limit, and nobody in the fleet has looked in the last minute.

        Whatever may be on that key: it keeps no worker from its work.
        """
        try:
            return self._trim(FAILED, LOOK_EVERY) if any(self._limits) else None
        except CommandRefused:
            return None

    def portion(self, name: str) -> Trimmed:
        """Of any list, now."""
        trimmed = self._trim(name, 0)
        assert trimmed is not None
        return trimmed

    def _trim(self, name: str, pause: int) -> Trimmed | None:
        keys = raw(self._keys.failed_list(name)), self._keys.trim
        match execute(self._wire, move("trim"), keys, (*self._limits, AT_ONCE, pause)):
            case [int(gone), int(left), int(more)]:
                return Trimmed(gone, left, more == 1)
            case _:
                return None
