"""One job's process, from its fork to its end; or one that performs several jobs."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from signal import SIGKILL
from time import monotonic, time

from resqued import hooks, kin, oom, processes
from resqued.duty import Duty
from resqued.errors import NotPermitted
from resqued.escalation import Escalation, Reason, Step
from resqued.guise import Guise
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
from resqued.worker.diary import Ended
from resqued.worker.ears import Ears
from resqued.worker.hand import Hand, Performances, title
from resqued.worker.task import Application, Ending, Task, failed, failed_for_now
from resqued.worker.terms import Limits, Terms

MOURNING = 10.0  # s that the `on_failure*` hooks of a job that was killed may take
LEAVING = 5.0  # s that a process may take to end after its verdict; what is left of its session is killed then


class Runner:
    """`task`: what a job's process makes of a further job that is handed to it."""

    def __init__(
        self,
        terms: Terms,
        task: Callable[[Work], Task],
        application: Application,
        *,
        duty: Duty,
        ears: Ears,
        books: Books,
        row: Row,
        mine: Callable[[], list[int]],
    ) -> None:
        self._terms, self._duty, self._ears, self._books, self._row = terms, duty, ears, books, row
        self._task, self._mine, self._application = task, mine, application
        self._worker, self._turns = os.getpid(), 0
        self._usual = terms.limits(UNSTATED)
        self._kills = oom.kills_of_ours()
        self._hand: Hand | None = None  # free for a further job
        self._may_stand_by = terms.standby
        self._leaving: Child | None = None  # has said its last verdict

    def run(self, task: Task, work: Work) -> Ended:
        """Perform `task` in a process that is free, else in one of its own, and return the truth about it."""
        self._may_stand_by = self._terms.standby
        limits = self._usual if task.limits is UNSTATED else self._terms.limits(task.limits)
        hand = self._hand
        if hand and hand.takes(work, limits):
            ended = self._see_through(task, hand, run=work.run)
            if ended:
                return ended
        self.let_go()
        try:
            for hook in hooks.registered["before_fork"]:
                hook(task.job)
        except BaseException as error:  # noqa: BLE001  the application's own code: sys.exit, too
            return Ended(self.refuse(task, error), task.job.name)
        self.see_off()
        try:
            hand = self._forked(task, limits)
            self._row.begun = work.run
        except OSError as error:
            log.error("job.not_forked", queue=task.job.queue, job=task.job.name, error=str(error))
            return Ended(REQUEUED, task.job.name)
        ended = self._see_through(task, hand, run=work.run)
        assert ended is not None
        return ended

    def refuse(self, task: Task, error: BaseException) -> Verdict:
        """The verdict on a job that has no process, because of `error`, when all hooks that want to have been told."""
        return self._mourned(task, error, failed(error))

    @property
    def may_stand_by(self) -> bool:
        """Whether a process can be forked ahead: not if a hook wants to know the job before there is one."""
        return self._may_stand_by and not (self._hand or self._leaving or hooks.registered["before_fork"])

    def stand_by(self) -> bool:
        """Fork the process of the next job now, so that it will begin at once. Whether that was possible."""
        self._may_stand_by = False  # one that dies of itself is not forked again and again
        with suppress(OSError):
            self._hand = self._forked(None, self._usual)
        return self._hand is not None

    def let_go(self) -> None:
        """The process that is free is not needed any more."""
        if self._hand:
            self._hand.child.dismiss()
            self._leaving, self._hand = self._hand.child, None
            self._may_stand_by = self._terms.standby

    def see_off(self) -> None:
        """Wait until the process of the last job has ended: what it holds, perhaps a lock, is free for the next one."""
        until = monotonic() + LEAVING
        while self._leaving and not self._leaving.has_ended():
            if monotonic() >= until:
                processes.kill_job(self._leaving, kin.session(self._leaving.pid))
                until = monotonic() + LEAVING
            self._ears.wait(until)
            self._books.attend()
        self._leaving, self._row.job = None, 0

    def reap(self) -> None:
        """Whoever has ended: the process of the last job, and what others have left behind."""
        for ended in processes.reap():
            if self._leaving and ended.pid == self._leaving.pid:
                self._leaving.end(ended)
                self._leaving, self._row.job = None, 0
            elif self._hand and ended.pid == self._hand.child.pid:
                self._hand.child.end(ended)
                self._hand, self._row.job = None, 0

    def _forked(self, task: Task | None, limits: Limits) -> Hand:
        """For this job, or for one to come. Raises OSError."""
        watch = Watch(limits.memory) if limits.memory else None
        further = self._terms.jobs_per_fork - (1 if task else 0)
        name = title(task) if task else identity.standing_by(__version__, self._terms.slot)
        mine = self._not_for_jobs()
        child = processes.start_job(self._verdicts(task), mine, title=name, takes_orders=further > 0)
        self._row.job = child.pid
        return Hand(child, limits, watch, further)

    def _not_for_jobs(self) -> list[int]:
        """Descriptors."""
        return [*self._ears.mine(), *self._mine()]

    def _verdicts(self, task: Task | None) -> processes.Verdicts:
        """What a job's process does. What can be decided here need not be there, where each line has pages to copy."""
        if task and self._terms.jobs_per_fork == 1:
            verdicts: processes.Verdicts = partial(_alone, self._disguised(task.main))
        else:
            rehearse = None if task else self._application.rehearse
            verdicts = Performances(task, self._begin, self._task, self._row, rehearse)
        finish = self._application.finish
        return partial(_finished, verdicts, finish) if finish else verdicts

    def _begin(self, task: Task) -> Verdict:
        return self._disguised(task.main)()

    def _disguised(self, act: Callable[[], Verdict]) -> Callable[[], Verdict]:
        """For the process of a job, or of its hooks, none of which runs with other rights than its pool's."""
        return partial(_act_as, self._terms.guise, self._worker, act) if self._terms.guise else act

    def _see_through(self, task: Task, hand: Hand, *, run: int) -> Ended | None:
        """The truth about a job. None if its process has ended before it began with it: it is for another one."""
        started, child = monotonic(), hand.child
        processes.set_title(identity.forked(__version__, child.pid, int(time()), self._terms.slot))
        self._announce(task, child)
        self._turns += 1
        self._row.turn = self._turns
        ending = self._watched(child, hand.limits, hand.watch)
        unwanted, self._row.turn = self._is_unwanted, 0
        verdict = ending.verdict
        self._keep(hand if ending.said and ending.said.outcome is Outcome.DONE else None, child)
        if ending.said is None and self._row.begun != run and not unwanted:
            return None if self._duty.takes_jobs else Ended(REQUEUED, task.job.name)
        if verdict.outcome is Outcome.FAILED and (error := ending.cause_of_death):
            verdict = self._mourned(task, error, verdict)
        return Ended(verdict, task.job.name, child.pid, monotonic() - started)

    def _keep(self, hand: Hand | None, child: Child) -> None:
        """For a further job, if it is free for one; else it has to leave, if it has not."""
        self._hand = hand if hand and hand.is_free else None
        if not self._hand:
            child.dismiss()
            self._leaving = None if child.exit else child
            self._row.job = self._leaving.pid if self._leaving else 0

    def _mourned(self, task: Task, error: BaseException, verdict: Verdict) -> Verdict:
        """Run the `on_failure*` hooks of a job that can no longer do so itself; what they raise is in the verdict."""
        verdict = failed_for_now(error, verdict, task)
        if task.mourn is None:
            return verdict
        self._duty.begins_job()  # who wanted the job stopped has been obeyed
        mourn = partial(_alone, self._disguised(partial(task.mourn, error)))
        self.let_go()  # who stands by for the next job, if this one had no process
        self.see_off()
        try:
            child = processes.start_job(mourn, self._not_for_jobs(), title=title(task))
        except OSError:
            return verdict
        self._row.job = child.pid
        said = self._watched(child, Limits(timeout=MOURNING), None).said
        self._keep(None, child)
        return replace(said, backtrace=verdict.backtrace or said.backtrace) if said else verdict

    def _announce(self, task: Task, child: Child) -> None:
        job = task.job
        args: dict[str, object] = {"args": job.args} if self._terms.log_args else {}
        if args and job.kwargs:
            args["kwargs"] = job.kwargs
        log.debug("job.started", queue=job.queue, job=job.name, pid=child.pid, run=job.run, **args)

    def _watched(self, child: Child, limits: Limits, watch: Watch | None) -> Ending:
        """Until the job has ended: be present in Redis, and bring it to its end when it is time.

        A process that has said its verdict has nothing more to do, and is not waited for; one that was to stop is.
        """
        self._kills.look(monotonic())
        end = Escalation(self._terms.patience, times_out_at=monotonic() + limits.timeout if limits.timeout else None)
        while not child.has_ended():
            if (step := self._step(end, watch, monotonic())) is not Step.WAIT:
                self._act(child, end, watch, step)
            self._books.attend()
            self._ears.wait(_earliest(end.wakes_at(), self._duty.beats_at(), watch), *_open(child))
            child.listen()
            if child.said and not end.asked:
                break
        ending = Ending(child.said, child.exit, end, limits, self._terms.interrupted)
        return self._cut_short(child, ending, watch) if child.said is None or end.asked else ending

    def _step(self, end: Escalation, watch: Watch | None, now: float) -> Step:
        """What is to be done with a job now, for whatever reason."""
        end.hear(self._duty.mood, now)
        if self._is_unwanted:
            end.unwanted(now)
        if self._terms.put_back and self._duty.is_unseen(now):
            end.unseen(now)
        if watch and watch.is_passed(now):
            end.too_large(now)
        return end.step(now)

    @property
    def _is_unwanted(self) -> bool:
        """Whether an operator wants the present job to end."""
        return self._duty.wants_job_stopped or self._row.is_unwanted

    def _act(self, child: Child, end: Escalation, watch: Watch | None, step: Step) -> None:
        child.dismiss()
        if step is Step.ASK:
            log.info("job.asked", pid=child.pid, reason=end.reason)
            processes.ask(child)
        else:
            log.warning("job.killed", pid=child.pid, reason=end.reason)
            processes.kill_job(child, _those_with(child, end, watch))

    def _cut_short(self, child: Child, ending: Ending, watch: Watch | None) -> Ending:
        """What such a job leaves must not go on when it is put back, or known as dead."""
        assert child.exit is not None
        processes.kill_group(child.pid)
        processes.kill_each(_those_with(child, ending.end, watch))
        return replace(
            ending,
            used=watch.used if watch else 0,
            out_of_memory=child.exit.signal == SIGKILL and self._kills.have_come(),
        )


def _alone(perform: Callable[[], Verdict], _orders: int) -> Iterable[Verdict]:
    """The verdicts of a process that performs one job."""
    return (perform(),)


def _finished(verdicts: processes.Verdicts, finish: Callable[[], None], orders: int) -> Iterator[Verdict]:
    """Nobody waits for what is done after the last of them."""
    yield from verdicts(orders)
    finish()


def _act_as(guise: Guise, worker: int, act: Callable[[], Verdict]) -> Verdict:
    try:
        guise.put_on()
    except OSError as error:
        return failed(NotPermitted(f"the system refused nice, user, group or umask of its pool: {error}"))
    processes.end_with_worker(worker)
    return act()


def _those_with(child: Child, end: Escalation, watch: Watch | None) -> list[int]:
    """Who goes with a job that has to: its session; with one that is too large all that it has started, daemons too."""
    return watch.family() if watch and end.reason is Reason.MEMORY else kin.session(child.pid)


def _earliest(end: float | None, beat: float, watch: Watch | None) -> float:
    if end is not None and end < beat:
        beat = end
    return min(beat, watch.looks_at) if watch else beat


def _open(child: Child) -> tuple[int, ...]:
    return () if child.fileno() < 0 else (child.fileno(),)
