"""One job's process, from its fork to its end."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from signal import SIGKILL
from time import monotonic, time

from resqued import hooks, kin, oom, processes
from resqued.duty import Duty
from resqued.errors import NotPermitted
from resqued.escalation import Escalation, Reason, Step
from resqued.joblimits import UNSTATED
from resqued.log import log
from resqued.memory import Watch
from resqued.processes import Child
from resqued.protocol import identity
from resqued.scoreboard import Row
from resqued.verdict import REQUEUED, Outcome, Verdict
from resqued.version import __version__
from resqued.work import Work
from resqued.worker.books import Books
from resqued.worker.ears import Ears
from resqued.worker.task import Ending, Task, failed
from resqued.worker.terms import Limits, Terms

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
        self, terms: Terms, *, duty: Duty, ears: Ears, books: Books, row: Row, mine: Callable[[], list[int]]
    ) -> None:
        self._terms, self._duty, self._ears, self._books, self._row = terms, duty, ears, books, row
        self._mine = mine
        self._worker = os.getpid()
        self._usual = terms.limits(UNSTATED)
        self._kills, self._killed = oom.kills_of_ours(), 0

    def run(self, task: Task) -> Ended:
        """Perform `task` in a process of its own and return the truth about it."""
        try:
            for hook in hooks.registered["before_fork"]:
                hook(task.job)
        except BaseException as error:  # noqa: BLE001  the application's own code: sys.exit, too
            return Ended(self._mourned(task, error, failed(error)), task.job.name)
        limits = self._usual if task.limits is UNSTATED else self._terms.limits(task.limits)
        watch = Watch(limits.memory) if limits.memory else None
        try:
            child = processes.start_job(partial(self._main, task, self._title(task)), self._mine())
        except OSError as error:
            log.error("job.not_forked", queue=task.job.queue, job=task.job.name, error=str(error))
            return Ended(REQUEUED, task.job.name)
        return self._see_through(task, child, limits, watch)

    @staticmethod
    def _title(task: Task) -> str:
        return identity.processing(__version__, task.job.queue, int(time()), task.job.name)

    def _main(self, task: Task, title: str) -> Verdict:
        """In the job's process."""
        processes.set_title(title)
        return self._disguised(task.main)

    def _disguised(self, act: Callable[[], Verdict]) -> Verdict:
        """In the process of a job, or of its hooks, none of which runs with other rights than its pool's."""
        if self._terms.guise:
            try:
                self._terms.guise.put_on()
            except OSError as error:
                return failed(NotPermitted(f"the system refused nice, user, group or umask of its pool: {error}"))
            processes.end_with_worker(self._worker)
        return act()

    def _see_through(self, task: Task, child: Child, limits: Limits, watch: Watch | None) -> Ended:
        started = monotonic()
        processes.set_title(identity.forked(__version__, child.pid, int(time()), self._terms.slot))
        self._announce(task, child)
        ending = self._watched(child, limits, watch)
        verdict = ending.verdict
        if verdict.outcome is Outcome.FAILED and (error := ending.cause_of_death):
            verdict = self._mourned(task, error, verdict)
        return Ended(verdict, task.job.name, child.pid, monotonic() - started)

    def _mourned(self, task: Task, error: BaseException, verdict: Verdict) -> Verdict:
        """Run the `on_failure*` hooks of a job that can no longer do so itself; what they raise is in the verdict."""
        if task.mourn is None:
            return verdict
        self._duty.begins_job()  # who wanted the job stopped has been obeyed
        mourn = partial(task.mourn, error)
        try:
            child = processes.start_job(lambda: self._disguised(mourn), self._mine())
        except OSError:
            return verdict
        said = self._watched(child, Limits(timeout=MOURNING), None).said
        return replace(said, backtrace=verdict.backtrace or said.backtrace) if said else verdict

    def _announce(self, task: Task, child: Child) -> None:
        args = {"args": task.job.args} if self._terms.log_args else {}
        log.info("job.started", queue=task.job.queue, job=task.job.name, pid=child.pid, run=task.job.run, **args)

    def _watched(self, child: Child, limits: Limits, watch: Watch | None) -> Ending:
        """Until the process has ended: be present in Redis, and bring it to its end when it is time."""
        self._row.job = child.pid
        self._killed = self._kills.count() if self._kills else 0
        end = Escalation(self._terms.patience, times_out_at=monotonic() + limits.timeout if limits.timeout else None)
        while not child.has_ended():
            if (step := self._step(end, watch, monotonic())) is not Step.WAIT:
                self._act(child, end, watch, step)
            self._books.attend()
            self._ears.wait(_earliest(end.wakes_at(), self._duty.beats_at(), watch), *_open(child))
            child.listen()
        self._row.job = 0
        said = child.verdict()
        assert child.exit is not None
        ending = Ending(said, child.exit, end, limits, self._terms.interrupted)
        return self._cut_short(child, ending, watch) if said is None or end.asked else ending

    def _step(self, end: Escalation, watch: Watch | None, now: float) -> Step:
        """What is to be done with a job now, for whatever reason."""
        end.hear(self._duty.mood, now)
        if self._duty.wants_job_stopped:
            end.unwanted(now)
        if self._terms.put_back and self._duty.is_unseen(now):
            end.unseen(now)
        if watch and watch.is_passed(now):
            end.too_large(now)
        return end.step(now)

    def _act(self, child: Child, end: Escalation, watch: Watch | None, step: Step) -> None:
        if step is Step.ASK:
            log.info("job.asked", pid=child.pid, reason=end.reason)
            processes.ask(child)
        else:
            log.warning("job.killed", pid=child.pid, reason=end.reason)
            processes.kill_job(child, _those_with(child, end, watch))

    def _cut_short(self, child: Child, ending: Ending, watch: Watch | None) -> Ending:
        """What such a job leaves must not go on when it is put back, or known as dead."""
        processes.kill_group(child.pid)
        processes.kill_each(_those_with(child, ending.end, watch))
        return replace(
            ending,
            used=watch.used if watch else 0,
            out_of_memory=ending.exit.signal == SIGKILL
            and self._kills is not None
            and self._kills.count() > self._killed,
        )


def _those_with(child: Child, end: Escalation, watch: Watch | None) -> list[int]:
    """Who goes with a job that has to: its session; with one that is too large all that it has started, daemons too."""
    return watch.family() if watch and end.reason is Reason.MEMORY else kin.session(child.pid)


def _earliest(end: float | None, beat: float, watch: Watch | None) -> float:
    if end is not None and end < beat:
        beat = end
    return min(beat, watch.looks_at) if watch else beat


def _open(child: Child) -> tuple[int, ...]:
    return () if child.fileno() < 0 else (child.fileno(),)
