"""From an opaque payload to something that can be performed, and from the end of a process to a verdict."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from resqued import hooks, jobhooks, joblimits, memory
from resqued.errors import DirtyExit, JobError, JobInterrupted, JobKilled, JobMemoryExceeded, JobTimeout, NotUnlocked
from resqued.escalation import Escalation, Reason
from resqued.failure import verdict_on
from resqued.joblimits import UNSTATED, JobLimits
from resqued.performance import Nobody
from resqued.processes import Exit
from resqued.protocol import payloads
from resqued.registry import Registry
from resqued.verdict import DONE, REQUEUED, Outcome, Verdict
from resqued.work import Job, Work
from resqued.worker.terms import Interrupted, Limits

if TYPE_CHECKING:
    from resqued.rubylocks import Locks

Perform = Callable[..., Verdict]  # a class, a job, and `forked`: whether this is the first of its process
Mourn = Callable[[type[Any], Job, BaseException], Verdict]


@dataclass(frozen=True, slots=True)
class Task:
    """A job whose class has been found, or will be in its own process."""

    job: Job
    main: Callable[..., Verdict]  # performs it; with forked=False in a process that has performed others before
    mourn: Callable[[BaseException], Verdict] | None  # runs its `on_failure*` hooks; None if it has none
    limits: JobLimits = UNSTATED  # of its class
    locks: "Locks | None" = None  # of Ruby's plugins


class Application:
    """What the worker knows of the application: which jobs there are, how one is performed, and how one is mourned."""

    def __init__(self, registry: Registry, perform: Perform, mourn: Mourn, *, max_payload: int) -> None:
        self._registry, self._perform, self._mourn, self._max_payload = registry, perform, mourn, max_payload

    def job(self, work: Work, worker: str) -> Job:
        """Raises InvalidPayload for what is no job."""
        payload = payloads.decode(work.payload, self._max_payload)
        job = Job(payload.name, payload.args, work.queue, payload.document, worker, work.run)
        if payload.name == payloads.ACTIVE_JOB and payload.name not in self._registry:
            from resqued import activejob  # noqa: PLC0415  with what it needs it is large, and few have such jobs

            return activejob.opened(job)
        return job

    def task(self, job: Job) -> Task:
        """Looks its class up, before the fork if it can. Raises UnknownJob for what may not run."""
        if not self._registry.loaded:
            return Task(job, partial(self._load_and, self._perform, job), partial(self._load_and, self._mourn, job))
        job_class = self._registry.find(job.name)
        own = jobhooks.of(job_class)
        is_mourned = own.on_failure or hooks.registered["on_failure"]
        mourn = partial(self._mourn, job_class, job) if is_mourned else None
        locks = _locks(job_class, job, own.locks) if own.locks else None
        return Task(job, partial(self._perform, job_class, job), mourn, joblimits.of(job_class), locks)

    def refused(self, job: Job | None, work: Work, worker: str) -> Task:
        """What cannot be performed, or is no job at all: only the hooks `on_failure` of all jobs are for it."""
        job = job or Job(payloads.UNKNOWN_CLASS, (), work.queue, {}, worker, work.run)
        mourn = partial(self._mourn, Nobody, job) if hooks.registered["on_failure"] else None
        return Task(job, partial(self._perform, Nobody, job), mourn)

    def _load_and(self, act: Callable[..., Verdict], job: Job, *facts: BaseException, **how: bool) -> Verdict:
        try:
            self._registry.load()
            job_class = self._registry.find(job.name)
        except BaseException as error:  # noqa: BLE001  the application's own code runs here: sys.exit, too
            return self._mourn(Nobody, job, error)
        if jobhooks.of(job_class).locks:
            why = 'with jobs.preload = "job" nobody knows in time which locks this job has'
            return self._mourn(job_class, job, NotUnlocked(why))
        return act(job_class, job, *facts, **how)


def _locks(job_class: type, job: Job, plugins: tuple[str, ...]) -> "Locks | None":
    if job.active_job:  # none of the plugins is for what Rails has wrapped
        return None
    from resqued import rubylocks  # noqa: PLC0415  few jobs have any

    return rubylocks.of(job_class, job, plugins)


def failed(error: BaseException, backtrace: tuple[str, ...] = ()) -> Verdict:
    """FAILED with `error`, and with `backtrace` if that tells more than its own. Never raises."""
    verdict = verdict_on(error)
    return replace(verdict, backtrace=backtrace) if backtrace else verdict


@dataclass(frozen=True, slots=True)
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
            return DONE
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
