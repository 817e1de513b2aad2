"""No-op jobs in a second, while there are always more, with one worker and with two.

The limit is what the very process of a resqued worker could do if it did nothing but fork, `_exit` and `waitpid`.
"""

import time
from collections.abc import Sequence
from math import ceil

from bench.contestants import Contestant, at_work
from bench.effort import Effort
from bench.field import Field
from bench.figures import Bound, Collection, Section
from bench.measures import limit
from bench.measures.limit import Limit
from bench.stage import PATIENCE, Stage, Withdrawn, eventually

TITLE = "no-op jobs in a second"
WORKERS = {1: "1 worker", 2: "2 workers"}
WARM_UP = 20  # jobs
BOUNDS = {"Ruby Resque": 2.5, "rq worker": 8.0}
FRUGAL_BOUNDS = {
    "Ruby Resque": 10.0,
    "Ruby Resque, FORK_PER_JOB=false": 2.0,
    "huey": 1.0,
    "huey, processes": 1.0,
    "node-resque": 1.0,
    "node-resque, workers in one process": 1.0,
}


def measure(stage: Stage, field: Field, effort: Effort, reference: Limit) -> list[Section]:
    collection = Collection()
    for number in range(effort.rounds):
        for workers, quantity in WORKERS.items():
            for contestant in field.everybody(number):
                with field.excusing(contestant):
                    collection.add(quantity, contestant.name, rate(stage, contestant, workers, effort.window))
            for mark, value in limit.rates(stage, reference, workers, effort.window).items():
                collection.add(quantity, mark, value)
    frugal = field.others[0] is not field.forking[0]
    return field.sections(
        collection,
        "throughput",
        TITLE,
        unit="jobs/s",
        better="more",
        bounds=[Bound(quantity, "at least", times, who) for quantity in WORKERS.values() for who, times in BOUNDS.items()],
        more=[
            Bound(quantity, "at least", times, who)
            for quantity in WORKERS.values()
            for who, times in (FRUGAL_BOUNDS if frugal else {}).items()
        ],
        marks=limit.MARKS,
    )


def rate(stage: Stage, contestant: Contestant, workers: int, seconds: float) -> float:
    """How many no-op jobs leave the queue in a second. A worker that fetches several at a time does so at both ends."""
    count = ceil(contestant.plenty * (1 + seconds))
    contestant.fill(count)
    with at_work(stage, contestant, workers):
        eventually(lambda: contestant.waiting() <= count - WARM_UP, within=PATIENCE)
        found = _watch(contestant, seconds)
    stage.redis.flushall()
    return found


def _watch(contestant: Contestant, seconds: float) -> float:
    began, before = time.monotonic(), contestant.waiting()
    time.sleep(seconds)
    passed, after = time.monotonic() - began, contestant.waiting()
    if not after:
        raise Withdrawn(f"{contestant.name} did {before} jobs in less than {seconds:g} s: raise its `plenty`")
    return (before - after) / passed
