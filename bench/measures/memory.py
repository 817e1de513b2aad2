"""What a master and eight idle workers hold in memory: fresh, and when they have done some jobs.

PSS: a page that several processes share counts for each by its part, so the sum is what they take together.
"""

import time
from collections.abc import Sequence

from bench.contestants import Contestant, at_work, finish
from bench.effort import Effort
from bench.family import proportional_set
from bench.figures import Bound, Collection, Section
from bench.stage import Stage

WORKERS = 8
SETTLED = 0.5  # s after which a worker that has registered, or has done its last job, waits
JOBS = 200
FRESH, USED = "fresh", f"after {JOBS} jobs"


def measure(stage: Stage, contestants: Sequence[Contestant], effort: Effort) -> Section:
    collection = Collection()
    for _ in range(effort.rounds):
        for contestant in contestants:
            _weigh(stage, contestant, collection)
    title = f"memory of a master and {WORKERS} idle workers with a trivial application (PSS)"
    bounds = Bound(FRESH, 100.0), Bound(USED, 100.0)
    return Section("memory", title, "MB", "less", collection.figures(), contestants[0].name, bounds)


def _weigh(stage: Stage, contestant: Contestant, collection: Collection) -> None:
    with at_work(stage, contestant, WORKERS) as master:
        time.sleep(SETTLED)
        collection.add(FRESH, contestant.name, proportional_set(master))
        contestant.fill(JOBS)
        finish(contestant)
        time.sleep(SETTLED)
        collection.add(USED, contestant.name, proportional_set(master))
    stage.redis.flushall()
