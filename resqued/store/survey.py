"""A look at the whole fleet for machines that watch it, in as few round trips as there are portions."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from resqued.protocol import records
from resqued.protocol.keys import Keys
from resqued.store.agenda import Agenda
from resqued.store.census import Census
from resqued.store.delays import Delays
from resqued.store.pruning import OLD
from resqued.store.replies import count, integer, name_of, pipelined, portions, raw, values
from resqued.store.stock import Queue, Stock
from resqued.wire import Command, Wire

AT_ONCE = 1000  # workers in one round trip: of each no more is asked than whether it has a job, and when it beat

MOST_SCHEDULES = 1000
Activity = Literal["busy", "idle", "stale"]  # stale: a Ruby worker would take it for dead


@dataclass(frozen=True, slots=True)
class Later:
    """Jobs that wait for their time, and who brings them."""

    moments: int = 0  # at which something is due
    due: int = 0  # that have come
    overdue: float = 0.0  # seconds since the first of them
    leaders: tuple[str | None, str | None] = (None, None)  # by the lock of Ruby's schedulers, and by that of node's
    last: Mapping[str, datetime] = field(default_factory=dict)  # when the job of a schedule was last enqueued


@dataclass(frozen=True, slots=True)
class Seen:
    """As it was, by and by, in one moment."""

    now: datetime  # by the clock of Redis
    queues: tuple[Queue, ...]
    ids: tuple[bytes, ...]  # of all registered workers
    workers: Mapping[tuple[str, Activity], int]  # by host
    failed: int  # entries of the failed list
    processed: int  # jobs ever taken
    failures: int  # jobs that ever failed
    paused: bool  # all workers, by Resque's own key
    later: Later


class Survey:
    """StoreUnavailable: Redis does not answer. CommandRefused: a key has a type that is not Resque's."""

    def __init__(self, wire: Wire, keys: Keys) -> None:
        self._wire, self._keys = wire, keys
        self._stock, self._census = Stock(wire, keys), Census(wire, keys)
        self._agenda, self._delays = Agenda(wire, keys), Delays(wire, keys)

    def look(self) -> Seen:
        now, ids, keys = self._census.now(), self._census.ids(), self._keys
        counted: list[Command] = [("LLEN", keys.failed), ("GET", keys.processed), ("GET", keys.failures)]
        failed, processed, failures = pipelined(self._wire, counted)
        return Seen(
            now,
            tuple(self._stock.look(self._stock.names())),
            tuple(ids),
            self._workers(ids, now),
            integer(failed),
            count(processed),
            count(failures),
            self._stock.all_paused(),
            self._later(),
        )

    def _later(self) -> Later:
        agenda, delays = self._agenda, self._delays
        last = agenda.all_last_enqueued(MOST_SCHEDULES)
        return Later(delays.moments(), delays.due(), delays.overdue(), agenda.leaders(), last)

    def _workers(self, ids: list[bytes], now: datetime) -> Counter[tuple[str, Activity]]:
        found = Counter[tuple[str, Activity]]()
        for portion in portions(ids, AT_ONCE):
            names = [name_of(worker) for worker in portion]
            busy: list[Command] = [("EXISTS", raw(self._keys.worker(name))) for name in names]
            beats, *are_busy = pipelined(self._wire, [("HMGET", self._keys.heartbeats, *portion), *busy])
            for name, beat, is_busy in zip(names, values(beats), are_busy, strict=True):
                found[records.parts(name)[0], _activity(beat, now, is_busy=is_busy == 1)] += 1
        return found


def _activity(beat: bytes | None, now: datetime, *, is_busy: bool) -> Activity:
    at = records.moment(beat)
    if at is not None and (now - at).total_seconds() > OLD:
        return "stale"
    return "busy" if is_busy else "idle"
