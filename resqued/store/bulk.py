"""Putting many jobs on queues: in portions, each of which arrives as a whole or not at all."""

from collections.abc import Sequence
from contextlib import suppress

from resqued.errors import CommandRefused, StoreUnavailable
from resqued.protocol.keys import Keys
from resqued.protocol.moves import move
from resqued.store.scripts import run
from resqued.wire import Argument, Wire

KEPT = 3600  # s that a receipt lives after the last portion

Job = tuple[str, str]  # the queue, and the encoded payload


class Bulk:
    """`receipt` is a name by which it is known, whatever happens, how far this has come."""

    def __init__(self, wire: Wire, keys: Keys, receipt: str) -> None:
        self._wire, self._keys, self.receipt = wire, keys, receipt

    def put(self, jobs: Sequence[Job], mark: int) -> None:
        """Put these at the ends of their queues, in order, and `mark` onto the receipt (`enqueue.lua`).

        Raises CommandRefused if a key has a type that is not Resque's: then nothing was done; and StoreUnavailable:
        then all is done, or nothing. It may be repeated.
        """
        queues = list(dict.fromkeys(queue for queue, _ in jobs))
        number = {queue: place for place, queue in enumerate(queues, 1)}
        keys = [self._keys.queues, self._keys.receipt(self.receipt), *map(self._keys.queue, queues)]
        texts: list[Argument] = [part for queue, text in jobs for part in (number[queue], text)]
        wrong = run(self._wire, move("enqueue"), keys, [mark, KEPT, *queues, *texts])
        if isinstance(wrong, bytes):
            raise CommandRefused(
                "WRONGTYPE", f"WRONGTYPE {wrong.decode(errors='replace')} is not what Resque keeps there"
            )

    def mark(self) -> int:
        """On the receipt; 0 if there is none. Raises StoreUnavailable."""
        reply = self._wire.call("GET", self._keys.receipt(self.receipt))
        return int(reply) if isinstance(reply, bytes) else 0

    def close(self) -> None:
        """Take the receipt away; if Redis does not answer, it goes by itself."""
        with suppress(StoreUnavailable):
            self._wire.call("DEL", self._keys.receipt(self.receipt))
