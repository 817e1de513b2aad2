"""Inside a job's process: perform the job, and put into a verdict how that went."""

from collections.abc import Sequence

from resqued import failure, hooks, streams
from resqued.performance import Nobody, Performance
from resqued.verdict import DONE, Verdict
from resqued.work import Job

NOTHING = Job("", (), "", {})  # to be rehearsed: the application is not told
ENOUGH = 64  # times; CPython 3.11 to 3.13 rewrites code after far fewer


def perform(job_class: type, job: Job, *, forked: bool = True) -> Verdict:
    """Perform `job`, with its hooks, and those of the application that are around it. Never raises.

    `forked`: whether it is the first of its process, so that the `after_fork` hooks are due.
    An interruption (`termination.ask`) is FAILED with JobTerminated, and without `on_failure*`: the worker knows
    whether it is a failure; if it is, `failed` is what remains to be done.
    """
    performance = Performance(job_class, job)
    try:
        performance.run(
            hooks.registered["after_fork"] if forked else (),
            () if job is NOTHING else hooks.registered["around_job"],
        )
    except BaseException as error:  # noqa: BLE001  whatever a job raises is its verdict: SystemExit, too
        return _failed(performance, error)
    return DONE


def failed(job_class: type, job: Job, error: BaseException) -> Verdict:
    """Only the failure hooks, in a fresh process with its `after_fork` hooks, for a job whose own is dead.

    Never raises. The verdict is `error` with what the hooks raised.
    """
    return _failed(Performance(job_class, job), error, hooks.registered["after_fork"])


def rehearse() -> None:
    """In a worker, before its first fork: perform nothing, some times.

    The interpreter rewrites code that has run a few times so that it looks names up no more. What runs in jobs only is
    never that old: each would look up every name, and copy the pages that they lie on.
    """
    for _ in range(ENOUGH):
        perform(Nobody, NOTHING, forked=False).encode()
        streams.flush()


def _failed(performance: Performance, error: BaseException, beforehand: Sequence[hooks.JobHook] = ()) -> Verdict:
    performance.mourn(error, hooks.registered["on_failure"], beforehand)
    return failure.verdict_on(error)
