"""From an opaque payload to something that can be performed, and from the end of a process to a verdict."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from resqued import chance, hooks, jobhooks, joblimits, memory, promises
from resqued.errors import (
    ConfigError,
    DirtyExit,
    InvalidPayload,
    JobError,
    JobInterrupted,
    JobKilled,
    JobMemoryExceeded,
    JobTimeout,
    NotUnlocked,
    PolicyNotKept,
)
from resqued.escalation import Escalation, Reason
from resqued.failure import verdict_on
from resqued.jobclass import full_name
from resqued.joblimits import UNSTATED, JobLimits
from resqued.performance import Nobody
from resqued.processes import Exit
from resqued.promises import Promise
from resqued.protocol import payloads
from resqued.registry import Registry
from resqued.tries import NEVER, RetryPolicy
from resqued.value import value
from resqued.verdict import REQUEUED, Outcome, Verdict
from resqued.work import Job, Work
from resqued.worker.terms import Interrupted, Limits

Perform = Callable[..., Verdict]  # a class, a job, and `forked`: whether this is the first of its process
Mourn = Callable[..., Verdict]  # a class, a job, what befell it


@value
class Task:
    """A job whose class has been found, or will be in its own process."""

    job: Job
    main: Callable[..., Verdict]  # performs it; with forked=False in a process that has performed others before
    mourn: Callable[[BaseException], Verdict] | None  # runs its `on_failure*` hooks; None if it has none
    limits: JobLimits = UNSTATED  # of its class
    promise: Promise | None = None  # what it owes at its end; None: nothing


class Application:
    """What the worker knows of the application: which jobs there are, how one is performed, and how one is mourned."""

    def __init__(
        self,
        registry: Registry,
        perform: Perform,
        mourn: Mourn,
        *,
        max_payload: int,
        finish: Callable[[], None] | None = None,  # at the end of a job's process, after its last verdict
        rehearse: Callable[[], None] | None = None,  # in a process that stands by: take the way of a job without one
    ) -> None:
        self.finish, self.rehearse = finish, rehearse
        self._registry, self._perform, self._mourn, self._max_payload = registry, perform, mourn, max_payload

    def job(self, work: Work, worker: str) -> Job:
        """Raises InvalidPayload for what is no job."""
        payload = payloads.decode(work.payload, self._max_payload)
        job = Job(payload.name, payload.args, work.queue, payload.document, worker, work.run, work.tried)
        if payload.name == payloads.ACTIVE_JOB and payload.name not in self._registry:
            from resqued import activejob  # noqa: PLC0415  with what it needs it is large, and few have such jobs

            return activejob.opened(job)
        return job

    def task(self, job: Job, retry: RetryPolicy = NEVER) -> Task:
        """Looks its class up, before the fork if it can. Raises UnknownJob for what may not run.

        `retry`: the policy of its pool, if its class has none.
        """
        if not self._registry.loaded:
            return self._unknown(job, retry)
        job_class = self._registry.find(job.name)
        limits, own = joblimits.of(job_class), jobhooks.of(job_class)
        retry = limits.retry or retry
        if not retry.is_idle or limits.unique or limits.concurrency or own.locks:
            try:
                return self._promising(job, job_class, limits, None if retry.is_idle else retry)
            except RecursionError:
                raise InvalidPayload("payload is nested too deep for the policies of its class") from None
        mourn = partial(self._mourn, job_class, job) if _is_mourned(job_class) else None
        return Task(job, partial(self._perform, job_class, job), mourn, limits)

    def refused(self, job: Job | None, work: Work, worker: str) -> Task:
        """What cannot be performed, or is no job at all: only the hooks `on_failure` of all jobs are for it."""
        job = job or Job(payloads.UNKNOWN_CLASS, (), work.queue, {}, worker, work.run)
        mourn = partial(self._mourn, Nobody, job) if hooks.registered["on_failure"] else None
        return Task(job, partial(self._perform, Nobody, job), mourn)

    @property
    def has_turns(self) -> bool:
        """Whether one of its jobs states how many of it may run at a time."""
        return self._registry.loaded and any(joblimits.of(one).concurrency for one in self._registry.jobs.values())

    def _unknown(self, job: Job, said: RetryPolicy) -> Task:
        """One whose class only its own process will know."""
        retry = None if said.is_idle else said
        main, mourn = (partial(self._load_and, act, job, retry=retry) for act in (self._perform, self._mourn))
        return Task(job, main, mourn, promise=promises.of_pool(job, retry))

    def _promising(self, job: Job, job_class: type, limits: JobLimits, retry: RetryPolicy | None) -> Task:
        """One that owes something at its end, or may be tried again."""
        asks = retry is not None and callable(retry.backoff)  # the application, which a worker must not run
        mourns = asks or _is_mourned(job_class)
        return Task(
            job,
            partial(self._perform, job_class, job, retry=retry),
            partial(self._mourn, job_class, job, retry=retry) if mourns else None,
            limits,
            promises.of(job, job_class, limits, retry, _locks(job_class, job)),
        )

    def _load_and(
        self, act: Callable[..., Verdict], job: Job, *facts: BaseException, **how: bool | RetryPolicy | None
    ) -> Verdict:
        try:
            self._registry.load()
            job_class = self._registry.find(job.name)
            if unkept := list(_cannot_be_kept(job_class)):
                raise PolicyNotKept(unkept[0])  # noqa: TRY301  it fails as any other job does
        except BaseException as error:  # noqa: BLE001  the application's own code runs here: sys.exit, too
            return self._mourn(Nobody, job, error)
        if jobhooks.of(job_class).locks:
            why = 'with jobs.preload = "job" nobody knows in time which locks this job has'
            return self._mourn(job_class, job, NotUnlocked(why))
        return act(job_class, job, *facts, **how)


def _is_mourned(job_class: type) -> bool:
    return bool(jobhooks.of(job_class).on_failure or hooks.registered["on_failure"])


def _locks(job_class: type, job: Job) -> tuple[Sequence[str], Sequence[str]]:
    """Of Ruby's plugins: those that are open when the job begins, and those when it has ended."""
    plugins = jobhooks.of(job_class).locks
    if not plugins or job.active_job:  # none of the plugins is for what Rails has wrapped
        return (), ()
    from resqued import rubylocks  # noqa: PLC0415  few jobs have any

    found = rubylocks.of(job_class, job, plugins)
    return found.when_taken, found.when_ended


def refuse_policies(jobs: Iterable[type], source: str) -> None:
    """Raises ConfigError for jobs whose worker would have to know them before it forks, where it does not."""
    if mistakes := [mistake for job in dict.fromkeys(jobs) for mistake in _cannot_be_kept(job)]:
        raise ConfigError(source, mistakes)


def _cannot_be_kept(job_class: type) -> Iterator[str]:
    limits = joblimits.of(job_class)
    policies = {"unique": limits.unique, "concurrency": limits.concurrency}
    for name in (name for name, policy in policies.items() if policy):
        yield (
            f"{full_name(job_class)}.{name}: cannot be kept: a worker has to know the class before it forks; "
            'say jobs.preload = "worker" or "master"'
        )


def failed_for_now(error: BaseException, verdict: Verdict, task: Task) -> Verdict:
    """`verdict`, and when the job is tried again whose own process can no longer say that."""
    retry = task.promise.retry if task.promise else None
    return replace(verdict, again=retry.unasked(error, task.job.tried, chance.fraction)) if retry else verdict


def failed(error: BaseException, backtrace: tuple[str, ...] = ()) -> Verdict:
    """FAILED with `error`, and with `backtrace` if that tells more than its own. Never raises."""
    verdict = verdict_on(error)
    return replace(verdict, backtrace=backtrace) if backtrace else verdict


@value
class Ending:
    """How a job's process ended, and what had been done to it. Any end is a success if the job returned normally."""

    said: Verdict | None  # by the process, if it lived long enough
    exit: Exit | None  # None if it has said all, and is still about to leave
    end: Escalation
    limits: Limits
    interrupted: Interrupted
    used: int = 0  # bytes of memory, if it passed its cap
    out_of_memory: bool = False  # whether SIGKILL ended it, and the kernel has killed for want of memory meanwhile

    @property
    def verdict(self) -> Verdict:
        """The truth about the job."""
        if self.said and self.said.outcome is Outcome.DONE:
            return self.said
        if self._ended_for is Reason.UNSEEN or (self._ended_for is Reason.STOP and self.interrupted == "requeue"):
            return REQUEUED
        if (error := self.cause_of_death) is not None:
            return failed(error, self.said.backtrace if self.said else ())
        assert self.said is not None
        return self.said

    @property
    def cause_of_death(self) -> JobError | None:
        """What befell a job that did not end by itself, and whose `on_failure*` hooks have not run."""
        match self._ended_for:
            case Reason.TIMEOUT:
                limit = f"{self.limits.timeout:g} s"
                return JobTimeout(f"ran longer than its timeout of {limit} and ended with {self._last_words}")
            case Reason.MEMORY:
                used, cap = memory.shown(self.used), memory.shown(self.limits.memory)
                return JobMemoryExceeded(f"used {used}, more than its cap of {cap}, and was killed")
            case Reason.OPERATOR:
                return JobKilled(f"stopped by an operator and ended with {self._last_words}")
            case Reason.STOP:
                return JobInterrupted(f"cut short by the stop of its worker and ended with {self._last_words}")
        return None if self.said else self._dirty_exit

    @property
    def _ended_for(self) -> Reason | None:
        """Once it was asked, any end but a normal return is our doing."""
        return self.end.reason if self.end.asked else None

    @property
    def _dirty_exit(self) -> DirtyExit:
        assert self.exit is not None
        why = ", out of memory" if self.out_of_memory else ""
        return DirtyExit(f"job process {self.exit.pid} ended without a verdict: {self.exit}{why}")

    @property
    def _last_words(self) -> str:
        return f"{self.said.exception}: {self.said.error}" if self.said else str(self.exit)
