"""When a worker gives way to a fresh one, between two jobs. Times are seconds on the monotonic clock."""

from collections.abc import Callable
from math import ceil

JITTER = 0.1


class Wear:
    """One worker's limits, in jobs, seconds and bytes; 0: none.

    Each is lower by up to a tenth, by chance (numbers in [0, 1)): workers that were born together do not go together.
    """

    def __init__(
        self, *, max_jobs: int, max_age: float, max_memory: int, born: float, chance: Callable[[], float]
    ) -> None:
        self.heeds_memory = max_memory > 0
        self._jobs, self._memory = 0, 0
        self._max_jobs, self._max_memory = ceil(max_jobs * _less(chance)), max_memory * _less(chance)
        self._max_age, self._born = max_age * _less(chance), born

    # facts

    def performed(self, memory: int) -> None:
        """One more job, after which the worker has so many bytes; 0: nobody knows."""
        self._jobs += 1
        self._memory = memory

    # questions

    def reason(self, now: float) -> str | None:
        """Which limit has been reached; None: the worker is good for another job.

        Memory only counts after a job, so that a limit which is too low for any worker still lets each perform one.
        """
        if self._max_jobs and self._jobs >= self._max_jobs:
            return "max_jobs"
        if self._max_age and now - self._born >= self._max_age:
            return "max_age"
        if self.heeds_memory and self._memory > self._max_memory:
            return "max_memory"
        return None


def _less(chance: Callable[[], float]) -> float:
    return 1 - JITTER * chance()
