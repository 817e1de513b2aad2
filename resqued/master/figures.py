"""What workers have counted, kept across their deaths and the images of their master: no counter ever goes back."""

from collections.abc import Mapping, Sequence
from math import inf
from operator import add

from resqued.boards import Boards
from resqued.fleet import Fleet, Process
from resqued.handover import Totals
from resqued.metrics import tally
from resqued.scoreboard import Row, now

OUTAGES, AWAY, TALLY = 0, 1, 2  # where what begins in `Row.totals`
NOTHING = [0] * (TALLY + tally.SIZE)
EXITS = ("asked", "reload", "recycled", "died", "stillborn", "stuck", "killed")


class Figures:
    """`queues`: of each pool, as configured. `before`: what the image before this one has counted."""

    def __init__(self, queues: Mapping[str, Sequence[str]], before: Totals | None = None) -> None:
        self.totals = before or Totals()
        for pool, entries in queues.items():
            self.totals.places[pool] = tally.places(self.totals.places.get(pool, []), entries)

    @property
    def places(self) -> Mapping[str, Sequence[str]]:
        return self.totals.places

    def left(self, pool: str, process: Process, row: Row | None, *, well: bool) -> None:
        """A worker has gone, and its row will be cleared. `well`: as it should."""
        exits, why = self.totals.exits.setdefault(pool, {}), _reason(process, well=well)
        exits[why] = exits.get(why, 0) + 1
        if row:
            self.totals.left[pool] = list(map(add, self._left(pool), _last_words(row)))

    def counted(self, fleet: Fleet, boards: Boards) -> dict[str, list[int]]:
        """By every pool that there is, or was: `Row.totals` of its workers, of those that have gone, too."""
        sums = {pool: self._left(pool) for pool in self.places}
        for slot in fleet.workers:
            if (process := slot.process) and (row := boards.row(process.generation, process.row)):
                sums[slot.pool] = list(map(add, sums.get(slot.pool, NOTHING), row.totals))
        return sums

    def bequeathed(self, fleet: Fleet, boards: Boards) -> Totals:
        """For the next image. Of scoreboards that have no file, which it will not see, all is in it."""
        seen = boards.files
        for slot in fleet.workers:
            process = slot.process
            if process and process.generation not in seen and (row := boards.row(process.generation, process.row)):
                self.totals.left[slot.pool] = list(map(add, self._left(slot.pool), row.totals))
        return self.totals

    def exits(self, pool: str) -> dict[str, int]:
        """By reason, of which each is there."""
        found = self.totals.exits.get(pool, {})
        return {reason: found.get(reason, 0) for reason in EXITS}

    def _left(self, pool: str) -> list[int]:
        """An earlier version may have counted less."""
        left = self.totals.left.get(pool, [])
        return [*left, *NOTHING[len(left) :]]


def _last_words(row: Row) -> list[int]:
    """With the outage that it has not seen the end of, and with the job that it took along."""
    outages, away, *counts = row.totals
    if row.severed:
        outages, away = outages + 1, away + max(0, now() - row.severed)
    if row.turn:
        tally.count(counts, row.queue, tally.LOST)
    return [outages, away, *counts]


def _reason(process: Process, *, well: bool) -> str:
    if process.killed:
        return "killed" if process.dumped_at == inf else "stuck"
    if not well:
        return "died" if process.is_ready else "stillborn"
    if process.is_leaving:
        return "reload" if process.retired else "asked"
    return "recycled" if process.is_ready else "stillborn"
