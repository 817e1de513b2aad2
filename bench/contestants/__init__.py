"""Who takes part: each contestant is one adapter that knows how its workers are started and how a job is enqueued.

A new one is a module beside these, with the members of `Contestant`, and a line in `_peers` of `bench.__main__`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from subprocess import Popen
from typing import Protocol

from bench.stage import PATIENCE, Stage, Withdrawn, eventually

QUEUE = "bench"


class Contestant(Protocol):
    """`name`: as the table has it. `plenty`: more jobs than two of its workers do in a second."""

    name: str
    plenty: int

    def command(self, url: str, workers: int) -> Sequence[str]:
        """The argv that runs so many workers on QUEUE of this Redis in the foreground, until TERM."""

    def ready(self) -> int:
        """How many workers are there."""

    def enqueue(self, job: str, *args: str) -> None:
        """Enqueue a job of `application/trivial.py` as an application would: with the contestant's own client."""

    def fill(self, count: int) -> None:
        """Put so many no-op jobs on the queue, in whatever way is fast."""

    def waiting(self) -> int:
        """How many jobs are on the queue."""

    def working(self) -> bool:
        """Whether a job may still be running."""

    def failed(self) -> int:
        """How many jobs have failed."""


@contextmanager
def at_work(stage: Stage, contestant: Contestant, workers: int, url: str = "") -> Iterator[int]:
    """The contestant with so many workers, all of them there: its pid. Raises Withdrawn if a job fails meanwhile."""
    with stage.running(contestant.command(url or stage.url, workers)) as process:
        eventually(lambda: _are_ready(contestant, workers, process), within=PATIENCE)
        yield process.pid
        if failed := contestant.failed():
            raise Withdrawn(f"{failed} jobs of {contestant.name} failed")


def _are_ready(contestant: Contestant, workers: int, process: Popen[bytes]) -> bool:
    assert process.poll() is None, f"{contestant.name} ended with status {process.returncode}"
    return contestant.ready() == workers


def finish(contestant: Contestant) -> None:
    """Wait until every job has been done."""
    eventually(lambda: not contestant.waiting() and not contestant.working(), within=PATIENCE)
