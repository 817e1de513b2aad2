"""Queues as rows of a table, with what has been."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from resqued.store.history import MINUTE, Depths
from resqued.web import charts
from resqued.web.fleet import Fleet, Line

WIDTH, HEIGHT = 96, 20  # of a picture
BACK = 5  # samples, over which growth is told


@dataclass(frozen=True, slots=True)
class Row:
    line: Line
    picture: charts.Line | None
    growth: float | None  # jobs a minute

    @property
    def remark(self) -> str:
        """What is unusual about it."""
        queue = self.line.queue
        if queue.size is None:
            return "its key is no list"
        if queue.paused:
            return "paused"
        return "nobody listens" if not self.line.workers else ""

    @property
    def is_problem(self) -> bool:
        queue = self.line.queue
        return queue.size is None or bool(queue.size and not queue.paused and not self.line.workers)


def rows(lines: Iterable[Line], fleet: Fleet, depths: Sequence[Depths]) -> Iterator[Row]:
    for line in lines:
        name = line.queue.name
        past = [past.jobs.get(name, 0) for past in reversed(depths)]
        yield Row(line, charts.line([*past, line.size], WIDTH, HEIGHT), _growth(line, fleet, depths))


def _growth(line: Line, fleet: Fleet, depths: Sequence[Depths]) -> float | None:
    if not depths:
        return None
    then = depths[min(BACK, len(depths)) - 1]
    seconds = int(fleet.now.timestamp()) - then.at
    return (line.size - then.jobs.get(line.queue.name, 0)) * MINUTE / seconds if seconds > 0 else None


def worst_first(line: Line) -> tuple[bool, int, str]:
    """What is broken, or waits for nobody; then what is longest."""
    queue = line.queue
    is_stuck = queue.size is None or bool(queue.size and not line.workers and not queue.paused)
    return not is_stuck, -line.size, queue.name
