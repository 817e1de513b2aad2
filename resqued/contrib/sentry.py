"""Sentry: every failure of a job is reported, with its queue, class and worker, and sent before its process ends.

    sentry_sdk.init(dsn="…", integrations=[ResquedIntegration()])

Nothing is sent by a process that forks, for that takes a thread: what befell a job that could not report it (killed,
too slow, too large, unknown) is reported by a process of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sentry_sdk
from sentry_sdk.integrations import Integration
from sentry_sdk.scope import Scope
from sentry_sdk.utils import event_from_exception

from resqued import hooks, termination
from resqued.errors import JobError
from resqued.work import Job

_reported: BaseException | None = None  # the last one of this process


class ResquedIntegration(Integration):
    """Among the `integrations` of `sentry_sdk.init`, in a module of the application."""

    identifier = "resqued"

    @staticmethod
    def setup_once() -> None:
        """Sentry calls it with the first `init`."""
        hooks.around_job(_watched)
        hooks.on_failure(_report)


@contextmanager
def _watched(job: Job) -> Iterator[None]:
    """The job with a scope of its own, whose breadcrumbs go with its failure."""
    with sentry_sdk.isolation_scope() as scope:
        _describe(scope, job)
        try:
            yield
        except BaseException as error:
            if not termination.asked():  # who asked knows whether it is a failure
                _capture(scope, job, error)
            raise
        finally:
            sentry_sdk.flush()


def _report(job: Job, error: BaseException) -> None:
    """What was raised where no scope of the job was, or in its worker."""
    if error is _reported:
        return
    with sentry_sdk.isolation_scope() as scope:
        _describe(scope, job)
        _capture(scope, job, error)
    sentry_sdk.flush()


def _describe(scope: Scope, job: Job) -> None:
    scope.set_transaction_name(job.name, source="task")
    scope.set_tags({"queue": job.queue, "class": job.name, "worker": job.worker})
    arguments = {"args": list(job.args)} if sentry_sdk.get_client().should_send_default_pii() else {}
    scope.set_context("job", {"run": job.run, **arguments})


def _capture(scope: Scope, job: Job, error: BaseException) -> None:
    global _reported  # noqa: PLW0603  it is a fact about the process
    client = sentry_sdk.get_client()
    if client.get_integration(ResquedIntegration) is None:  # of a later `init`, that does without
        return
    _reported = error
    event, hint = event_from_exception(
        error, client_options=client.options, mechanism={"type": "resqued", "handled": False}
    )
    if isinstance(error, JobError):  # without a stack, and each message has another pid in it
        event["fingerprint"] = [type(error).__name__, job.name]
    scope.capture_event(event, hint)
