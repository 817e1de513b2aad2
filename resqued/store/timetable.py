"""A scheduler's side of the protocol: lead, bring jobs to their queues, tick. Each is one script, safe to repeat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from resqued.protocol import dates
from resqued.protocol.keys import Keys
from resqued.protocol.moves import Move, move
from resqued.recurring import Recurring
from resqued.store.replies import integer, name_of, raw, texts, values
from resqued.store.scripts import patiently, run
from resqued.wire import Argument, Reply, Wire

LEASE = 10_000  # ms that the locks last if nobody goes on leading
VACANT_FOR = 5  # s
KEPT = 400 * 86400  # s that ticks are remembered: there are jobs that come once a year
AT_ONCE = 250  # items brought in one script: others are served in between
BYTES_AT_ONCE = 1024**2


@dataclass(frozen=True, slots=True)
class Leading:
    first: float | None  # the earliest epoch at which something is due
    changed: bool  # schedules kept in Redis are not what they were


@dataclass(frozen=True, slots=True)
class Following:
    leader: str
    lapses_in: float | None  # seconds; None: nobody knows


@dataclass(frozen=True, slots=True)
class Batch:
    """What is due at one epoch. `kind`: the type of its key; if that is no list, there are no items."""

    epoch: bytes
    kind: str
    items: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Trip:
    """One item's way: onto `queue`, or, if that is None, into the failed list and `why`; as `text`."""

    item: bytes
    queue: str | None
    text: str
    why: str = ""


Became = bool | str  # whether it was brought, or somebody else had taken it; the key that is in the way


@dataclass(frozen=True, slots=True)
class Brought:
    became: tuple[Became, ...]  # of each trip
    due: tuple[Batch, ...]  # next


class Deposed(Exception):
    """Somebody else leads. Nothing was done."""


class Timetable:
    """`who`: a name that no other scheduler has.

    Every method raises StoreUnavailable: nothing is then known to be done, and it may be repeated.
    """

    def __init__(self, wire: Wire, keys: Keys, who: str) -> None:
        self._wire, self._keys, self.who = wire, keys, who

    # --- to lead ---

    def now(self) -> float:
        """By the clock of the server, which all hosts share."""
        return _moment(patiently(self._wire.call, "TIME"))

    def lead(self) -> tuple[float, Leading | Following]:
        """Lead if nobody does, or go on (`lead.lua`). The time, and what came of it."""
        keys = *self._keys.leaders, self._keys.schedule, self._keys.changed
        reply = self._run(move("lead"), keys, (self.who, LEASE))
        assert isinstance(reply, list)
        return _moment(reply), _standing(reply[2:])

    def vacate(self) -> bool:
        """Let somebody else lead. Whether we did."""
        keys = *self._keys.leaders, self._keys.vacant
        return integer(self._run(move("vacate"), keys, (self.who, VACANT_FOR))) > 0

    # --- delayed jobs ---

    def bring(self, trips: Mapping[bytes, Sequence[Trip]], now: float) -> Brought:
        """Make these trips, by epoch, and see what else is due (`bring.lua`). Raises Deposed."""
        keys = self._keys
        arguments: list[Argument] = [self.who, LEASE, keys.prefix, AT_ONCE, BYTES_AT_ONCE, int(now)]
        for epoch, each in trips.items():
            arguments += [epoch, len(each)]
            for trip in each:
                arguments += [trip.item, raw(trip.queue or ""), trip.text]
        used = *keys.leaders, keys.schedule, keys.queues, keys.failed, keys.failures
        reply = self._run(move("bring"), used, arguments)
        assert isinstance(reply, list)
        if len(reply) == 1:
            raise Deposed
        became, due = reply
        assert isinstance(became, list)
        assert isinstance(due, list)
        return Brought(tuple(map(_became, became)), tuple(map(_batch, due)))

    # --- recurring jobs ---

    def persistent(self) -> dict[str, bytes]:
        """The schedules kept in Redis, by name; what has changed until now is taken note of.

        Raises CommandRefused if there is something else.
        """
        replies = self._wire.transaction([("DEL", self._keys.changed), ("HGETALL", self._keys.persistent)])
        facts = texts(replies[1])
        return {name_of(name): text for name, text in zip(facts[::2], facts[1::2], strict=True)}

    def ticks(self, schedules: Sequence[Recurring]) -> list[int | None]:
        """The last tick of each; None: nobody has ever heard of it."""
        if not schedules:
            return []
        fields = [raw(one.field) for one in schedules]
        return [_epoch(value) for value in values(patiently(self._wire.call, "HMGET", self._keys.ticks, *fields))]

    def tick(self, one: Recurring, *, known: int | None, until: int, jobs: int, entry: str = "") -> tuple[str, int]:
        """Enqueue so many, if `known` is the last tick that anybody has dealt with; from then on it is `until`.

        What came of it, and the last tick now (`tick.lua`). `entry`: for the failed list, if there is no such queue.
        """
        keys = self._keys
        used = keys.ticks, keys.disabled, keys.queues, raw(keys.queue(one.queue)), keys.last_enqueued
        locks = keys.leaders if one.is_persistent else ()
        last = "" if known is None else known
        job = raw(one.queue), one.payload, raw(one.name), dates.started(until), entry
        arguments = raw(one.field), last, until, KEPT, jobs, *job, self.who, LEASE
        reply = self._run(move("tick"), (*used, keys.failed, keys.failures, *locks), arguments)
        assert isinstance(reply, list)
        what, tick = texts(reply)
        return what.decode(), _epoch(tick) or until

    def _run(self, script: Move, keys: Sequence[Argument], arguments: Sequence[Argument]) -> Reply:
        return run(self._wire, script, keys, arguments)


def _moment(reply: Reply) -> float:
    seconds, microseconds, *_ = texts(reply)
    return int(seconds) + int(microseconds) / 1e6


def _standing(reply: list[Reply]) -> Leading | Following:
    match reply:
        case [1, bytes(first), int(changed)]:
            return Leading(float(first) if first else None, changed > 0)
        case [0, bytes(who), int(milliseconds)]:
            return Following(name_of(who), milliseconds / 1000 if milliseconds >= 0 else None)
    raise AssertionError(reply)


def _became(reply: Reply) -> Became:
    return name_of(reply) if isinstance(reply, bytes) else reply == 1


def _batch(reply: Reply) -> Batch:
    epoch, kind, *items = texts(reply)
    return Batch(epoch, kind.decode(), tuple(items))


def _epoch(value: bytes | None) -> int | None:
    return int(value) if value and value.lstrip(b"-").isdigit() else None
