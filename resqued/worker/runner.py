"""One job's process, from its fork to its end."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic, time

from resqued import hooks, processes
from resqued.duty import Duty
from resqued.escalation import Escalation, Step
from resqued.log import log
from resqued.processes import Child
from resqued.protocol import identity
from resqued.scoreboard import Row
from resqued.verdict import REQUEUED, Outcome, Verdict
from resqued.version import __version__
from resqued.work import Work
from resqued.worker.books import Books
from resqued.worker.ears import Ears
from resqued.worker.task import Ending, Task, failed
from resqued.worker.terms import Terms

MOURNING = 10.0  # s that the `on_failure*` hooks of a job that was killed may take


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that has ended, or could not begin."""

    verdict: Verdict
    job: str | None  # its name; None if the payload named none
    pid: int | None = None  # of its process; None if it never had one
    seconds: float = 0.0  # that its process lived

    def facts(self, work: Work) -> dict[str, object]:
        """For the log."""
        return {
            "queue": work.queue,
            "job": self.job,
            "pid": self.pid,
            "seconds": round(self.seconds, 6),
            "run": work.run,
        }


class Runner:
    def __init__(
        self, terms: Terms, *, duty: Duty, ears: Ears, books: Books, row: Row, forget: Callable[[], None]
    ) -> None:
        self._terms, self._duty, self._ears, self._books, self._row = terms, duty, ears, books, row
        self._forget = forget

    def run(self, task: Task) -> Ended:
        """Perform `task` in a process of its own and return the truth about it."""
        try:
            for hook in hooks.registered["before_fork"]:
                hook(task.job)
        except BaseException as error:  # noqa: BLE001  the application's own code: sys.exit, too
            return Ended(self._mourned(task, error, failed(error)), task.job.name)
        try:
            child = processes.start_job(lambda: self._main(task), self._forget)
        except OSError as error:
            log.error("job.not_forked", queue=task.job.queue, job=task.job.name, error=str(error))
            return Ended(REQUEUED, task.job.name)
        return self._see_through(task, child)

    def _main(self, task: Task) -> Verdict:
        processes.set_title(identity.processing(__version__, task.job.queue, int(time()), task.job.name))
        return task.main()

    def _see_through(self, task: Task, child: Child) -> Ended:
        started = monotonic()
        processes.set_title(identity.forked(__version__, child.pid, int(time()), self._terms.slot))
        self._announce(task, child)
        timeout = self._terms.timeout
        ending = self._watched(
            child, Escalation(self._terms.patience, times_out_at=started + timeout if timeout else None)
        )
        verdict = ending.verdict
        if verdict.outcome is Outcome.FAILED and (error := ending.cause_of_death):
            verdict = self._mourned(task, error, verdict)
        return Ended(verdict, task.job.name, child.pid, monotonic() - started)

    def _mourned(self, task: Task, error: BaseException, verdict: Verdict) -> Verdict:
        """Run the `on_failure*` hooks of a job that can no longer do so itself; what they raise is in the verdict."""
        if task.mourn is None:
            return verdict
        mourn = partial(task.mourn, error)
        try:
            child = processes.start_job(mourn, self._forget)
        except OSError:
            return verdict
        said = self._watched(child, Escalation(self._terms.patience, times_out_at=monotonic() + MOURNING)).said
        return replace(said, backtrace=verdict.backtrace or said.backtrace) if said else verdict

    def _announce(self, task: Task, child: Child) -> None:
        args = {"args": task.job.args} if self._terms.log_args else {}
        log.info("job.started", queue=task.job.queue, job=task.job.name, pid=child.pid, run=task.job.run, **args)

    def _watched(self, child: Child, end: Escalation) -> Ending:
        """Until the process has ended: be present in Redis, and bring it to its end when it is time."""
        self._row.job = child.pid
        while not child.has_ended():
            end.hear(self._duty.mood, monotonic())
            if self._terms.put_back and self._duty.is_unseen(monotonic()):
                end.unseen(monotonic())
            self._act(child, end.step(monotonic()))
            self._books.attend()
            self._ears.wait(_earliest(end.wakes_at(), self._duty.beats_at()), *_open(child))
            child.listen()
        self._row.job = 0
        assert child.exit is not None
        ending = Ending(child.verdict(), child.exit, end, self._terms)
        if end.asked or ending.said is None:  # what it leaves must not go on when it is put back, or known as dead
            processes.kill_group(child.pid)
        return ending

    def _act(self, child: Child, step: Step) -> None:
        match step:
            case Step.WAIT:
                pass
            case Step.ASK:
                log.info("job.asked", pid=child.pid)
                processes.ask(child)
            case Step.KILL:
                log.warning("job.killed", pid=child.pid)
                processes.kill_job(child)


def _earliest(end: float | None, beat: float) -> float:
    return beat if end is None else min(end, beat)


def _open(child: Child) -> tuple[int, ...]:
    return () if child.fileno() < 0 else (child.fileno(),)
