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
        self._least_idle: int | None = None  # within the window

    def is_due(self, now: float) -> bool:
        return now >= self._looks_at

    @property
    def looks_at(self) -> float:
        return self._looks_at

    def wanted(self, pool: Pool, now: float) -> int:
        """How many workers there should be from now on."""
        self._looks_at = now + EVERY
        staying = [process for process in pool.processes if not process.retired]
        busy = sum(process.sight.is_busy for process in staying)
        idle = pool.wanted - busy  # who is about to start will have nothing to do at first
        return pool.size.clamped(pool.wanted + self._missing(pool, idle) - self._surplus(pool, idle, now))

    def _missing(self, pool: Pool, idle: int) -> int:
        lacks = idle < max(1, pool.size.spare)
        self._lacking = self._lacking + 1 if lacks else 0
        if self._lacking < LACKING:
            return 0
        return max(max(1, pool.size.spare) - idle, pool.wanted // 2)

    def _surplus(self, pool: Pool, idle: int, now: float) -> int:
        """So many as were idle all the time, beyond those that may be."""
        self._least_idle = idle if self._least_idle is None else min(idle, self._least_idle)
        if not self._window_ends:
            self._window_ends = now + SURPLUS_FOR
        if now < self._window_ends:
            return 0
        surplus = max(0, self._least_idle - pool.size.spare)
        self._window_ends, self._least_idle = now + SURPLUS_FOR, None
        return surplus
