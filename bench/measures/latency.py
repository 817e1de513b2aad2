"""From the call that enqueues a job to the first line of its `perform`, for one idle worker.

All contestants are there all the time and take turns job by job, so that what disturbs one disturbs the others. Each
enqueues with its own client: what that takes is part of what an application waits for, and is told separately, too.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack

from bench.contestants import Contestant, at_work
from bench.effort import Effort
from bench.figures import Collection, Section, percentile
from bench.stage import Stage

TITLE = "from enqueueing a no-op job to the first line of its perform, one idle worker"
PAUSE = 0.025  # s: long enough for every contestant to be idle again
WARM_UP = 5  # jobs


def measure(stage: Stage, contestants: Sequence[Contestant], effort: Effort) -> Section:
    collection = Collection()
    with ExitStack() as held:
        for contestant in contestants:
            held.enter_context(at_work(stage, contestant, 1))
        _probe(stage, contestants, WARM_UP)
        for _ in range(effort.rounds):
            for contestant, probes in zip(contestants, _probe(stage, contestants, effort.probes), strict=True):
                _note(collection, contestant.name, probes)
    return Section("latency", TITLE, "ms", "less", collection.figures(), contestants[0].name)


Probe = tuple[float, float]  # until perform began, and until the call returned that enqueued it; ms


def _probe(stage: Stage, contestants: Sequence[Contestant], count: int) -> list[list[Probe]]:
    """So many probes of each contestant."""
    turns = [[_once(stage, contestant) for contestant in contestants] for _ in range(count)]
    return [list(probes) for probes in zip(*turns, strict=True)]


def _once(stage: Stage, contestant: Contestant) -> Probe:
    time.sleep(PAUSE)
    began = time.monotonic_ns()
    contestant.enqueue("Stamp", stage.letterbox.path)
    returned = time.monotonic_ns()
    started = int(stage.letterbox.next())
    return (started - began) / 1e6, (returned - began) / 1e6


def _note(collection: Collection, name: str, probes: list[Probe]) -> None:
    latencies, calls = zip(*probes, strict=True)
    collection.add("p50", name, percentile(latencies, 0.50))
    collection.add("p99", name, percentile(latencies, 0.99))
    collection.add("of which the enqueueing call, p50", name, percentile(calls, 0.50))
