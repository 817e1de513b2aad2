"""How long to wait before trying again: longer each time, and never all at once."""

from collections.abc import Callable

FAR = 32  # failures; no pause is still growing after so many


class Backoff:
    """Exponential, with full jitter: a fleet that lost Redis together must not come back together.

    `first` and `most` in seconds; `chance` returns numbers in [0, 1).
    """

    def __init__(self, *, first: float, most: float, chance: Callable[[], float]) -> None:
        self._first, self._most, self._chance = min(first, most), most, chance
        self._failures = 0.0

    def failed(self) -> float:
        """Seconds to wait after one more failure: at least half of `first`, at most `most`."""
        ceiling: float = min(self._most, self._first * 2.0**self._failures)
        self._failures = min(self._failures + 1, FAR)
        return max(self._first / 2, ceiling * self._chance())

    def recovered(self, failures: float) -> None:
        """So many failures are forgotten."""
        self._failures = max(0.0, self._failures - failures)

    def succeeded(self) -> None:
        """The next pause is a first one again."""
        self._failures = 0.0
