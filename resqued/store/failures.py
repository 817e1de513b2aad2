"""Failed lists, read in portions. `sweep` changes them."""

from collections.abc import Iterator

from resqued.protocol.failed import Entry
from resqued.protocol.keys import FAILED, Keys, holds_failures
from resqued.store.replies import integer, name_of, pipelined, raw, texts
from resqued.wire import Wire

MOST = 1000  # entries of one portion: others are served in between
MOST_BYTES = 2 * 1024**2  # of one portion, as far as the one before lets foresee
FIRST = 100  # entries, when nothing is known of their size


class Portion:
    """How many entries to ask for at once: they may have 300 bytes each, or two million."""

    def __init__(self) -> None:
        self.count = FIRST
        self.size = 1  # bytes of an entry, on the average

    def saw(self, entries: list[Entry]) -> None:
        if entries:
            self.size = sum(len(entry.raw) for entry in entries) // len(entries) + 1
            self.count = max(1, min(MOST, MOST_BYTES // self.size))


class Failures:
    """The failed lists of one namespace, each by its name: `failed`, and those of Ruby's RedisMultiQueue.

    Every method raises StoreUnavailable if Redis does not answer, and CommandRefused if a key has a type that is not
    Resque's. None holds more than a portion of a list.
    """

    def __init__(self, wire: Wire, keys: Keys) -> None:
        self.wire, self.keys = wire, keys

    def sizes(self) -> dict[str, int]:
        """How many entries are in each list."""
        named = map(name_of, texts(self.wire.call("SMEMBERS", self.keys.failed_queues)))
        names = [FAILED, *sorted(filter(holds_failures, named))]
        sizes = pipelined(self.wire, [("LLEN", self._key(name)) for name in names])
        return dict(zip(names, map(integer, sizes), strict=True))

    def size(self, name: str) -> int:
        return integer(self.wire.call("LLEN", self._key(name)))

    def read(self, name: str, start: int, count: int) -> list[Entry]:
        """At most `count` entries from index `start` on, the oldest first."""
        return list(map(Entry, texts(self.wire.call("LRANGE", self._key(name), start, start + count - 1))))

    def newest_first(self, name: str) -> Iterator[Entry]:
        """Those that are there now, each as it is when it is read. While others remove some, some may come twice."""
        return (entry for _, entry in self.backwards(name, self.size(name)))

    def backwards(self, name: str, end: int) -> Iterator[tuple[int, Entry]]:
        """The same, from before index `end` on, each with its index: which is smaller once others remove older ones."""
        portion = Portion()
        while end > 0:
            start = max(0, end - portion.count)
            entries = self.read(name, start, end - start)
            yield from zip(range(start + len(entries) - 1, start - 1, -1), reversed(entries), strict=True)
            portion.saw(entries)
            end = start

    def oldest_first(self, name: str) -> Iterator[Entry]:
        """The same from the other end. While others remove some, some may be left out."""
        portion, start, end = Portion(), 0, self.size(name)
        while start < end and (entries := self.read(name, start, min(portion.count, end - start))):
            yield from entries
            portion.saw(entries)
            start += len(entries)

    def clear(self, name: str) -> int:
        """Remove all that is there at that moment; how many there were."""
        count, _ = self.wire.transaction([("LLEN", self._key(name)), ("UNLINK", self._key(name))])
        return integer(count)

    def _key(self, name: str) -> bytes:
        return raw(self.keys.failed_list(name))
