"""Worker hooks: what an application wants done around its jobs, registered when its modules are imported.

    from resqued import hooks

    @hooks.before_fork
    def close_connections(job: Job) -> None: ...

Most names, their order and where they run are Resque's (resque 3.0.0, docs/HOOKS.md): all in the worker, `after_fork`
in the job's process. Ours are `after_load`, where the application was imported, and two in the job's process:
`around_job`, around each job of it, and `on_failure`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

from resqued.work import Job


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What a hook learns about the worker that it runs in."""

    id: str
    pool: str
    queues: tuple[str, ...]


LoadHook = Callable[[], object]
JobHook = Callable[[Job], object]
AroundHook = Callable[[Job], AbstractContextManager[object]]
FailureHook = Callable[[Job, BaseException], object]
WorkerHook = Callable[[WorkerInfo], object]
L = TypeVar("L", bound=LoadHook)
A = TypeVar("A", bound=AroundHook)
F = TypeVar("F", bound=FailureHook)
J = TypeVar("J", bound=JobHook)
W = TypeVar("W", bound=WorkerHook)

registered: dict[str, list[Callable[..., Any]]] = {  # each kind has its own type, below
    "after_load": [],
    "before_first_fork": [],
    "before_fork": [],
    "after_fork": [],
    "around_job": [],
    "on_failure": [],
    "queue_empty": [],
    "before_pause": [],
    "after_pause": [],
    "shutdown": [],
    "worker_exit": [],
}


def after_load(hook: L) -> L:
    """Run `hook` when all modules of the application have been imported, in the process that did so.

    With `jobs.preload = "master"` that is the master, before it forks anybody. What the hook raises is a mistake of the
    application, as if it did not import.
    """
    return _register("after_load", hook)


def before_first_fork(hook: W) -> W:
    """Run `hook` once in each worker, before its first fork."""
    return _register("before_first_fork", hook)


def before_fork(hook: J) -> J:
    """Run `hook` in the worker before each fork. What it raises fails the job."""
    return _register("before_fork", hook)


def after_fork(hook: J) -> J:
    """Run `hook` in the job's process, before its own hooks. What it raises fails the job."""
    return _register("after_fork", hook)


def around_job(hook: A) -> A:
    """Make `hook(job)` a context manager around each job, with its own hooks but `on_failure*`, in its process.

    It comes after the `after_fork` hooks, and for each of several jobs of one process. What it raises fails the job.
    """
    return _register("around_job", hook)


def on_failure(hook: F) -> F:
    """Run `hook` with a job and what was raised, after the job's own `on_failure*`.

    If the process of the job is dead, or it never had one, in a process of its own; else in that of the job. What the
    hook raises is noted with the failure.
    """
    return _register("on_failure", hook)


def queue_empty(hook: W) -> W:
    """Run `hook` in the worker when its queues have become empty."""
    return _register("queue_empty", hook)


def before_pause(hook: W) -> W:
    """Run `hook` in the worker when it is about to pause."""
    return _register("before_pause", hook)


def after_pause(hook: W) -> W:
    """Run `hook` in the worker when it goes on after a pause."""
    return _register("after_pause", hook)


def shutdown(hook: W) -> W:
    """Run `hook` in the worker when it has been asked to stop."""
    return _register("shutdown", hook)


def worker_exit(hook: W) -> W:
    """Run `hook` in the worker as the last thing, after it has unregistered."""
    return _register("worker_exit", hook)


H = TypeVar("H", bound=Callable[..., object])


def _register(name: str, hook: H) -> H:
    if hook not in registered[name]:  # a module that is imported twice registers once
        registered[name].append(hook)
    return hook
