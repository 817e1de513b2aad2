"""What eight workers cost that have nothing to do: requests to Redis, as a proxy counts them, and processor time."""

import time
from collections.abc import Sequence
from contextlib import ExitStack

from bench.contestants import Contestant, at_work
from bench.effort import Effort
from bench.family import processor_time
from bench.figures import Bound, Collection, Section
from bench.stage import Stage
from tests.support import proxy as proxies

WORKERS = 8
SETTLED = 2.0  # s after which a worker that has registered waits
REQUESTS, PROCESSOR = "requests/s", "processor, ms/s"


def measure(stage: Stage, contestants: Sequence[Contestant], effort: Effort) -> Section:
    """All contestants idle at the same time, each behind a proxy of its own."""
    collection = Collection()
    with ExitStack() as held:
        idlers = [_Idler(stage, contestant, held) for contestant in contestants]
        time.sleep(SETTLED)
        before = [idler.spent() for idler in idlers]
        time.sleep(effort.idle)
        for idler, then in zip(idlers, before, strict=True):
            idler.note(collection, then)
    title = f"{WORKERS} idle workers on one queue, watched for {effort.idle:g} s"
    return Section("idle", title, "", "less", collection.figures(), contestants[0].name, (Bound(REQUESTS, 5.0),))


Spent = tuple[float, int, float]  # at this moment (s): requests sent so far, seconds of processor time used so far


class _Idler:
    def __init__(self, stage: Stage, contestant: Contestant, held: ExitStack) -> None:
        self._name = contestant.name
        self._proxy = held.enter_context(proxies.before(stage.port))
        self._master = held.enter_context(at_work(stage, contestant, WORKERS, self._proxy.url))

    def spent(self) -> Spent:
        return time.monotonic(), self._proxy.seen.total(), processor_time(self._master)

    def note(self, collection: Collection, before: Spent) -> None:
        now, requests, processor = (after - then for after, then in zip(self.spent(), before, strict=True))
        collection.add(REQUESTS, self._name, requests / now)
        collection.add(PROCESSOR, self._name, processor / now * 1000)
