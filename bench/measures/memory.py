"""What a master and eight idle workers hold in memory: fresh, and when they have done some jobs.

PSS: a page that several processes share counts for each by its part, so the sum is what they take together.
"""

import time

from bench.contestants import Contestant, at_work, finish
from bench.effort import Effort
from bench.family import proportional_set
from bench.field import Field
from bench.figures import Collection, Section, asked
from bench.stage import Stage

WORKERS = 8
SETTLED = 0.5  # s after which a worker that has registered, or has done its last job, waits
JOBS = 200
FRESH, USED = "fresh", f"after {JOBS} jobs"
BOUNDS = asked([FRESH, USED], "at most", {"rq worker-pool": 0.7, "Ruby Resque": 0.7})
TITLE = f"PSS of {WORKERS} idle workers, and of their master if they have one"


def measure(stage: Stage, field: Field, effort: Effort) -> list[Section]:
    collection = Collection()
    for number in range(effort.rounds):
        for contestant in field.everybody(number):
            with field.excusing(contestant):
                _weigh(stage, contestant, collection)
    return field.sections(collection, "memory", TITLE, unit="MB", better="less", bounds=BOUNDS)


def _weigh(stage: Stage, contestant: Contestant, collection: Collection) -> None:
    with at_work(stage, contestant, WORKERS) as heads:
        time.sleep(SETTLED)
        collection.add(FRESH, contestant.name, proportional_set(heads))
        contestant.fill(JOBS)
        finish(contestant)
        time.sleep(SETTLED)
        collection.add(USED, contestant.name, proportional_set(heads))
    stage.redis.flushall()
