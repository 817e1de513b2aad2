"""How many workers an elastic pool should have. Times are seconds on the monotonic clock."""

from resqued.fleet.slots import Pool

EVERY = 1.0  # s between looks
LACKING = 2  # looks in a row that find too few idle, before there are more workers
SURPLUS_FOR = 30.0  # s for which a worker has to have been too many


class Gauge:
    """Watches one pool. Quick to grow, slow to shrink: work comes in waves."""

    def __init__(self) -> None:
        self._looks_at = 0.0
        self._lacking = 0
        self._window_ends = 0.0
        self._least_surplus: int | None = None  # within the window

    def is_due(self, now: float) -> bool:
        return now >= self._looks_at

    @property
    def looks_at(self) -> float:
        return self._looks_at

    def wanted(self, pool: Pool, now: float) -> int:
        """How many workers there should be from now on."""
        self._looks_at = now + EVERY
        busy = sum(process.sight.is_busy for process in pool.processes)  # a job of somebody who leaves is work, too
        idle = pool.wanted - busy  # who is about to start will have nothing to do at first
        spare = max(1, pool.size.spare)  # without anybody to spare it would grow and shrink by turns
        return pool.size.clamped(pool.wanted + self._missing(pool, spare - idle) - self._surplus(idle - spare, now))

    def _missing(self, pool: Pool, lacking: int) -> int:
        self._lacking = self._lacking + 1 if lacking > 0 else 0
        return max(lacking, pool.wanted // 2) if self._lacking >= LACKING else 0

    def _surplus(self, surplus: int, now: float) -> int:
        """So many as were too many all the time."""
        self._least_surplus = surplus if self._least_surplus is None else min(surplus, self._least_surplus)
        if not self._window_ends:
            self._window_ends = now + SURPLUS_FOR
        if now < self._window_ends:
            return 0
        least, self._least_surplus = self._least_surplus, None
        self._window_ends = now + SURPLUS_FOR
        return max(0, least)
