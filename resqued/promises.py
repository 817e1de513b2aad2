"""What a job owes at its end because of its policies, before anybody knows which keys in Redis that means."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from resqued import jobclass
from resqued.concurrency import Limit
from resqued.joblimits import JobLimits
from resqued.tries import NEVER, RetryPolicy
from resqued.unique import Identity, UniquePolicy
from resqued.work import Job


@dataclass(frozen=True, slots=True)
class Promise:
    name: str  # the class of its payload
    args: Sequence[Any]
    retry: RetryPolicy | None = None
    unique: UniquePolicy | None = None
    identity: Identity | None = None
    limit: Limit | None = None  # under which it may have to wait for its turn
    opens: Sequence[str] = ()  # locks of Ruby's plugins that are open when it begins, without namespace
    opens_at_end: Sequence[str] = ()

    @property
    def is_exclusive(self) -> bool:
        """Whether others must not begin while its process is still there."""
        return self.unique is not None or self.limit is not None


def of(
    job: Job,
    job_class: type,
    limits: JobLimits,
    retry: RetryPolicy | None,
    locks: tuple[Sequence[str], Sequence[str]] = ((), ()),
) -> Promise | None:
    """Of a job that is to run. `retry`: the policy that counts. None: it owes nothing.

    `locks`: of Ruby's plugins, those that are open when it begins, and those when it has ended.
    """
    unique = limits.unique if limits.unique and limits.unique.scope.concerns_worker else None
    limit = limits.concurrency.of(job.args) if limits.concurrency else None
    if not (retry or unique or limit or any(locks)):
        return None
    args = arguments(job)
    identity = unique.identity(jobclass.name_of(job_class), args) if unique else None
    return Promise(str(job.payload["class"]), args, retry, unique, identity, limit, *locks)


def of_pool(job: Job, retry: RetryPolicy | None) -> Promise | None:
    """The same of a job whose class is not known yet."""
    return Promise(str(job.payload["class"]), arguments(job), retry) if retry else None


def of_refused(job: Job) -> Promise:
    """Of one that may not run: what is remembered of earlier tries, under a name that was known then, ends with it."""
    return Promise(str(job.payload["class"]), arguments(job), NEVER)


def arguments(job: Job) -> Sequence[Any]:
    """As they stand in the payload, whatever became of them on the way to `perform`."""
    said = job.payload.get("args")
    return said if isinstance(said, list) else job.args
