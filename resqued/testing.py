"""For the tests of an application: what it enqueues is collected, or performed at once, without Redis.

    with resqued.testing.collected() as jobs:
        sign_up("ann@example.org")

    assert jobs == [("mail", "app.jobs.Welcome", ("ann@example.org",))]

Arguments arrive as they would from a queue (a tuple among them has become a list), and what a queue could not carry is
refused as it would be (`NotEncodable`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from resqued import activejob, outlet
from resqued.errors import UnknownJob
from resqued.performance import Performance
from resqued.protocol import payloads
from resqued.registry import Registry
from resqued.work import Job


class Enqueued(NamedTuple):
    queue: str
    name: str  # what the payload calls the class
    args: tuple[Any, ...]


@contextmanager
def collected() -> Iterator[list[Enqueued]]:
    """Keep what is enqueued in a list, oldest first, and perform nothing."""
    jobs: list[Enqueued] = []

    def collect(queue: str, payload: dict[str, Any], _job_class: type | None) -> None:
        job = _taken_from(queue, payload)
        jobs.append(Enqueued(job.queue, job.name, job.args))

    with outlet.opened(collect):
        yield jobs


@contextmanager
def inline(jobs: Registry | None = None) -> Iterator[None]:
    """Perform each job where it is enqueued, with its hooks; what it raises, the caller sees.

    `jobs` is where a job is looked up that is enqueued by name: `inline(Registry.of(Echo))`. Raises UnknownJob without.
    """

    def perform(queue: str, payload: dict[str, Any], job_class: type | None) -> None:
        job = _taken_from(queue, payload)
        if job.name == payloads.ACTIVE_JOB:
            job = activejob.opened(job)
        _perform(job_class or _found(job.name, jobs), job)

    with outlet.opened(perform):
        yield


def _taken_from(queue: str, payload: dict[str, Any]) -> Job:
    taken = payloads.decode(payloads.encode_job(payload).encode())
    return Job(taken.name, taken.args, queue, taken.document)


def _found(name: str, jobs: Registry | None) -> type:
    if jobs is None:
        raise UnknownJob(
            f"job {name!r} was enqueued by name: say inline(Registry.of(...)) with the classes it may mean"
        )
    return jobs.find(name)


def _perform(job_class: type, job: Job) -> None:
    performance = Performance(job_class, job)
    try:
        performance.run()
    except BaseException as error:
        performance.mourn(error)
        raise
