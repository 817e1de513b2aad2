"""Worker hooks: what an application wants done around its jobs, registered when its modules are imported.

    from resqued import hooks

    @hooks.before_fork
    def close_connections(job: Job) -> None: ...

The names, their order and where they run are Resque's (resque 3.0.0, docs/HOOKS.md): all in the worker, `after_fork`
in the job's process.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from resqued.work import Job


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What a hook learns about the worker that it runs in."""

    id: str
    pool: str
    queues: tuple[str, ...]


JobHook = Callable[[Job], object]
WorkerHook = Callable[[WorkerInfo], object]
J = TypeVar("J", bound=JobHook)
W = TypeVar("W", bound=WorkerHook)

registered: dict[str, list[Callable[..., object]]] = {
    "before_first_fork": [],
    "before_fork": [],
    "after_fork": [],
    "queue_empty": [],
    "before_pause": [],
    "after_pause": [],
    "shutdown": [],
    "worker_exit": [],
}


def before_first_fork(hook: W) -> W:
    """Run `hook` once in each worker, before its first fork."""
    return _register("before_first_fork", hook)


def before_fork(hook: J) -> J:
    """Run `hook` in the worker before each fork. What it raises fails the job."""
    return _register("before_fork", hook)


def after_fork(hook: J) -> J:
    """Run `hook` in the job's process, before its own hooks. What it raises fails the job."""
    return _register("after_fork", hook)


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
