"""Jobs that wait for their time: put there, seen, taken away. `scheduler` brings them to their queues."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from resqued.digest import hexadecimal
from resqued.errors import CommandRefused
from resqued.protocol import delayed
from resqued.protocol.keys import Keys
from resqued.protocol.moves import move
from resqued.store.locks import Held, Locking
from resqued.store.replies import integer, name_of, pipelined, portions, raw, texts
from resqued.store.scripts import execute
from resqued.wire import Argument, Command, Reply, Wire

AT_ONCE = 500  # items in one look: others are served in between
A_FEW = 10  # of which each may be large
LARGEST = 65536  # bytes of an item that is looked into where only its class is asked
AS_FAR = 2000  # items that are looked at before the place where one has been seen


class By(StrEnum):
    """What a time is counted from."""

    CALENDAR = "at"  # seconds since 1970
    NOW = "in"  # seconds from now, by the clock of the server, which all hosts share


@dataclass(frozen=True, slots=True)
class Delayed:
    """A job that waits, as it lies there."""

    epoch: str
    item: bytes

    @property
    def at(self) -> datetime | None:
        return delayed.moment(self.epoch)

    @property
    def id(self) -> str:
        """Forty characters, which items have in common only if they are the same."""
        return hexadecimal(self.item)


@dataclass(frozen=True, slots=True)
class Moment:
    """Jobs that are due together. `size`: None: its key is no list."""

    epoch: str
    size: int | None
    first: bytes  # one of them; empty: none, or too large to be looked at

    @property
    def at(self) -> datetime | None:
        return delayed.moment(self.epoch)


class Delays:
    """The delayed jobs of one namespace. As safe for threads as its wire.

    Every method raises StoreUnavailable if Redis does not answer, and CommandRefused if a key has a type that is not
    resque-scheduler's.
    """

    def __init__(self, wire: Wire, keys: Keys) -> None:
        self._wire, self._keys = wire, keys

    def put(self, queue: str, payload: str, by: By, seconds: float, lock: Locking | None = None) -> Held | None:
        """Keep a job until then; what is due already goes onto its queue (`delay.lua`).

        With a lock only if nobody has that; else it says who.
        """
        keys: list[Argument] = [self._keys.queues, self._queue(queue), self._keys.earlier]
        item = delayed.item(payload, queue)
        arguments: list[Argument] = [self._keys.prefix, by, repr(float(seconds)), item, raw(queue), payload]
        if lock:
            keys += [*lock.keys, self._keys.registrations]
            arguments += [lock.scope, lock.lease, *lock.shown, self._keys.slate("")]
        match execute(self._wire, move("delay"), keys, arguments):
            case bytes(wrong):
                raise refused(wrong)
            case [bytes(since), bytes(place)]:
                return Held(since.decode(errors="replace"), place.decode(errors="replace"))
        return None

    def remove(self, *items: str) -> int:
        """Take away every job that is exactly one of these items; how many there were (`undelay.lua`)."""
        return self._undelay("", "", [(item.encode(), "") for item in items])

    def drop(self, one: Delayed) -> int:
        """Take away what lies at that time and is exactly this item."""
        return self._undelay("", "", [(one.item, delayed.place(one.epoch))])

    def run(self, one: Delayed, job: delayed.Due) -> int:
        """Put it onto its queue now."""
        return self._undelay(job.queue, job.payload, [(one.item, delayed.place(one.epoch))])

    def _undelay(self, queue: str, payload: str, items: Sequence[tuple[bytes, str]]) -> int:
        arguments: list[Argument] = [self._keys.prefix, raw(queue), payload]
        arguments += [part for item in items for part in item]
        answer = execute(self._wire, move("undelay"), [self._keys.queues], arguments)
        if isinstance(answer, bytes):
            raise refused(answer)
        return integer(answer)

    def each(self) -> Iterator[Delayed]:
        """Every job that waits for its time, the first first. While some come and go, some may be left out."""
        for epoch, _ in self._places("list"):
            start = 0
            while items := texts(self._wire.call("LRANGE", raw(self._keys.due(epoch)), start, start + AT_ONCE - 1)):
                yield from (Delayed(epoch, item) for item in items)
                start += len(items)

    def size(self) -> int:
        """How many there are."""
        sizes: Iterator[Command] = (("LLEN", raw(self._keys.due(epoch))) for epoch, _ in self._places("list"))
        return sum(map(integer, pipelined(self._wire, sizes)))

    def misplaced(self) -> Iterator[tuple[str, str]]:
        """Keys where something else stands than the list of what is due at a time, and what it is."""
        for epoch, kind in self._places("string", "set", "zset", "hash", "stream"):
            yield self._keys.due(epoch), kind

    def moments(self) -> int:
        """At how many times something is due."""
        return integer(self._wire.call("ZCARD", self._keys.schedule))

    def upcoming(self, start: int, count: int) -> list[Moment]:
        """Some of these times, the first first."""
        epochs = texts(self._wire.call("ZRANGE", self._keys.schedule, start, start + count - 1))
        return [self._moment(name_of(epoch)) for epoch in epochs]

    def _moment(self, epoch: str) -> Moment:
        key = raw(self._keys.due(epoch))
        try:
            size, first = self._wire.pipeline([("LLEN", key), ("LINDEX", key, 0)])
        except CommandRefused:
            return Moment(epoch, None, b"")
        return Moment(epoch, integer(size), first if isinstance(first, bytes) and len(first) <= LARGEST else b"")

    def size_at(self, epoch: str) -> int:
        return integer(self._wire.call("LLEN", raw(self._keys.due(epoch))))

    def at(self, epoch: str, start: int, count: int) -> list[Delayed]:
        """At most so many of the jobs that are due then, from that place on."""
        items = texts(self._wire.call("LRANGE", raw(self._keys.due(epoch)), start, start + count - 1))
        return [Delayed(epoch, item) for item in items]

    def find(self, epoch: str, places: Mapping[str, int]) -> list[Delayed]:
        """Those with these ids, which were seen at these places or, if others were taken away, stand before them."""
        wanted, found, end = set(places), list[Delayed](), max(places.values()) + 1
        last = max(0, min(places.values()) - AS_FAR)
        while wanted and end > last:
            start = max(last, end - A_FEW)
            found += (one for one in self.at(epoch, start, end - start) if one.id in wanted)
            wanted -= {one.id for one in found}
            end = start
        return list(dict.fromkeys(found))

    def overdue(self) -> float:
        """For how many seconds the first of them has been due; 0: it is not."""
        first, clock = self._wire.pipeline([("ZRANGE", self._keys.schedule, 0, 0, "WITHSCORES"), ("TIME",)])
        now, epoch = int(texts(clock)[0]), texts(first)
        return max(0.0, now - float(epoch[1])) if epoch else 0.0

    def due(self) -> int:
        """How many of these times have come."""
        now = int(texts(self._wire.call("TIME"))[0])
        return integer(self._wire.call("ZCOUNT", self._keys.schedule, "-inf", now))

    def _places(self, *kinds: str) -> Iterator[tuple[str, str]]:
        """The epochs at which there is something of these kinds, the first first, and what it is."""
        for portion in portions(self._epochs(), AT_ONCE):
            found = pipelined(self._wire, [("TYPE", raw(self._keys.due(epoch))) for epoch in portion])
            for epoch, kind in zip(portion, map(_kind, found), strict=True):
                if kind in kinds:
                    yield epoch, kind

    def _epochs(self, start: int = 0, end: int = -1) -> list[str]:
        return list(map(name_of, texts(self._wire.call("ZRANGE", self._keys.schedule, start, end))))

    def _queue(self, name: str) -> bytes:
        return raw(self._keys.queue(name))


def _kind(reply: Reply) -> str:
    assert isinstance(reply, bytes)
    return reply.decode()


def refused(key: bytes) -> CommandRefused:
    return CommandRefused("WRONGTYPE", f"WRONGTYPE {key.decode(errors='replace')} is not what Resque keeps there")
