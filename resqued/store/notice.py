"""Waiting for a word that somebody leaves in a list of ours (`BLPOP`), without being deaf to all else."""

from collections.abc import Collection

from resqued.errors import CommandRefused, StoreUnavailable
from resqued.wire import PENDING, Wire

LONGEST_WAIT = 20.0  # s
LATE = 5.0  # s after the end of a wait: an answer that has not come by then never will


class Notice:
    """On a connection of its own. Every method may raise StoreUnavailable."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._key = ""
        self._ends_at = 0.0

    def listen(self, key: str, now: float) -> None:
        """From now on for this one; nothing is asked anew while an answer is awaited."""
        if key != self._key or now > self._ends_at + LATE:
            self.drop()
        if not self._key:
            self._wire.ask("BLPOP", key, f"{LONGEST_WAIT:.0f}")
            self._key, self._ends_at = key, now + LONGEST_WAIT

    @property
    def descriptors(self) -> list[int]:
        """What becomes readable when there is something to hear."""
        return [self._wire.fileno()] if self._key else []

    def heard(self, ready: Collection[int]) -> bool:
        """Whether there was a word."""
        if not self._key or self._wire.fileno() not in ready:
            return False
        try:
            answer = self._wire.answer()
        except CommandRefused as refused:  # something else stands there
            raise StoreUnavailable(str(refused)) from refused
        if answer is PENDING:
            return False
        self._key = ""
        return answer is not None

    def drop(self) -> None:
        """Listen no longer."""
        self._wire.close()
        self._key = ""
