"""How a worker learns that its master is gone, whatever ended it."""

import os


class Lifeline:
    """A pipe whose write end only the master has: its end tells a worker that the master is gone."""

    def __init__(self) -> None:
        self._held, self._holder = os.pipe()

    def fileno(self) -> int:
        return self._held

    def hold(self) -> None:
        """In a forked child: only the master's own end keeps the line alive."""
        os.close(self._holder)

    def forget(self) -> None:
        os.close(self._held)
