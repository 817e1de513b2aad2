"""What has been: read from the history in Redis, and written there, a line each minute, while somebody serves pages."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import TypeVar

from resqued.errors import CommandRefused, StoreUnavailable
from resqued.store.history import DEPTHS, HOURS, MINUTE, MINUTES, TURN, Depths, History, Sample, increases
from resqued.web.fleet import Fleet, Lookout

T = TypeVar("T")

EVERY = 10.0  # s between two looks whether it is time to write
BACK = 5  # minutes, over which a rate is taken


class Chronicle:
    """As safe for threads as its wire. Reading raises StoreUnavailable; where it is refused, nothing has been."""

    def __init__(self, history: History, lookout: Lookout, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._history, self._lookout, self._clock = history, lookout, clock
        self._writing = threading.Lock()
        self._next = 0.0
        self._depths: list[Depths] = []
        self.problem = ""  # why there is no history

    def write_in_time(self) -> None:
        """A sample, if it is time. Whatever goes wrong with that keeps nobody from looking."""
        if self._clock() < self._next or not self._writing.acquire(blocking=False):
            return
        try:
            self._next = self._clock() + EVERY
            with suppress(StoreUnavailable):
                self._write()
        finally:
            self._writing.release()

    def _write(self) -> None:
        try:
            if self._history.take_turn():
                fleet = self._lookout.fleet()
                self._history.write(fleet.sample(), {line.queue.name: line.size for line in fleet.queues if line.size})
            self.problem = ""
        except CommandRefused as error:
            self.problem = str(error)

    def minutes(self, count: int = MINUTES) -> list[Sample]:
        return self._read(lambda: self._history.recent("minutes", count))

    def hours(self) -> list[Sample]:
        return self._read(lambda: self._history.recent("hours", HOURS))

    def _read(self, read: Callable[[], list[T]]) -> list[T]:
        try:
            return read()
        except CommandRefused as error:
            self.problem = str(error)
            return []

    def depths(self, now: Fleet) -> Sequence[Depths]:
        """Of the queues, the newest first; what has been read already is kept."""
        known = self._depths
        missing = int(now.now.timestamp() - known[0].at) * 1000 // TURN + 1 if known else DEPTHS
        fresh = self._read(lambda: self._history.depths(min(max(missing, 1), DEPTHS)))
        newer = [one for one in fresh if not known or one.at > known[0].at]
        self._depths = [*newer, *known][:DEPTHS]
        return self._depths

    def pace(self, fleet: Fleet, of: str) -> float | None:
        """By how much a counter grows in a minute, over the last minutes; None: not known yet."""
        recent = self.minutes(BACK)
        if not recent:
            return None
        now = fleet.sample()
        seconds = now.at - recent[-1].at
        growth = sum(grown for _, grown in increases([now, *recent], of))
        return growth * MINUTE / seconds if seconds >= EVERY else None


def per_hour(samples: Sequence[Sample], of: str) -> list[tuple[int, int]]:
    """By how much a counter grew in each hour of these minutes, the oldest first; hours are epoch // 3600."""
    hours: dict[int, int] = {}
    for (new, old), (_, grown) in zip(pairwise(samples), increases(samples, of), strict=True):
        hours[new.at // 3600] = hours.get(new.at // 3600, 0) + grown
        hours.setdefault(old.at // 3600, 0)
    return sorted(hours.items())
