"""How much memory a worker has after few jobs, and after many."""

import time
from pathlib import Path

import psutil

from bench import family
from bench.contestants import at_work
from bench.contestants.ours import Resqued
from bench.stage import Stage, Withdrawn

CHUNK = 5000  # jobs on its queue at a time
EARLY = 50  # its first so many-th part of the jobs is done when it is weighed first
STUCK = 60.0  # s without a job done


def weights(stage: Stage, ours: Resqued, jobs: int) -> tuple[float, float]:
    """RSS of the only worker in MB, after the first jobs and after all of them."""
    with at_work(stage, ours, 1) as [master]:
        [worker] = family.workers_of(master)
        found = [_weight_after(ours, worker, count) for count in (jobs // EARLY, jobs)]
    stage.redis.flushall()
    return found[0], found[1]


def _weight_after(ours: Resqued, worker: psutil.Process, jobs: int) -> float:
    done, since = ours.processed(), time.monotonic()
    while done < jobs:
        if ours.waiting() < CHUNK // 5:
            ours.fill(min(CHUNK, jobs - done))
        time.sleep(0.01)
        before, done = done, ours.processed()
        if done > before:
            since = time.monotonic()
        elif time.monotonic() > since + STUCK:
            raise Withdrawn(f"{ours.name} does no more jobs, after {done}")
    return _resident(worker.pid)


def _resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")) / 1e6
