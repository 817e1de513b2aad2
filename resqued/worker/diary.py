"""What a worker tells this machine of the end of each job: its notebook, the scoreboard, the log.

A full disk does no harm: a missing note matters only to who is killed right then.
"""

from typing import TYPE_CHECKING

from resqued.log import log
from resqued.notes import Notebook
from resqued.scoreboard import Row
from resqued.value import value
from resqued.verdict import ASIDE, Outcome, Verdict
from resqued.work import Job, Work

if TYPE_CHECKING:
    from resqued.worker.meter import Meter


@value
class Ended:
    """A job that has ended, or could not begin."""

    verdict: Verdict
    job: str | None = None  # its name; None if the payload named none
    pid: int | None = None  # of its process; None if it never had one
    seconds: float = 0.0  # from its fork, or from when it was handed over, to its verdict
    makes_way: bool = False  # what its process holds is to be free when another one of its kind begins

    def facts(self, work: Work) -> dict[str, object]:
        """For the log."""
        return {
            "queue": work.queue,
            "job": self.job,
            "pid": self.pid,
            "seconds": self.seconds,
            "run": work.run,
        }


class Diary:
    """Without a notebook nothing is noted; without a meter nothing is measured."""

    def __init__(self, notebook: Notebook | None, row: Row, meter: "Meter | None" = None) -> None:
        self._notebook, self._row, self._meter = notebook, row, meter

    def begin(self, job: Job) -> None:
        if self._meter:
            self._meter.begin(job)

    def begins_again(self) -> None:
        """The job of `begin` has been tried before."""
        if self._meter:
            self._meter.begins_again()

    def note(self, work: Work, ended: Ended) -> None:
        """Before Redis knows of it: if this worker dies now, others know how the job ended."""
        if self._notebook and ended.verdict is not ASIDE:  # which is settled already
            try:
                self._notebook.note(work.run, ended.verdict)
            except OSError as error:
                log.exception("note.failed", error=str(error))
        if self._meter:
            self._meter.count(work.queue, ended.verdict, None if ended.pid is None else ended.seconds)

    def report(self, work: Work, ended: Ended) -> None:
        verdict, facts = ended.verdict, ended.facts(work)
        match verdict.outcome:
            case Outcome.DONE:
                self._row.done += 1
                log.info("job.done", **facts)
            case Outcome.FAILED:
                self._row.failed += 1
                again = {} if verdict.again is None else {"again_in_s": round(verdict.again, 3)}
                log.warning("job.failed", **facts, exception=verdict.exception, error=verdict.error, **again)
            case Outcome.REQUEUED:
                log.info("job.requeued", **facts)

    def close(self) -> None:
        """From here on no job begins, whatever may still be on the slate when Redis is back."""
        if self._notebook:
            try:
                self._notebook.leave()
            except OSError as error:
                log.exception("note.failed", error=str(error))

    def remove(self) -> None:
        """Everything that it says is in Redis now."""
        if self._notebook:
            self._notebook.remove()
