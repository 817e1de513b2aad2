"""What a worker notes of its jobs. A full disk does no harm: a note matters only to who is killed right then."""

from dataclasses import dataclass

from resqued.log import log
from resqued.notes import Notebook
from resqued.verdict import ASIDE, Verdict
from resqued.work import Work


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that has ended, or could not begin."""

    verdict: Verdict
    job: str | None  # its name; None if the payload named none
    pid: int | None = None  # of its process; None if it never had one
    seconds: float = 0.0  # from its fork, or from when it was handed over, to its verdict
    makes_way: bool = False  # what its process holds is to be free when another one of its kind begins

    def facts(self, work: Work) -> dict[str, object]:
        """For the log."""
        return {
            "queue": work.queue,
            "job": self.job,
            "pid": self.pid,
            "seconds": round(self.seconds, 6),
            "run": work.run,
        }


class Diary:
    """Without a notebook nothing is noted."""

    def __init__(self, notebook: Notebook | None) -> None:
        self._notebook = notebook

    def note(self, work: Work, verdict: Verdict) -> None:
        if self._notebook and verdict is not ASIDE:  # which is settled already
            try:
                self._notebook.note(work.run, verdict)
            except OSError as error:
                log.exception("note.failed", error=str(error))

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
