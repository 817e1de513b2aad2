"""Inside a job's process: perform the job, and put into a verdict how that went."""

from collections.abc import Sequence
from dataclasses import replace

from resqued import chance, failure, hooks, performance
from resqued.errors import NotEncodable
from resqued.performance import Nobody, Performance
from resqued.protocol import payloads, ties
from resqued.tries import RetryPolicy
from resqued.verdict import DONE, Outcome, Verdict
from resqued.work import Job


def perform(job_class: type, job: Job, *, forked: bool = True, retry: RetryPolicy | None = None) -> Verdict:
    """Perform `job`, with its hooks, and those of the application that are around it. Never raises.

    `forked`: whether it is the first of its process, so that the `after_fork` hooks are due.
    An interruption (`termination.ask`) is FAILED with JobTerminated, and without `on_failure*`: the worker knows
    whether it is a failure; if it is, `failed` is what remains to be done. `retry`: whether it is tried again.
    """
    performed = Performance(job_class, job)
    try:
        performed.run(
            hooks.registered["after_fork"] if forked else (),
            () if job_class is Nobody else hooks.registered["around_job"],
        )
    except BaseException as error:  # noqa: BLE001  whatever a job raises is its verdict: SystemExit, too
        return failure.verdict_on(error) if job_class is Nobody else _failed(performed, job, error, retry)
    return _with_result(performed.result, job) if ties.KEY in job.payload else DONE


def _with_result(result: object, job: Job) -> Verdict:
    """DONE, with what somebody has asked for. A job that has done its work does not fail for what it returns."""
    tied = ties.of(job.payload)
    if tied is None or not tied.keep or result is None:
        return DONE
    try:
        text = payloads.encode_value(result)
    except NotEncodable as error:
        return Verdict(Outcome.DONE, result=ties.lost(f"its result cannot be kept: {error}"))
    if (size := len(text.encode())) > ties.LONGEST_RESULT:
        return Verdict(
            Outcome.DONE, result=ties.lost(f"its result is too large: {size} bytes, not {ties.LONGEST_RESULT}")
        )
    return Verdict(Outcome.DONE, result=ties.done(text))


def failed(job_class: type, job: Job, error: BaseException, *, retry: RetryPolicy | None = None) -> Verdict:
    """Only the failure hooks, in a fresh process with its `after_fork` hooks, for a job whose own is dead.

    Never raises. The verdict is `error` with what the hooks raised.
    """
    performed = Performance(job_class, job)
    return _failed(performed, job, error, retry, hooks.registered["after_fork"])


def _failed(
    performed: Performance,
    job: Job,
    error: BaseException,
    retry: RetryPolicy | None,
    beforehand: Sequence[hooks.JobHook] = (),
) -> Verdict:
    performed.mourn(error, hooks.registered["on_failure"], beforehand)
    return _tried_again(job, error, retry) if retry else failure.verdict_on(error)


def _tried_again(job: Job, error: BaseException, retry: RetryPolicy) -> Verdict:
    again = None
    try:
        again = retry.again(error, job.tried, chance.fraction)
    except BaseException as also:  # noqa: BLE001  a function of the application may raise anything
        performance.note(error, f"retry's backoff raised {failure.account_of(also)}")
    return replace(failure.verdict_on(error), again=again)
