"""The pipes between a master and its workers: one tells that the master is gone, one that a worker has news."""

import os
from contextlib import suppress

Pipe = tuple[int, int]  # the end to read from, and the end to write to


class Lifeline:
    """A pipe whose write end only the master has: its end tells a worker that the master is gone.

    `inherited`, here and below: the pipe of an earlier image of the same master.
    """

    def __init__(self, inherited: Pipe | None = None) -> None:
        self.pipe = self._held, self._holder = inherited or os.pipe()

    def fileno(self) -> int:
        return self._held

    def hold(self) -> None:
        """In a forked child: only the master's own end keeps the line alive."""
        os.close(self._holder)


class Bell:
    """A pipe from all workers to their master: who rings has changed its row of the scoreboard in a way to look at."""

    def __init__(self, inherited: Pipe | None = None) -> None:
        self.pipe = self._read, self._write = inherited or os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)

    def fileno(self) -> int:
        """Readable when somebody has rung."""
        return self._read

    def ring(self) -> None:
        with suppress(BlockingIOError, BrokenPipeError):  # it rings already; nobody is there to hear
            os.write(self._write, b"!")

    def hush(self) -> None:
        """Forget how often it was rung until now; to be called before looking."""
        with suppress(BlockingIOError):
            while os.read(self._read, 4096):
                pass
