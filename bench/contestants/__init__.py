"""Who takes part: each contestant is one adapter that knows how its workers are started and how a job is enqueued.

A new one is a module beside these with a subclass of `Contestant`, and a line in `bench.roster`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from bench.stage import PATIENCE, Run, Stage, Withdrawn, eventually

QUEUE = "bench"
EVERYWHERE = frozenset({"throughput", "latency", "idle", "memory", "redis"})
Argv = Sequence[str]


class Contestant(ABC):
    """A way to run workers. Its jobs are those of `application/trivial.py`, in whatever language."""

    name: str  # as tables have it
    forks = True  # a process for each job
    told = True  # of a job on its queue, while idle; else it looks now and then
    interval = 0.0  # s between its looks, at most
    plenty = 20_000  # more jobs than two of its workers do in a second
    measures = EVERYWHERE  # that it takes part in
    has_room = True  # a database of its own

    def __init__(self, stage: Stage) -> None:
        self.database = stage.new_room() if self.has_room else 0
        self.redis = stage.client(self.database)

    def url(self, port: int) -> str:
        return f"redis://127.0.0.1:{port}/{self.database}"

    @abstractmethod
    def commands(self, port: int, workers: int) -> Sequence[Argv]:
        """What runs so many workers on QUEUE, of the Redis on this port of 127.0.0.1, in the foreground until TERM."""

    @abstractmethod
    def is_ready(self, workers: int, said: Callable[[], str]) -> bool:
        """Whether so many workers are there. `said`: what they have written so far."""

    @abstractmethod
    def enqueue(self, job: str, *args: str) -> None:
        """Enqueue a job as an application would: with the contestant's own client."""

    @abstractmethod
    def fill(self, count: int, job: str = "Noop") -> None:
        """Put so many jobs on the queue, in whatever way is fast."""

    @abstractmethod
    def waiting(self) -> int:
        """How many jobs are on the queue."""

    def working(self) -> bool:
        """Whether a job may still be running, as far as Redis knows."""
        return False

    @abstractmethod
    def failed(self, said: Callable[[], str]) -> int:
        """How many jobs have failed."""


@contextmanager
def at_work(
    stage: Stage,
    contestant: Contestant,
    workers: int,
    port: int = 0,
    *,
    patience: float = PATIENCE,
    may_fail: bool = False,
) -> Iterator[list[int]]:
    """The contestant with so many workers, all of them there: the pids of its heads, of which the others descend.

    Raises Withdrawn if it ends, or if a job fails that may not.
    """
    with ExitStack() as held:
        runs = [held.enter_context(stage.running(argv)) for argv in contestant.commands(port or stage.port, workers)]
        eventually(lambda: _are_ready(contestant, workers, runs), within=patience)
        try:
            yield [run.pid for run in runs]
        finally:
            for run in runs:  # all of them at once: one that sleeps may take its time
                run.ask_to_end()
        if not may_fail and (failed := contestant.failed(lambda: _said(runs))):
            raise Withdrawn(f"{failed} jobs of {contestant.name} failed; it says:\n{_said(runs)[-2000:]}")


def _are_ready(contestant: Contestant, workers: int, runs: Sequence[Run]) -> bool:
    for run in runs:
        assert run.status is None, f"{contestant.name} ended with status {run.status}"
    return contestant.is_ready(workers, lambda: _said(runs))


def _said(runs: Sequence[Run]) -> str:
    return "\n".join(run.said() for run in runs)


def finish(contestant: Contestant) -> None:
    """Wait until every job has been done."""
    eventually(lambda: not contestant.waiting() and not contestant.working(), within=PATIENCE)
