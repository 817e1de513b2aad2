"""Inside a job's process: perform the job, and put into a verdict how that went."""

from resqued import failure, hooks, streams
from resqued.performance import Performance
from resqued.verdict import DONE, Verdict
from resqued.work import Job

ENOUGH = 64  # times; CPython 3.11 to 3.13 rewrites code after far fewer


def perform(job_class: type, job: Job, *, forked: bool = True) -> Verdict:
    """Perform `job`, with its hooks and, in a process of its own, the `after_fork` hooks of the worker. Never raises.

    An interruption (`termination.ask`) is FAILED with JobTerminated, and without `on_failure*`: the worker knows
    whether it is a failure; if it is, `failed` is what remains to be done.
    """
    performance = Performance(job_class, job)
    try:
        performance.run(hooks.registered["after_fork"] if forked else ())
    except BaseException as error:  # noqa: BLE001  whatever a job raises is its verdict: SystemExit, too
        return _failed(performance, error)
    return DONE


def failed(job_class: type, job: Job, error: BaseException) -> Verdict:
    """Only the `on_failure*` hooks, in a fresh process, for a job whose own is dead. Never raises.

    The verdict is `error` with what the hooks raised.
    """
    return _failed(Performance(job_class, job), error)


def rehearse() -> None:
    """In a worker, before its first fork: perform nothing, some times.

    The interpreter rewrites code that has run a few times so that it looks names up no more. What runs in jobs only is
    never that old: each would look up every name, and copy the pages that they lie on.
    """
    nothing = Job("", (), "", {})
    for _ in range(ENOUGH):
        perform(_Nothing, nothing, forked=False).encode()
        streams.flush()


class _Nothing:
    @staticmethod
    def perform() -> None:
        pass


def _failed(performance: Performance, error: BaseException) -> Verdict:
    performance.mourn(error)
    return failure.verdict_on(error)
