"""Locks that plugins of Ruby put on a job, and that only a worker of Ruby's would open: those that its class names.

    class UpdateGraph:
        resque_name = "UpdateGraph"
        resque_locks = "resque-lock"  # or several: ("resque-loner", "resque-retry")

        @staticmethod
        def lock(repository: int) -> str:  # where the class in Ruby has a `lock` of its own
            return "network-graph"

`lock`, `redis_key` (resque-loner) and `retry_identifier` are static or class methods, and called as in Ruby.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from resqued import failure
from resqued.errors import NotUnlocked
from resqued.protocol import locks
from resqued.work import Job

PLUGINS = "resque-lock", "resque-loner", "resque-retry"


@dataclass(frozen=True, slots=True)
class Locks:
    """Keys without the namespace."""

    when_taken: tuple[str, ...]  # what was unique is so only while it is queued
    when_ended: tuple[str, ...]


def of(job_class: type, job: Job, plugins: Iterable[str]) -> Locks:
    """Those of a job of this class by `plugins`. Raises NotUnlocked if a method of the class does not tell its own."""
    name, args = str(job.payload["class"]), list(job.args)
    taken: list[str] = []
    ended: list[str] = []
    for plugin in plugins:
        match plugin:
            case "resque-lock":
                own = _own(job_class, "lock")
                ended += [own(*args)] if own else locks.resque_lock(name, args)
            case "resque-loner":
                own = _own(job_class, "redis_key")
                taken += locks.resque_loner(job.queue, own(job.payload) if own else locks.loner_digest(name, args))
            case "resque-retry":
                own = _own(job_class, "retry_identifier")
                ended += locks.resque_retry(name, own(*args) if own else locks.retry_identifier(args))
    return Locks(tuple(taken), tuple(ended))


def _own(job_class: type, name: str) -> Callable[..., Any] | None:
    method = getattr(job_class, name, None)
    if method is None:
        return None

    def told(*args: Any) -> str | None:
        try:
            answer = method(*args)
            return None if answer is None else str(answer)
        except Exception as error:
            raise NotUnlocked(
                f"{job_class.__name__}.{name} does not tell its lock: {failure.summary_of(error)}"
            ) from error

    return told
