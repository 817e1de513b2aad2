"""What a job costs must not grow with what is around it: jobs in a second, at a small value and at a large one."""

from collections.abc import Sequence

from bench.contestants.ours import Resqued
from bench.effort import Effort
from bench.figures import Bound, Collection, Section, asked
from bench.scale import crowd, endurance
from bench.scale.dimensions import ALL, Dimension
from bench.stage import Stage

SMALL, LARGE = "small", "large"
KEPT = 0.8  # of the jobs in a second
FLAT = 1.05  # times the memory
PUSH = "{} and {} idle workers on one queue, {}"
LATENCY, PROCESSOR = "from a push to perform, p50", "processor time of a push"


def measure(stage: Stage, effort: Effort) -> list[Section]:
    return [_jobs(stage, effort), _pushes(stage, effort), _memory(stage, effort)]


def _jobs(stage: Stage, effort: Effort) -> Section:
    collection = Collection()
    dimensions = [make(stage) for make in ALL]
    for number in range(effort.rounds):
        for dimension in dimensions:
            _compare(stage, dimension, effort, number, collection)
    figures = collection.figures()
    title = "no-op jobs of one worker, at a small and at a large value"
    bounds = asked(list(dict.fromkeys(figure.quantity for figure in figures)), "at least", {SMALL: KEPT})
    return Section("scale", title, "jobs/s", "more", figures, LARGE, tuple(bounds))


def _compare(stage: Stage, dimension: Dimension, effort: Effort, number: int, collection: Collection) -> None:
    sizes = dimension.sizes(effort.growth)
    found: dict[int, float] = {}
    for size in _in_turn(sizes, number):
        found[size] = dimension.rate(size, effort.window)
        stage.redis.flushall()
    for label, size in zip((SMALL, LARGE), sizes, strict=True):
        collection.add(f"{sizes[0]:,} and {sizes[1]:,} {dimension.title}", label, found[size])


def _in_turn(sizes: tuple[int, int], number: int) -> Sequence[int]:
    return sizes[:: -1 if number % 2 else 1]


def _pushes(stage: Stage, effort: Effort) -> Section:
    collection = Collection()
    ours = Resqued(stage)
    sizes = (crowd.SMALL, crowd.LARGE) if effort.growth == 1 else (2, 4)
    quantities = [PUSH.format(*sizes, what) for what in (LATENCY, PROCESSOR)]
    for number in range(effort.rounds):
        found = {size: crowd.cost(stage, ours, size, effort.others) for size in _in_turn(sizes, number)}
        for label, size in zip((SMALL, LARGE), sizes, strict=True):
            for quantity, value in zip(quantities, found[size], strict=True):
                collection.add(quantity, label, value)
    title = "what a push costs when few wait for it, and when many do"
    bounds = asked(quantities, "at most", {SMALL: 1 / KEPT})
    return Section("scale, pushes", title, "ms", "less", collection.figures(), LARGE, tuple(bounds))


def _memory(stage: Stage, effort: Effort) -> Section:
    """Once: it takes minutes."""
    collection = Collection()
    first, last = (f"after {count:,} jobs" for count in (effort.jobs // endurance.EARLY, effort.jobs))
    for label, weight in zip((first, last), endurance.weights(stage, Resqued(stage), effort.jobs), strict=True):
        collection.add("RSS of a worker", label, weight)
    bound = Bound("RSS of a worker", "at most", FLAT, first)
    return Section("scale, memory", "a worker that goes on and on", "MB", "less", collection.figures(), last, (bound,))
