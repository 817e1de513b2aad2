"""Job classes that were written for pyres, performed as they are.

    # app/pyres_jobs.py: in `jobs.modules` of the configuration it takes the place of app.jobs
    import app.jobs
    from resqued.contrib import pyres

    pyres.adopt(__name__, app.jobs, redis="redis://127.0.0.1:6379/0")

What surrounds `perform` is pyres' (pyres 1.5, pyres/job.py): `before_perform` and `after_perform` get a dictionary,
`after_perform` also after a failure, the class has a `resq` while it performs, and texts that begin with `@D:` are
dates. Everything else is resqued's: limits, failures, worker hooks.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

from resqued.jobclass import defined_in, full_name
from resqued.work import current_job

if TYPE_CHECKING:
    from resqued.api import Resque

DATE, DATE_FORMAT = "@D:", "%Y-%m-%dT%H:%M:%S"
CARRIED = ("queue", "timeout", "memory")  # what resqued, too, looks at in a class


class ResQ:
    """What `cls.resq` is: pyres' methods for whoever enqueues from a job. `resque` has everything else."""

    def __init__(self, redis: str = "127.0.0.1:6379", namespace: str = "resque") -> None:
        self._server = redis, namespace

    @cached_property
    def resque(self) -> "Resque":
        from resqued.api import Resque  # noqa: PLC0415  it brings redis-py, which few jobs need, and no worker

        return Resque(*self._server)

    def enqueue(self, klass: type, *args: Any) -> None:
        self.enqueue_from_string(full_name(klass), klass.queue, *args)  # type: ignore[attr-defined]  # as pyres wants it

    def enqueue_from_string(self, klass_as_string: str, queue: str, *args: Any) -> None:
        job = {"class": klass_as_string, "args": args, "enqueue_timestamp": time.time()}
        self.push(queue, job)

    def push(self, queue: str, item: Mapping[str, Any]) -> None:
        self.resque.push(queue, {key: _written(value) for key, value in item.items()})

    def size(self, queue: str) -> int:
        return self.resque.size(queue)

    def queues(self) -> list[str]:
        return self.resque.queues()


class Adopted:
    """A job of resqued in front of a class of pyres."""

    pyres_class: ClassVar[Any]
    server: ClassVar[tuple[str, str]]  # address and namespace

    @classmethod
    def perform(cls, *args: Any) -> None:
        performed: Any = cls.pyres_class
        told = _told(args)
        performed.resq = ResQ(*cls.server)
        try:
            _perform(performed, told)
        finally:
            if hasattr(performed, "after_perform"):
                performed.after_perform(told)
            del performed.resq


def adopt(into: str, *modules: ModuleType, redis: str = "127.0.0.1:6379", namespace: str = "resque") -> None:
    """Put a job into the module named `into` for each class of `modules` that has a `perform`.

    Payloads go on calling it `module.Class`. `redis` is where `cls.resq` enqueues.
    """
    target = sys.modules[into]
    for module in modules:
        for path, found in defined_in(module).items():
            name = path.replace(".", "_")
            if hasattr(target, name):
                name = f"{module.__name__.replace('.', '_')}_{name}"
            setattr(target, name, _adopted(found, name, into, (redis, namespace)))


def _adopted(found: type, name: str, into: str, server: tuple[str, str]) -> type:
    carried = {attribute: getattr(found, attribute) for attribute in CARRIED if hasattr(found, attribute)}
    own = {"pyres_class": found, "server": server, "resque_name": full_name(found)}
    return type(name, (Adopted,), {**carried, **own, "__module__": into, "__doc__": found.__doc__})


def _perform(performed: Any, told: dict[str, Any]) -> None:
    try:
        if hasattr(performed, "before_perform"):
            performed.before_perform(told)
        performed.perform(*told["args"])
    except SystemExit as exit_:
        if exit_.code != 0:  # pyres took nothing else for an end without failure
            raise
    except Exception as error:
        told |= {"failed": True, "exception": error, "retried": False}
        raise


def _told(args: Sequence[Any]) -> dict[str, Any]:
    """What the hooks of a class are told of its job."""
    job = current_job()
    enqueued = job.payload.get("enqueue_timestamp") if job else None
    told = {"args": [_read(value) for value in args], "failed": False, "perform_timestamp": time.time()}
    return told | ({"enqueue_timestamp": enqueued} if enqueued else {})


# Dates: the one thing that pyres writes, and JSON has not


def _read(value: Any) -> Any:
    match value:
        case str() if value.startswith(DATE):
            return _date(value)
        case list():
            return [_read(each) for each in value]
        case dict():
            return {key: _read(each) for key, each in value.items()}
    return value


def _date(text: str) -> datetime | str:
    try:
        return datetime.strptime(text.removeprefix(DATE), DATE_FORMAT)  # noqa: DTZ007  pyres knows no zones
    except ValueError:
        return text


def _written(value: Any) -> Any:
    match value:
        case datetime():
            return value.strftime(DATE + DATE_FORMAT)
        case list() | tuple():
            return [_written(each) for each in value]
        case dict():
            return {key: _written(each) for key, each in value.items()}
    return value
