"""How a worker shows that it lives, to those who cannot ask it."""

import os

from resqued import procfs
from resqued.duty import BEAT_EVERY
from resqued.scoreboard import Row, now


class Pulse:
    """Writes into a row of the scoreboard that the worker's loop turns, and now and then how much memory it has."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self._weighs_at = 0

    def beat(self) -> None:
        self._row.tick = at = now()
        if at >= self._weighs_at:
            self.weigh()
            self._weighs_at = at + int(BEAT_EVERY * 1000)

    def weigh(self) -> int:
        """Bytes of memory that this process has now; 0 where nobody can tell."""
        self._row.rss = size = procfs.resident(os.getpid())
        return size
