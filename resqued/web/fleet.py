"""All queues and workers at one moment, looked at once for all who ask in the same second."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from resqued.protocol.keys import Keys
from resqued.protocol.records import WorkerView
from resqued.store.census import Census
from resqued.store.failures import Failures
from resqued.store.history import Sample
from resqued.store.replies import count, name_of
from resqued.store.stock import Queue, Stock
from resqued.telling import jobs
from resqued.telling.listeners import listeners
from resqued.telling.workers import is_stale
from resqued.wire import Wire

FRESH = 1.0  # s
LONGEST = 300  # characters of a job's arguments that are kept of each worker


@dataclass(frozen=True, slots=True)
class Line:
    """A queue, and how many workers serve it."""

    queue: Queue
    workers: int

    @property
    def size(self) -> int:
        return self.queue.size or 0


@dataclass(frozen=True, slots=True)
class Worker:
    """Without the payload of its job, which may be large."""

    id: str  # as Redis knows it
    view: WorkerView
    name: str  # the class of its job; empty: it has none
    arguments: str  # the beginning of them
    is_stale: bool

    @property
    def state(self) -> str:
        return "stale" if self.is_stale else "busy" if self.view.working else "idle"

    @property
    def pool(self) -> str:
        return self.view.registration.pool if self.view.registration else ""


@dataclass(frozen=True, slots=True)
class Fleet:
    now: datetime  # by the clock of Redis
    all_paused: bool
    processed: int
    failed: int  # jobs, ever
    kept: int  # entries of the failed lists
    queues: Sequence[Line]
    workers: Sequence[Worker]

    @property
    def waiting(self) -> int:
        return sum(line.size for line in self.queues)

    @property
    def working(self) -> list[Worker]:
        """Those that have worked longest on their job first; since when, some do not say."""
        busy = [worker for worker in self.workers if worker.view.working]
        return sorted(busy, key=lambda worker: _since(worker) or self.now)

    @property
    def states(self) -> Counter[str]:
        return Counter(worker.state for worker in self.workers)

    def crews(self) -> list[tuple[str, str, Counter[str]]]:
        """Host, pool, and how many workers are busy, idle or stale; pools of ours only have names."""
        crews: dict[tuple[str, str], Counter[str]] = {}
        for worker in self.workers:
            crews.setdefault((worker.view.host, worker.pool), Counter())[worker.state] += 1
        return [(host, pool, states) for (host, pool), states in sorted(crews.items())]

    def sample(self) -> Sample:
        return Sample(
            at=int(self.now.timestamp()),
            processed=self.processed,
            failed=self.failed,
            waiting=self.waiting,
            working=len(self.working),
            workers=len(self.workers),
            kept=self.kept,
        )


def _since(worker: Worker) -> datetime | None:
    return worker.view.working.since if worker.view.working else None


class Lookout:
    """As safe for threads as its wire. Every method raises StoreUnavailable, and CommandRefused."""

    def __init__(self, wire: Wire, keys: Keys, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._wire, self._keys, self._clock = wire, keys, clock
        self._looking = threading.Lock()
        self._fleet: Fleet | None = None
        self._seen = 0.0

    def fleet(self) -> Fleet:
        """Not older than a second."""
        with self._looking:
            if self._fleet is None or self._clock() - self._seen > FRESH:
                self._fleet, self._seen = self._look(), self._clock()
            return self._fleet

    def forget(self) -> None:
        """Something has been changed."""
        self._seen = -FRESH

    def _look(self) -> Fleet:
        keys, stock, census = self._keys, Stock(self._wire, self._keys), Census(self._wire, self._keys)
        processed, failed = self._wire.pipeline([("GET", keys.processed), ("GET", keys.failures)])
        now, ids, names = census.now(), census.ids(), stock.names()
        serving = listeners(ids, names)
        return Fleet(
            now=now,
            all_paused=stock.all_paused(),
            processed=count(processed),
            failed=count(failed),
            kept=sum(Failures(self._wire, keys).sizes().values()),
            queues=[Line(queue, serving.get(queue.name, 0)) for queue in stock.look(names)],
            workers=[_slim(name_of(one), view, now) for one, view in zip(ids, census.views(ids), strict=True)],
        )


def _slim(name: str, view: WorkerView, now: datetime) -> Worker:
    stale = is_stale(view, now)
    if not (working := view.working):
        return Worker(name, view, "", "", stale)
    slim = replace(view, working=replace(working, payload={}))
    arguments = jobs.arguments_of(working.payload)[:LONGEST]
    return Worker(name, slim, jobs.class_of(working.payload) or "?", arguments, stale)
