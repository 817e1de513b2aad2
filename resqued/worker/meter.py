"""Counts a worker's jobs, and how long they waited and ran, into its row of the scoreboard."""

from collections.abc import Sequence
from time import time

from resqued.metrics import tally
from resqued.protocol import records
from resqued.scoreboard import Row
from resqued.verdict import Outcome, Verdict
from resqued.work import Job

NUMBERS = {outcome: tally.OUTCOMES.index(outcome.value) for outcome in Outcome}
HAVE_ENDED = (Outcome.DONE, Outcome.FAILED)


class Meter:
    """`places`: names of queues (`metrics.tally`)."""

    def __init__(self, row: Row, places: Sequence[str]) -> None:
        self._row, self._cells = row, row.tally
        self._places = {queue: place for place, queue in enumerate(places)}
        self._waited: float | None = None

    def begin(self, job: Job) -> None:
        """In whatever way it may end, even with this worker."""
        self._row.queue = self._places.get(job.queue, 0)
        put_at = records.stamped(job.payload)
        self._waited = None if put_at is None else time() - put_at.timestamp()

    def begins_again(self) -> None:
        """The job of `begin` has failed before: that it comes late is no fault of the queue."""
        self._waited = None

    def count(self, queue: str, verdict: Verdict, seconds: float | None) -> None:
        """A job has ended, and ran for so many seconds; None: it never began. What was cut short is measured again."""
        tally.count(self._cells, self._places.get(queue, 0), _number(verdict))
        if verdict.outcome in HAVE_ENDED:
            if self._waited is not None:
                tally.observe(self._cells, tally.WAIT, self._waited)
            if seconds is not None:
                tally.observe(self._cells, tally.RUN, seconds)
        self._waited = None


def _number(verdict: Verdict) -> int:
    return NUMBERS[verdict.outcome] if verdict.again is None else tally.AGAIN
