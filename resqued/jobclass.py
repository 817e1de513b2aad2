"""What makes a class a job, and what a payload calls it. Nothing here imports anything of an application."""

import reprlib
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any, Protocol, TypeGuard

from resqued.errors import NotEncodable


class AnyClass(Protocol):
    """What `type[AnyClass]` is not for mypy: a job that is a function, whose arguments mypy knows (`JobFunction`)."""

    def __repr__(self) -> str: ...


def is_class(value: object) -> TypeGuard[type]:
    return issubclass(type(value), type)  # isinstance would ask a lazy proxy, and wake it


def is_job(value: object) -> TypeGuard[type]:
    """Whether `value` is a class with a `perform`, its own or inherited; there is nothing else to a job."""
    return is_class(value) and callable(getattr(value, "perform", None))


def own_name(job_class: type) -> Any:
    """The `resque_name` that the class itself states, None if it states none. A base's name is the base's alone."""
    return vars(job_class).get("resque_name")


def name_of(job_class: type) -> str:
    """What a payload calls the class: its `resque_name`, or `module.Class`; in a script (`__main__`) just `Class`."""
    if isinstance(stated := own_name(job_class), str) and stated:
        return stated
    if job_class.__module__ == "__main__":
        return job_class.__qualname__
    return full_name(job_class)


def check(job: object) -> None:
    """Raises NotEncodable for what is no class, and so no job."""
    if is_class(job):
        return
    if isinstance(job, str):
        raise NotEncodable(f"job {job!r} is a name, and a class is wanted here: enqueue_to takes a queue and a name")
    wrong = f"{job.__qualname__} without it" if isinstance(job, FunctionType) else reprlib.repr(job)
    raise NotEncodable(f"a job is a class, or a function with @resqued.job, not {wrong}")


def queue_of(job_class: type) -> str:
    """Where the class says that its jobs go. Raises NotEncodable if it does not say."""
    check(job_class)
    queue = getattr(job_class, "queue", None)
    if isinstance(queue, str):
        return queue
    raise NotEncodable(f"job {name_of(job_class)} names no queue: give it a class attribute `queue`, or use enqueue_to")


def full_name(some_class: type) -> str:
    return f"{some_class.__module__}.{some_class.__qualname__}"


def defined_in(module: ModuleType) -> dict[str, type]:
    """The jobs that `module` itself defines, by their path in it: `Echo`, `Outer.Inner`.

    A second name in the same module (`OldEcho = Echo`) counts, what is merely imported does not.
    """
    return {
        path: found
        for name, value in list(vars(module).items())
        if is_class(value) and value.__module__ == module.__name__
        for path, found in _with_nested(name, value)
        if is_job(found)
    }


def _with_nested(path: str, outer: type) -> Iterator[tuple[str, type]]:
    yield path, outer
    for name, value in list(vars(outer).items()):
        nested = is_class(value) and value.__qualname__ == f"{outer.__qualname__}.{name}"
        if nested and value.__module__ == outer.__module__:
            yield from _with_nested(f"{path}.{name}", value)


def found_at(path: str, module: ModuleType) -> object:
    """What stands at `path` in `module`; None: nothing. Runs no code of the module: no `__getattr__`, no descriptor."""
    value: object = module
    for name in path.split("."):
        value = getattr(value, "__dict__", {}).get(name) if value is module or is_class(value) else None
    return value
