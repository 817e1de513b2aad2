"""What a job costs beyond a fork: a worker of resqued, beside a loop of fork, `_exit` and `waitpid` in its own process.

`application/limits.py` has the loop. It runs in the worker, in the place of a job, so it is the very image.
"""

from collections.abc import Mapping, Sequence

from bench import pace
from bench.contestants import Contestant, at_work
from bench.contestants.ours import Resqued
from bench.effort import Effort
from bench.figures import Bound, Collection, Section
from bench.stage import Stage

LIMIT = "limit: fork, _exit, waitpid"
RAW = "the same without at-fork handlers"
MARKS = (LIMIT, RAW)
TITLE = "what a no-op job takes of a worker that has plenty of them"
BEYOND = "beyond the limit"


class Limit(Resqued):
    """A resqued whose worker can be told to fork in vain."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, "limit", modules=("trivial", "limits"))


def measure(stage: Stage, contestants: Sequence[Contestant], effort: Effort, reference: Limit) -> list[Section]:
    """`contestants` fork; ours are first."""
    collection = Collection()
    for _ in range(effort.rounds):
        for workers, words in pace.WORKERS.items():
            found = {one.name: pace.of(stage, one, workers, effort.window) for one in contestants}
            found |= rates(stage, reference, workers, effort.window)
            _note(collection, words, {name: 1000 * workers / rate for name, rate in found.items()})
    bound = Bound(f"{pace.WORKERS[1]}, {BEYOND}", "at most", 0.7)
    return [Section("limit", TITLE, "ms", "less", collection.figures(), contestants[0].name, (bound,))]


def _note(collection: Collection, words: str, costs: Mapping[str, float]) -> None:
    for name, cost in costs.items():
        collection.add(words, name, cost)
        if name not in MARKS:
            collection.add(f"{words}, {BEYOND}", name, cost - costs[LIMIT])


def rates(stage: Stage, reference: Limit, workers: int, seconds: float) -> Mapping[str, float]:
    """Forks in a second of so many workers together, in each of the ways of MARKS."""
    with at_work(stage, reference, workers):
        for _ in range(workers):
            reference.enqueue("Limit", stage.letterbox.path, str(seconds))
        said = [map(float, stage.letterbox.next().split()) for _ in range(workers)]
    stage.redis.flushall()
    return dict(zip(MARKS, map(sum, zip(*said, strict=True)), strict=True))
