"""The loop of a worker."""

from collections.abc import Callable
from dataclasses import replace
from math import inf
from time import monotonic

from resqued import promises
from resqued.duty import Duty
from resqued.errors import JobError, StoreUnavailable
from resqued.escalation import Mood
from resqued.hooks import WorkerInfo
from resqued.lifeline import Bell, Lifeline
from resqued.log import log
from resqued.promises import Promise
from resqued.protocol.moves import Begun
from resqued.queues import QueueSet
from resqued.scoreboard import Row, State
from resqued.signals import Inbox
from resqued.store.pruning import Pruning
from resqued.store.slate import Nothing, Slate
from resqued.store.vigil import Vigil
from resqued.verdict import ASIDE, REQUEUED
from resqued.wear import Wear
from resqued.whereabouts import Whereabouts
from resqued.work import Work
from resqued.worker.books import Books, Taken
from resqued.worker.diary import Diary, Ended
from resqued.worker.ears import Ears
from resqued.worker.pulse import Pulse
from resqued.worker.runner import Runner
from resqued.worker.standing import Standing
from resqued.worker.task import Application, Task
from resqued.worker.terms import Terms
from resqued.worker.upkeep import Upkeep


class Worker:
    """One worker, in the process that is registered for it.

    `mine`: descriptors that a job's process closes. `bell` is rung when `row` has news.
    """

    _has_forked = False
    _unreported: tuple[Work, Ended] | None = None

    def __init__(
        self,
        pool: str,
        terms: Terms,
        application: Application,
        *,
        slate: Slate,
        pruning: Pruning,
        upkeep: Upkeep,
        here: Whereabouts,
        diary: Diary,
        vigil: Vigil,
        queues: QueueSet,
        duty: Duty,
        wear: Wear,
        inbox: Inbox,
        lifeline: Lifeline | None,
        bell: Bell | None,
        row: Row,
        mine: Callable[[], list[int]],
    ) -> None:
        self._application, self._slate, self._diary, self._wear = application, slate, diary, wear
        self._vigil, self._queues, self._duty, self._row, self._pulse = vigil, queues, duty, row, Pulse(row)
        self._ears, self._retry = Ears(duty, inbox, lifeline, self._pulse), terms.retry
        self._books = Books(
            slate,
            pruning,
            here,
            upkeep,
            queues=queues,
            duty=duty,
            ears=self._ears,
            redis_timeout=terms.redis_timeout,
            row=row,
            when_lost=vigil.lost,
        )
        self._runner = Runner(
            terms, self._task, application, duty=duty, ears=self._ears, books=self._books, row=row, mine=mine
        )
        self._standing = Standing(WorkerInfo(slate.worker, pool, queues.entries), terms.slot, row, bell)

    def run(self) -> bool:
        """Work until asked to stop. Whether nothing of this worker is left in Redis: it may have been away too long."""
        self._pulse.beat()
        while not self._duty.over:
            work = self._reserve()
            while work:
                work = self._see_through(work)
            self._give_way_if_worn()
            if not self._duty.over:
                self._rest()
        return self._leave()

    def _reserve(self) -> Work | None:
        """Look for a job if it is time to. Who pauses only shows that it is there."""
        if self._duty.paused:
            self._pause(is_there=self._books.attend())
            return None
        if self._standing.state is State.IDLE and not self._vigil.leads:
            self._duty.spare_a_look(monotonic())
        if not self._duty.is_rested(monotonic()):
            self._books.attend()
            return None
        return self._take(self._books.reserve())

    def _pause(self, *, is_there: bool) -> None:
        """Who has never been there, in Redis, has nothing to pause from."""
        if is_there or self._standing.is_there:
            self._become(State.PAUSED)
        else:
            self._standing.is_without_redis()

    def _take(self, taken: Taken | None) -> Work | None:
        """What came of reserving. A job that was taken while a stop or pause was on its way is put back, unstarted."""
        self._ears.hear()
        if isinstance(taken, Work):
            self._queues.served(taken.queue)
            if self._duty.takes_jobs:
                self._duty.begins_job()
                return taken
            self._put_back(taken)
        elif taken is None:
            self._standing.is_without_redis()
        elif self._duty.takes_jobs:
            self._duty.found_nothing(monotonic())
            self._become(State.PAUSED if taken is Nothing.PAUSED else State.IDLE)
        elif self._duty.paused:  # since a moment: Redis has answered, so this worker is there
            self._become(State.PAUSED)
        return None

    def _put_back(self, work: Work) -> None:
        # should Redis be away now, whoever finds it on the slate knows that it never began
        self._diary.note(work, Ended(REQUEUED))
        self._books.settle(work, REQUEUED)
        log.info("job.put_back", queue=work.queue, run=work.run)

    def _see_through(self, work: Work) -> Work | None:
        """Perform a job and settle it. Returns the next one, which the same round trip brought."""
        self._become(State.BUSY)
        ended = self._perform(work)
        self._diary.note(work, ended)
        if ended.makes_way:
            self._runner.see_off()
        self._wear.performed(self._pulse.weigh() if self._wear.heeds_memory else 0)
        self._give_way_if_worn()
        self._unreported = work, ended
        answer = self._books.settle(work, ended.verdict, meanwhile=self._report)
        if ended.verdict is REQUEUED:  # no process can be had, or we are to stop: do not take it again at once
            self._duty.hold_off(monotonic())
        return self._take(answer[1]) if answer else None

    def _report(self) -> None:
        """What remains to be done for the last job, once: there is time while Redis writes its end, or is away."""
        if self._unreported:
            self._diary.report(*self._unreported)
            self._unreported = None
            self._runner.reap()

    def _perform(self, work: Work) -> Ended:
        job = None
        try:
            job = self._application.job(work, self._slate.worker)
            self._row.begin(job.name)
            self._diary.begin(job)
            task = self._application.task(job, self._retry)
        except JobError as error:
            if job:
                self._books.begin(work, promises.of_refused(job))
            task = self._application.refused(job, work, self._slate.worker)
            if task.mourn:
                self._before_first_fork()
            return Ended(self._runner.refuse(task, error), job.name if job else None)
        if task.promise:
            return self._perform_promising(task, task.promise, work)
        return self._run(task, work)

    def _run(self, task: Task, work: Work) -> Ended:
        self._before_first_fork()
        return self._runner.run(task, work)

    def _perform_promising(self, task: Task, promise: Promise, work: Work) -> Ended:
        """A job that owes something at its end, which is written before it begins; perhaps it may not begin."""
        begun = self._books.begin(work, promise)
        if begun is None:
            return Ended(REQUEUED, task.job.name)
        what, tried = begun
        if what is not Begun.BEGUN:
            facts = {"queue": work.queue, "job": task.job.name, "run": work.run}
            if what is Begun.TURN:  # which may be often
                log.debug("job.aside", **facts)
            else:
                log.info("job.not_begun", **facts, then=what.value)
            return Ended(ASIDE, task.job.name)
        if tried:
            work = replace(work, tried=tried)
            self._diary.begins_again()
            task = self._task(work)
        return replace(self._run(task, work), makes_way=promise.is_exclusive)

    def _task(self, work: Work) -> Task:
        """In the process of a job, of a further one. Raises JobError."""
        return self._application.task(self._application.job(work, self._slate.worker), self._retry)

    def _give_way_if_worn(self) -> None:
        """Leave as on QUIT, for a fresh worker to take over. Who pauses stays: his successor would know of no pause."""
        if self._duty.takes_jobs and (reason := self._wear.reason(monotonic())):
            facts = {"done": self._row.done, "failed": self._row.failed, "rss": self._row.rss}
            log.info("worker.recycled", worker=self._slate.worker, reason=reason, **facts)
            self._duty.shut(Mood.DRAINING)

    def _rest(self) -> None:
        """Sleep until there is a job, something is due, or somebody wants something."""
        if self._duty.paused:
            self._pause(is_there=False)
        self._runner.reap()  # who has ended meanwhile will not wake us again
        try:
            watched = self._watch_queues()
            self._prepare()
            opens_at = self._duty.opens_at if self._vigil.leads else inf  # one of a pool is enough to look for all
            until = min(self._duty.wakes_at(), opens_at)
            if self._vigil.woken(self._ears.wait(until, *watched)) or monotonic() >= opens_at:
                self._duty.woken()
        except StoreUnavailable as error:
            self._vigil.lost()  # also if that Redis is away is known
            self._books.lost(error)
        self._row.leads = self._vigil.leads

    def _prepare(self) -> None:
        """Who waits for a job of the pool has a process ready for it; of the others nobody needs one."""
        if self._standing.state is not State.IDLE or not self._vigil.leads:
            self._runner.let_go()
        elif self._runner.may_stand_by:
            self._before_first_fork()
            if self._runner.stand_by():
                self._duty.woken()  # what it writes to when it looks is then copied now, not when there is a job

    def _before_first_fork(self) -> None:
        if not self._has_forked:
            self._has_forked = True
            self._standing.run_hooks("before_first_fork")

    def _watch_queues(self) -> list[int]:
        """Whom to listen to. No queue while the fleet is paused, for its jobs would answer at once."""
        if self._standing.state is State.PAUSED or not self._duty.may_try_redis(monotonic()):
            return []
        self._vigil.begin(self._queues.to_wait_on(), monotonic(), inf)  # it goes on while its worker looks by itself
        self._row.leads = self._vigil.leads
        return self._vigil.watched()

    def _become(self, state: State) -> None:
        """What is held for another state is let go; then the world may see it."""
        if state is self._standing.state:
            return
        if self._standing.state is State.BUSY:
            self._runner.let_go()
        if state is not State.IDLE:
            self._vigil.end()
            self._row.leads = False
        self._standing.become(state, by="signal" if self._duty.paused else "redis")

    def _leave(self) -> bool:
        self._standing.leave()
        self._runner.let_go()
        self._runner.see_off()
        self._standing.run_hooks("shutdown")
        self._vigil.leave()
        self._diary.close()
        gone = self._books.leave()
        if gone:
            self._diary.remove()
        self._standing.run_hooks("worker_exit")
        log.info("worker.left", worker=self._slate.worker)
        return gone
