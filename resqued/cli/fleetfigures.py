"""What `resquectl exporter` tells of the fleet: figures out of Redis, which however many ask for them costs little."""

from collections.abc import Callable, Iterator, Mapping
from time import monotonic

from resqued.errors import ResquedError
from resqued.metrics import asking
from resqued.metrics.asking import Answer, Health, Page
from resqued.metrics.exposition import Family, render
from resqued.store.stock import Queue
from resqued.store.survey import Later, Seen
from resqued.telling.listeners import listeners
from resqued.telling.text import printable
from resqued.version import __version__

MOST_QUEUES, MOST_HOSTS = 1000, 500  # that have figures of their own; OTHERS has the sum of the rest
OTHERS = "*"  # what is called so itself is among them
PUT_BACK = 1000  # by so much Resque's counters may go back: a job that is put back is counted no longer


class Counter:
    """A counter that never goes back a little: that would look like a new beginning, and as many jobs at once."""

    def __init__(self) -> None:
        self._last = 0

    def hold(self, value: int) -> int:
        if value >= self._last or self._last - value > PUT_BACK:
            self._last = value
        return self._last


class FleetFigures:
    """`look` asks Redis; what it has seen is told again for `stays_for` seconds, and that it did not answer is, too."""

    def __init__(self, look: Callable[[], Seen], *, stays_for: float) -> None:
        self._look, self._stays_for = look, stays_for
        self._looks_at = 0.0
        self._seen: Seen | None = None
        self._took = 0.0
        self._problem = ""
        self._processed, self._failures = Counter(), Counter()
        self._pages: Mapping[str, Page] = {
            "/metrics": lambda format_: Answer(200, format_.value, render(self._families(), format_)),
            "/healthz": lambda _: self._health(is_ready=False).answer(),
            "/readyz": lambda _: self._health(is_ready=True).answer(),
        }

    def answer(self, request: bytes) -> bytes:
        return asking.answer(self._pages, request)

    def _health(self, *, is_ready: bool) -> Health:
        self._refresh()
        problems = (self._problem,) if self._problem else ()
        return Health(problems) if is_ready else Health((), problems)

    def _refresh(self) -> None:
        if (began := monotonic()) < self._looks_at:
            return
        try:
            self._seen, self._problem = self._look(), ""
        except ResquedError as error:
            self._seen, self._problem = None, printable(str(error))
        self._took = monotonic() - began
        self._looks_at = monotonic() + self._stays_for

    def _families(self) -> Iterator[Family]:
        self._refresh()
        build = Family("resque_exporter", "info", "Versions.")
        build.add(1, version=__version__)
        yield build
        yield _one("resque_up", "Whether Redis answered.", self._seen is not None)
        yield _one("resque_look_seconds", "What the last look at Redis took.", self._took, "seconds")
        if self._seen:
            yield from self._jobs(self._seen)
            yield from _of_queues(self._seen)
            yield _of_workers(self._seen)
            yield from _of_later(self._seen.later)

    def _jobs(self, seen: Seen) -> Iterator[Family]:
        processed = Family("resque_jobs_processed", "counter", "Jobs that were ever taken, by any worker.")
        processed.add(self._processed.hold(seen.processed))
        failures = Family("resque_jobs_failed", "counter", "Jobs that ever failed.")
        failures.add(self._failures.hold(seen.failures))
        yield from (processed, failures)
        yield _one("resque_failed_entries", "Entries of the failed list.", seen.failed)
        yield _one("resque_paused", "Whether all workers are paused.", seen.paused)


def _of_queues(seen: Seen) -> Iterator[Family]:
    jobs = Family("resque_queue_jobs", "gauge", "Jobs that wait.")
    oldest = Family("resque_queue_oldest_wait_seconds", "gauge", "Since when the first one waits, if told.", "seconds")
    workers = Family("resque_queue_workers", "gauge", "Workers that serve the queue, of every implementation.")
    paused = Family("resque_queue_paused", "gauge", "Whether no worker of resqued takes from it.")
    named, others = _deepest(seen.queues)
    serving = listeners(seen.ids, [queue.name for queue in named])
    for queue in named:
        name = _label(queue.name)
        jobs.add(queue.size or 0, queue=name)
        workers.add(serving.get(queue.name, 0), queue=name)
        paused.add(queue.paused, queue=name)
        if queue.size and queue.oldest:
            oldest.add(max(0.0, (seen.now - queue.oldest).total_seconds()), queue=name)
    if others:
        jobs.add(sum(queue.size or 0 for queue in others), queue=OTHERS)
    yield from (_one("resque_queues", "Queues that there are.", len(seen.queues)), jobs, oldest, workers, paused)


def _deepest(queues: tuple[Queue, ...]) -> tuple[list[Queue], list[Queue]]:
    """Those with figures of their own, and the rest."""
    ordered = sorted(queues, key=lambda queue: (queue.name == OTHERS, -(queue.size or 0), queue.name))
    own = min(MOST_QUEUES, sum(queue.name != OTHERS for queue in queues))
    return ordered[:own], ordered[own:]


def _of_workers(seen: Seen) -> Family:
    family = Family("resque_workers", "gauge", "Registered workers, by host.")
    hosts = sorted({host for host, _ in seen.workers})
    own = set(hosts[:MOST_HOSTS])
    counted: dict[tuple[str, str], int] = {}
    for (host, activity), number in seen.workers.items():
        key = _label(host) if host in own else OTHERS, activity
        counted[key] = counted.get(key, 0) + number
    for (label, state), number in sorted(counted.items()):
        family.add(number, host=label, state=state)
    return family


def _of_later(later: Later) -> Iterator[Family]:
    yield _one("resque_delayed_moments", "Seconds of the clock at which delayed jobs are due.", later.moments)
    yield _one("resque_delayed_overdue_moments", "Those that have come.", later.due)
    yield _one("resque_delayed_overdue_seconds", "Since when the first is due.", later.overdue, "seconds")
    holders = dict(zip(("ruby", "node"), later.leaders, strict=True))
    count = len({holder for holder in holders.values() if holder})
    yield _one("resque_scheduler_leaders", "Schedulers that lead: 0: nobody brings them; 2: two take the same.", count)
    leader = Family("resque_scheduler_leader", "gauge", "Who leads, by whose lock.")
    for lock, holder in holders.items():
        if holder:
            leader.add(1, lock=lock, holder=_label(holder))
    yield leader
    last = Family("resque_schedule_last_enqueued_timestamp_seconds", "gauge", "When its job last came.", "seconds")
    for name, at in sorted(later.last.items()):
        last.add(at.timestamp(), schedule=_label(name))
    yield last


def _label(name: str) -> str:
    """Harmless, also where somebody looks at it in a terminal; two names never become one, which no scraper takes."""
    return printable(name.replace("\\", "\\\\"))


def _one(name: str, about: str, value: float, unit: str = "") -> Family:
    family = Family(name, "gauge", about, unit)
    family.add(value)
    return family
