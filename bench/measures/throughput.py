"""No-op jobs in a second, while there are always more, with one worker and with two.

The limit is what a process like a resqued worker could do if it did nothing but fork, `_exit` and `waitpid`.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.contestants import Contestant, at_work
from bench.effort import Effort
from bench.figures import Collection, Section
from bench.stage import PATIENCE, ROOT, Stage, Withdrawn, eventually

TITLE = "no-op jobs in a second"
WORKERS = (1, 2)
WARM_UP = 20  # jobs
LIMIT = "limit: fork, _exit, waitpid"


def measure(stage: Stage, contestants: Sequence[Contestant], effort: Effort, image: Path) -> Section:
    """`image` names the modules of a worker."""
    collection = Collection()
    for number in range(effort.rounds):
        for workers in WORKERS:
            quantity = f"{workers} worker{'s' if workers > 1 else ''}"
            for contestant in _in_turn(contestants, number):
                collection.add(quantity, contestant.name, _rate(stage, contestant, workers, effort.window))
            collection.add(quantity, LIMIT, _limit(image, workers, effort.window))
    return Section("throughput", TITLE, "jobs/s", "more", collection.figures(), contestants[0].name)


def _in_turn(contestants: Sequence[Contestant], number: int) -> Iterator[Contestant]:
    """Who is first changes from round to round."""
    first = number % len(contestants)
    yield from (*contestants[first:], *contestants[:first])


def _rate(stage: Stage, contestant: Contestant, workers: int, seconds: float) -> float:
    contestant.fill(contestant.plenty)
    with at_work(stage, contestant, workers):
        eventually(lambda: contestant.waiting() <= contestant.plenty - WARM_UP, within=PATIENCE)
        rate = _watch(contestant, seconds)
    stage.redis.flushall()
    return rate


def _watch(contestant: Contestant, seconds: float) -> float:
    """How many jobs leave the queue in a second."""
    began, before = time.monotonic(), contestant.waiting()
    time.sleep(seconds)
    passed, after = time.monotonic() - began, contestant.waiting()
    if not after:
        raise Withdrawn(
            f"{contestant.name} did more than {contestant.plenty} jobs in {seconds:g} s: raise its `plenty`"
        )
    return (before - after) / passed


def _limit(image: Path, processes: int, seconds: float) -> float:
    argv = [sys.executable, "-m", "bench.programs.limit", str(image), str(seconds), str(processes)]
    run = subprocess.run(argv, stdout=subprocess.PIPE, check=True, text=True, cwd=ROOT, timeout=PATIENCE)
    return sum(map(float, run.stdout.split()))
