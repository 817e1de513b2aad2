"""Django: jobs of a project (`[jobs] django`), `manage.py resqued`, and jobs that wait for a transaction.

    INSTALLED_APPS = [..., "resqued.contrib.django"]
    RESQUED = {"redis": "redis://127.0.0.1:6379/0", "namespace": "resque"}  # where to enqueue

A worker needs neither.
"""

import json
from functools import partial
from typing import Any, ParamSpec, overload

from django.db import transaction

from resqued import jobarguments, jobclass
from resqued.jobfunction import JobFunction
from resqued.protocol import payloads

P = ParamSpec("P")


@overload
def enqueue_on_commit(job: JobFunction[P, object], /, *args: P.args, **named: P.kwargs) -> None: ...
@overload
def enqueue_on_commit(job: type[jobclass.AnyClass], /, *args: Any, **named: Any) -> None: ...
def enqueue_on_commit(job: type, /, *args: Any, **named: Any) -> None:
    """Enqueue a job as soon as the transaction of the default database commits, at once if there is none.

    A transaction that is rolled back enqueues nothing. The arguments are those of now. Raises now what `Client.enqueue`
    raises for a job that cannot be sent; what happens to the sending is raised to whoever commits.
    """
    jobclass.queue_of(job)
    args = jobarguments.fitting(job, args, named)
    text = payloads.encode_job({"class": jobclass.name_of(job), "args": list(args)})
    transaction.on_commit(partial(_enqueue, job, json.loads(text)["args"]))


def _enqueue(job: type, args: list[Any]) -> None:
    from resqued import api  # noqa: PLC0415  redis-py is large, and a worker has this module, too

    api.present().enqueue(job, *args)
