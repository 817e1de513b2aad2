"""How many jobs are done in a second, while there are always more."""

import time
from math import ceil

from bench.contestants import Contestant, at_work
from bench.stage import PATIENCE, Stage, Withdrawn, eventually

WORKERS = {1: "1 worker", 2: "2 workers"}
WARM_UP = 20  # jobs


def of(stage: Stage, contestant: Contestant, workers: int, seconds: float) -> float:
    """No-op jobs that leave the queue in a second. Who fetches several at a time does so at both ends of the time."""
    count = ceil(contestant.plenty * (1 + seconds))
    contestant.fill(count)
    with at_work(stage, contestant, workers):
        eventually(lambda: contestant.waiting() <= count - WARM_UP, within=PATIENCE)
        found = _watched(contestant, seconds)
    stage.redis.flushall()
    return found


def _watched(contestant: Contestant, seconds: float) -> float:
    began, before = time.monotonic(), contestant.waiting()
    time.sleep(seconds)
    passed, after = time.monotonic() - began, contestant.waiting()
    if not after:
        raise Withdrawn(f"{contestant.name} did {before} jobs in less than {seconds:g} s: raise its `plenty`")
    return (before - after) / passed
