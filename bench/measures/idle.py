"""What eight workers cost that have nothing to do: requests to Redis, as a proxy counts them, and processor time."""

import time
from collections.abc import Sequence
from contextlib import ExitStack

from bench.contestants import Contestant, at_work
from bench.effort import Effort
from bench.family import processor_time
from bench.field import Field
from bench.figures import Bound, Collection, Section
from bench.stage import Stage
from tests.support import proxy as proxies

WORKERS = 8
SETTLED = 2.0  # s after which a worker that has registered waits
REQUESTS, PROCESSOR = "requests/s", "processor, ms/s"
BOUNDS = (Bound(REQUESTS, "at most", 2.0), Bound(PROCESSOR, "at most", 2.0))


def measure(stage: Stage, field: Field, effort: Effort) -> list[Section]:
    """Those of a table idle at the same time, each behind a proxy of its own."""
    collection = Collection()
    _watch(stage, field, field.forking, effort, collection)
    _watch(stage, field, [one for one in field.others if one not in field.forking], effort, collection)
    stage.redis.flushall()
    title = f"{WORKERS} idle workers on one queue, watched for {effort.idle:g} s at a time"
    frugal = BOUNDS if field.others[0] is not field.forking[0] else ()
    return field.sections(collection, "idle", title, unit="", better="less", bounds=BOUNDS, more=frugal)


def _watch(
    stage: Stage, field: Field, contestants: Sequence[Contestant], effort: Effort, collection: Collection
) -> None:
    with ExitStack() as held:
        idlers = []
        for contestant in contestants:
            with field.excusing(contestant):
                idlers.append(_Idler(stage, contestant, held))
        time.sleep(SETTLED)
        for _ in range(effort.rounds):
            before = [idler.spent() for idler in idlers]
            time.sleep(effort.idle)
            for idler, then in zip(idlers, before, strict=True):
                idler.note(collection, then)


Spent = tuple[float, int, float]  # at this moment (s): requests sent so far, seconds of processor time used so far


class _Idler:
    def __init__(self, stage: Stage, contestant: Contestant, held: ExitStack) -> None:
        self._name = contestant.name
        self._proxy = held.enter_context(proxies.before(stage.port))
        self._heads = held.enter_context(at_work(stage, contestant, WORKERS, self._proxy.port))

    def spent(self) -> Spent:
        return time.monotonic(), self._proxy.seen.total(), processor_time(self._heads)

    def note(self, collection: Collection, before: Spent) -> None:
        now, requests, processor = (after - then for after, then in zip(self.spent(), before, strict=True))
        collection.add(REQUESTS, self._name, requests / now)
        collection.add(PROCESSOR, self._name, processor / now * 1000)
