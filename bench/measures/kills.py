"""What it costs when workers are killed: eight of them drain a queue, in peace, and while one dies every second.

In turn, by the same daemon. A job that dies with its worker is on the failed list, as it should be, and counts as
drained.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench import family
from bench.contestants import QUEUE, at_work
from bench.contestants.ours import Resqued
from bench.effort import Effort
from bench.figures import Bound, Collection, Section
from bench.stage import PATIENCE, Stage, Withdrawn, eventually

WORKERS = 8
EVERY = 1.0  # s from one death to the next
WINDOWS = 10  # as long as those in which jobs are counted elsewhere: a few deaths tell nothing
PLENTY = 1000  # jobs a second; eight workers that need 10 ms for each cannot do more than 800
KILLS, PEACE = "one worker killed a second", "in peace"
QUANTITY = f"{WORKERS} workers, 10 ms each"
TITLE = "jobs in a second while workers are killed, and while none is"
BOUND = Bound(QUANTITY, "at least", 0.8, PEACE)


def measure(stage: Stage, ours: Resqued, effort: Effort) -> list[Section]:
    collection, seconds = Collection(), WINDOWS * effort.window
    with at_work(stage, ours, WORKERS, may_fail=True) as (master,):
        for _ in range(effort.rounds):
            for mark, victims_of in ((PEACE, 0), (KILLS, master)):
                with _plenty(ours, seconds):
                    collection.add(QUANTITY, mark, _rate(ours, seconds, victims_of))
    stage.redis.flushall()
    return [Section("kills", TITLE, "jobs/s", "more", collection.figures(), KILLS, (BOUND,))]


@contextmanager
def _plenty(ours: Resqued, seconds: float) -> Iterator[None]:
    """All workers are there, and have enough to do that something is left over; then nothing."""
    jobs = int(seconds * PLENTY)
    eventually(lambda: ours.is_ready(WORKERS, str), within=PATIENCE)
    ours.fill(jobs, "Nap")
    yield
    if not ours.waiting():
        raise Withdrawn(f"{jobs} jobs were too few")
    ours.redis.delete(ours.keys.queue(QUEUE))
    eventually(lambda: not ours.working(), within=PATIENCE)


def _rate(ours: Resqued, seconds: float, victims_of: int) -> float:
    """How many jobs leave the queue in a second, while a worker of this master (0: nobody) dies in each."""
    began, before = time.monotonic(), ours.waiting()
    while (passed := time.monotonic() - began) < seconds:
        if victims_of:
            _kill_one(victims_of)
        time.sleep(min(EVERY, seconds - passed))
    return (before - ours.waiting()) / (time.monotonic() - began)


def _kill_one(master: int) -> None:
    if workers := family.workers_of(master):
        random.choice(workers).kill()
