"""Limits on how many jobs run at a time: looking after them, and looking at them."""

from collections.abc import Iterator
from dataclasses import dataclass

from resqued.errors import CommandRefused
from resqued.protocol.keys import Keys
from resqued.protocol.moves import move
from resqued.store.replies import count, integer, name_of, pipelined, portions, raw, texts
from resqued.store.scripts import execute
from resqued.wire import Command, Wire

TEND_EVERY = 5  # s, in the whole fleet
TENDED = 200  # limits at once: others are served in between
CALLED_FOR = 120  # s that a job which was called may take to come: all workers may be busy
AT_ONCE = 100  # limits in one look


@dataclass(frozen=True, slots=True)
class LimitInUse:
    """As it was at one moment."""

    name: str
    most: int  # at a time
    running: int
    called: int  # on their queues again, because it is their turn
    aside: int  # that wait


class Turns:
    """The limits of one namespace. Methods raise StoreUnavailable and may be repeated."""

    def __init__(self, wire: Wire, keys: Keys) -> None:
        self._wire, self._keys = wire, keys

    def tend(self) -> int:
        """Give places that belong to nobody any more to whoever waits (`tend.lua`). How many those were.

        0 also if somebody of the fleet has looked just now; and whatever may be on those keys: it keeps no worker from
        its work.
        """
        k = self._keys
        keys = k.limits, k.asides, k.queues, k.tended, k.registrations, k.paused
        arguments = TEND_EVERY, k.queue(""), k.slate(""), TENDED, CALLED_FOR
        try:
            return integer(execute(self._wire, move("tend"), keys, arguments))
        except CommandRefused:
            return 0

    def in_use(self) -> Iterator[LimitInUse]:
        """All limits under which jobs run or wait, sorted. Raises CommandRefused for a key of the wrong type."""
        facts = texts(self._wire.call("HGETALL", self._keys.limits))
        limits = sorted(zip(map(name_of, facts[::2]), map(count, facts[1::2]), strict=True))
        for portion in portions(limits, AT_ONCE):
            numbers = iter(
                map(integer, pipelined(self._wire, [look for name, _ in portion for look in self._look(name)]))
            )
            for name, most in portion:
                yield LimitInUse(name, most, running=next(numbers), called=next(numbers), aside=next(numbers))

    def _look(self, name: str) -> tuple[Command, Command, Command]:
        k = self._keys
        return ("HLEN", raw(k.held(name))), ("LLEN", raw(k.called(name))), ("LLEN", raw(k.aside(name)))

    def release(self, name: str) -> int:
        """Put all that wait under a limit at the ends of their queues, in their order (`disband.lua`). How many.

        For a limit that no class states any more.
        """
        k = self._keys
        return integer(execute(self._wire, move("disband"), (k.limits, k.asides, k.queues), (raw(name), k.queue(""))))
