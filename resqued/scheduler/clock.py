"""The time that all schedulers of a fleet share: that of Redis."""

from math import inf


class Clock:
    """Told from time to time what the server's clock says, and in between counted by our own.

    `monotonic` arguments and answers are seconds on the monotonic clock; all others since 1970.
    """

    def __init__(self) -> None:
        self._ahead = 0.0

    def is_told(self, now: float, monotonic: float) -> None:
        self._ahead = now - monotonic

    def now(self, monotonic: float) -> float:
        return monotonic + self._ahead

    def monotonic(self, epoch: float | None) -> float:
        """When it will be `epoch`; never, if that is None."""
        return inf if epoch is None else epoch - self._ahead
