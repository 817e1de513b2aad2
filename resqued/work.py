"""A job, as a worker takes it and as the application sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from resqued.value import value


@value
class Work:
    """What a worker took from a queue. The payload is opaque until somebody performs it."""

    run: int  # number of this reservation; every reservation has its own
    queue: str
    payload: bytes
    tried: int = 0  # how many tries there were before, if somebody counts them


@dataclass(frozen=True, slots=True)
class Job:
    """What `resqued.current_job()` tells a job about itself."""

    name: str  # the payload's `class`; with ActiveJob, the class of what is inside
    args: tuple[Any, ...]
    queue: str
    payload: Mapping[str, Any]  # the whole object that was on the queue, with keys that Resque does not know
    worker: str = ""  # id of the worker, `host:pid:queues`; empty when performed inline
    run: int = 0
    tried: int = 0  # how many tries there were before this one; 0 also if it has no policy of retries
    kwargs: Mapping[str, Any] = field(default_factory=dict)  # only ActiveJob knows such arguments
    active_job: Mapping[str, Any] | None = None  # what ActiveJob says of it: `job_id`, `executions`, `locale`, …


_current: Job | None = None  # one job at a time in a process


def current_job() -> Job | None:
    """The job that this process performs, or None outside of one."""
    return _current


def set_current_job(job: Job | None) -> None:
    global _current  # noqa: PLW0603  it is the one fact that is global to a job's process
    _current = job
