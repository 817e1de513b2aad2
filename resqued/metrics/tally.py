"""What a worker counts of its jobs, as a row of numbers: by queue and outcome, by run time, by waiting time.

A place is the index of a queue: 0 is any queue without a place of its own. Places are given out in the order in which
queues are first configured, and never taken back, so that numbers of several generations can be added up. The numbers
stand in scoreboards (`scoreboard.TALLY`), which two versions may read: what one of them means never changes.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

from resqued.queues import is_glob

ANY = "*"  # the name of place 0; no queue can be called so
PLACES = 17
OUTCOMES: Final = ("done", "failed", "requeued", "aside", "again", "lost")  # by number
AGAIN = OUTCOMES.index("again")  # it has failed, and is tried again
LOST = OUTCOMES.index("lost")  # with its worker: the pruner settles it
BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)

HISTOGRAM = len(BOUNDS) + 2  # how many up to each bound, how many above the last, and the sum in microseconds
RUN = PLACES * len(OUTCOMES)
WAIT = RUN + HISTOGRAM
SIZE = WAIT + HISTOGRAM


class Cells(Protocol):
    def __getitem__(self, index: int, /) -> int: ...

    def __setitem__(self, index: int, value: int, /) -> None: ...


def count(cells: Cells, place: int, outcome: int) -> None:
    cells[place * len(OUTCOMES) + outcome] += 1


def observe(cells: Cells, histogram: int, seconds: float) -> None:
    """`histogram`: RUN or WAIT. Clocks of two machines differ: who was taken before he was put has not waited."""
    cells[histogram + bisect_left(BOUNDS, seconds)] += 1
    cells[histogram + HISTOGRAM - 1] += int(max(0.0, seconds) * 1_000_000)


def places(known: Sequence[str], queues: Iterable[str]) -> list[str]:
    """The names of all places, if these entries of a pool are configured now and those names have been known before."""
    named = [queue for queue in queues if not (is_glob(queue) or queue.startswith("!"))]
    return list(dict.fromkeys([ANY, *known, *named]))[:PLACES]


def jobs(cells: Sequence[int], names: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    """Queue, outcome and number of jobs, of every place and outcome that there is."""
    for place, name in enumerate(names):
        for outcome, called in enumerate(OUTCOMES):
            yield name, called, cells[place * len(OUTCOMES) + outcome]


def histogram(cells: Sequence[int], which: int) -> tuple[list[int], float]:
    """How many up to each bound, and in all, each with those before it; and the sum in seconds."""
    total, so_far = 0, []
    for number in cells[which : which + HISTOGRAM - 1]:
        total += number
        so_far.append(total)
    return so_far, cells[which + HISTOGRAM - 1] / 1_000_000
