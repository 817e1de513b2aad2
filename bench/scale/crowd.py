"""What a push costs when few workers wait for it, and when many do: only one of them is to wake up."""

import time
from collections.abc import Callable, Sequence

from bench.contestants import at_work
from bench.contestants.ours import Resqued
from bench.family import processor_time
from bench.figures import percentile
from bench.stage import PATIENCE, Stage

SMALL, LARGE = 10, 200
PAUSE = 0.05  # s before each push
SETTLED = 2.0  # s after which many workers that have registered wait


def cost(stage: Stage, ours: Resqued, workers: int, pushes: int) -> tuple[float, float]:
    """Of a push, in ms: until `perform` began (median), and processor time, that of Redis and less that of idling."""
    with at_work(stage, ours, workers, patience=4 * PATIENCE) as heads:
        everybody = [*heads, stage.server]
        _push(stage, ours)
        time.sleep(SETTLED)
        idling = _spent(everybody, lambda: None, pushes)
        latencies: list[float] = []
        busy = _spent(everybody, lambda: latencies.append(_push(stage, ours)), pushes)
    stage.redis.flushall()
    return percentile(latencies, 0.5), busy - idling


def _spent(heads: Sequence[int], act: Callable[[], None], times: int) -> float:
    before = processor_time(heads)
    for _ in range(times):
        time.sleep(PAUSE)
        act()
    return (processor_time(heads) - before) * 1000 / times


def _push(stage: Stage, ours: Resqued) -> float:
    began = time.monotonic_ns()
    ours.enqueue("Stamp", stage.letterbox.path)
    return (int(stage.letterbox.next()) - began) / 1e6
