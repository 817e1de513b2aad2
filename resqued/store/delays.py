"""Jobs that wait for their time: put there. `scheduler` brings them to their queues."""

from enum import StrEnum

from resqued.errors import CommandRefused
from resqued.protocol import delayed
from resqued.protocol.keys import Keys
from resqued.protocol.moves import move
from resqued.store.replies import integer, pipelined, raw, texts
from resqued.store.scripts import execute
from resqued.wire import Argument, Wire


class By(StrEnum):
    """What a time is counted from."""

    CALENDAR = "at"  # seconds since 1970
    NOW = "in"  # seconds from now, by the clock of the server, which all hosts share


class Delays:
    """The delayed jobs of one namespace. As safe for threads as its wire.

    Every method raises StoreUnavailable if Redis does not answer, and CommandRefused if a key has a type that is not
    resque-scheduler's.
    """

    def __init__(self, wire: Wire, keys: Keys) -> None:
        self._wire, self._keys = wire, keys

    def put(self, queue: str, payload: str, by: By, seconds: float) -> None:
        """Keep a job until then; what is due already goes onto its queue (`delay.lua`)."""
        keys = self._keys.queues, self._queue(queue), self._keys.earlier
        item = delayed.item(payload, queue)
        arguments = self._keys.prefix, by, repr(float(seconds)), item, raw(queue), payload
        if isinstance(wrong := execute(self._wire, move("delay"), keys, arguments), bytes):
            raise refused(wrong)

    def remove(self, *items: str) -> int:
        """Take away every job that is exactly one of these items; how many there were (`undelay.lua`)."""
        return self._undelay("", "", *items)

    def run(self, queue: str, payload: str, *items: str) -> int:
        """Put them onto the queue now, each as this payload; how many there were."""
        return self._undelay(queue, payload, *items)

    def _undelay(self, queue: str, payload: str, *items: str) -> int:
        arguments: list[Argument] = [self._keys.prefix, raw(queue), payload, *map(raw, items)]
        answer = execute(self._wire, move("undelay"), [self._keys.queues], arguments)
        if isinstance(answer, bytes):
            raise refused(answer)
        return integer(answer)

    def size(self) -> int:
        """How many jobs wait for their time."""
        return sum(map(integer, pipelined(self._wire, [("LLEN", key) for _, key in self._places()])))

    def look(self, most: int) -> list[tuple[int, bytes]]:
        """The first of them, each with its time and as an item."""
        found: list[tuple[int, bytes]] = []
        for epoch, key in self._places():
            items = texts(self._wire.call("LRANGE", key, 0, most - len(found) - 1))
            found += ((epoch, item) for item in items)
            if len(found) >= most:
                break
        return found

    def _places(self) -> list[tuple[int, bytes]]:
        """Every time at which something is due, and the key of what is."""
        epochs = texts(self._wire.call("ZRANGE", self._keys.schedule, 0, -1))
        return [(int(epoch), raw(self._keys.due(epoch.decode()))) for epoch in epochs if epoch.isdigit()]

    def _queue(self, name: str) -> bytes:
        return raw(self._keys.queue(name))


def refused(key: bytes) -> CommandRefused:
    return CommandRefused("WRONGTYPE", f"WRONGTYPE {key.decode(errors='replace')} is not what Resque keeps there")
