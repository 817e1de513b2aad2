"""A worker's notebook, to which a full disk does no harm: a missing note matters only to who is killed right then."""

from resqued.log import log
from resqued.notes import Notebook
from resqued.verdict import Verdict
from resqued.work import Work


class Diary:
    """Without a notebook nothing is noted."""

    def __init__(self, notebook: Notebook | None) -> None:
        self._notebook = notebook

    def note(self, work: Work, verdict: Verdict) -> None:
        if self._notebook:
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
