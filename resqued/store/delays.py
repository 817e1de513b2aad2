"""Jobs that wait for their time: put there. `scheduler` brings them to their queues."""

from enum import StrEnum

from resqued.errors import CommandRefused
from resqued.protocol import delayed
from resqued.protocol.keys import Keys
from resqued.protocol.moves import move
from resqued.store.replies import raw
from resqued.store.scripts import execute
from resqued.wire import Wire


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

    def _queue(self, name: str) -> bytes:
        return raw(self._keys.queue(name))


def refused(key: bytes) -> CommandRefused:
    return CommandRefused("WRONGTYPE", f"WRONGTYPE {key.decode(errors='replace')} is not what Resque keeps there")
