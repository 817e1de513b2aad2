"""A process that performs several jobs, one after the other: what its worker knows of it, and what it does itself."""

import os
from _thread import _count as count_threads
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import time

from resqued import orders, processes, procfs, termination
from resqued.errors import JobError
from resqued.memory import Watch
from resqued.processes import Child
from resqued.protocol import identity
from resqued.scoreboard import Row
from resqued.verdict import Outcome, Verdict
from resqued.version import __version__
from resqued.work import Work
from resqued.worker.task import Task, failed
from resqued.worker.terms import Limits

HALF = 2  # of its memory cap: who has grown so much since its fork gets no further job


@dataclass(slots=True)
class Hand:
    """`limits` are the same for all its jobs: one with others is performed by another process."""

    child: Child
    limits: Limits
    watch: Watch | None
    jobs: int  # that it may perform yet

    def takes(self, work: Work, limits: Limits) -> bool:
        """Hand a job to it. False if it is not for this process, or if it does not take it."""
        if self.jobs == 0 or limits != self.limits or self._has_grown():
            return False
        order = orders.encoded(work)
        if order is None or not self.child.send(order):
            return False
        self.jobs -= 1
        if self.watch:
            self.watch.begin()
        return True

    @property
    def is_free(self) -> bool:
        """Whether it may get another job."""
        return self.jobs > 0 and self.child.exit is None and self.child.takes_orders

    def _has_grown(self) -> bool:
        if not self.limits.memory:
            return False
        grown = procfs.resident(self.child.pid) - procfs.resident(os.getpid())
        return grown * HALF > self.limits.memory


class Performances:
    """In the job's process: the verdicts of its first job, and of further ones as long as nothing is left of the last.

    `first`: the job that it was forked for; None if it stands by for one, and has the time to `rehearse`. `begin`
    performs the first of a process. Each run is written into `row` before it begins, so that a worker knows of a
    process that has died whether it had.
    """

    def __init__(
        self,
        first: Task | None,
        begin: Callable[[Task], Verdict],
        task: Callable[[Work], Task],
        row: Row,
        rehearse: Callable[[], None] | None = None,
    ) -> None:
        self._first, self._begin, self._task, self._row, self._rehearse = first, begin, task, row, rehearse

    def __call__(self, descriptor: int) -> Iterator[Verdict]:
        if self._first:
            verdict = self._begin(self._first)
            yield verdict
            if verdict.outcome is not Outcome.DONE or not _is_alone():
                return
        elif self._rehearse:
            self._rehearse()  # the pages that a job writes to are copied now, not when it is there
        perform = _further if self._first else self._begin
        while (work := orders.read(descriptor)) and not termination.asked():
            self._row.begun = work.run
            verdict = self._performed(work, perform)
            yield verdict
            if verdict.outcome is not Outcome.DONE or not _is_alone():
                return
            perform = _further

    def _performed(self, work: Work, perform: Callable[[Task], Verdict]) -> Verdict:
        try:
            task = self._task(work)
        except JobError as error:  # its worker found no fault with it
            return failed(error)
        processes.set_title(title(task))
        return perform(task)


def _further(task: Task) -> Verdict:
    return task.main(forked=False)


def _is_alone() -> bool:
    """Whether nothing is left of a job: no thread, no child process, no wish to stop."""
    return count_threads() == 0 and not processes.has_children() and not termination.asked()


def title(task: Task) -> str:
    return identity.processing(__version__, task.job.queue, int(time()), task.job.name)
