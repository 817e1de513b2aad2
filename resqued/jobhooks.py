"""Job hooks: methods of a job class that resqued calls around it because of how their names begin.

Names, order and meaning are Resque's (resque 3.0.0, docs/HOOKS.md). Each is called with the arguments of the job;
`around_perform*` gets a function in front of them that performs what it is around, `on_failure*` the exception.
A hook is static, a class method or an instance method, as `perform` is; inherited ones count.

| hook | when | effect |
|---|---|---|
| `before_enqueue*`, `before_dequeue*` | in the client | False from one of them, and it is not done |
| `after_enqueue*`, `after_dequeue*` | in the client | |
| `before_schedule*`, `after_schedule*` | the same, of jobs for later (resque-scheduler 5.0.0, plugin.rb) | |
| `before_perform*` | in the job's process | `DontPerform` ends the job quietly |
| `around_perform*` | nested, the first in the alphabet outermost | performs only if it calls `perform()` |
| `after_perform*` | after a perform that did not fail | what it raises fails the job |
| `on_failure*` | after a failure, of a hook too | |
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain
from types import FunctionType
from typing import Any

AROUND_PERFORM = ("before_perform", "around_perform", "after_perform", "on_failure")
IN_THE_CLIENT = (
    *("before_enqueue", "after_enqueue", "before_dequeue", "after_dequeue", "before_schedule", "after_schedule"),
)
UNBOUND = (staticmethod, classmethod, partial)  # a partial has a `__get__` since 3.13, which does not bind it yet
Arguments = Sequence[Any]
Keywords = Mapping[str, Any]
ASYNC = 0x80 | 0x200  # inspect.CO_COROUTINE | CO_ASYNC_GENERATOR, without the price of inspect


@dataclass(frozen=True, slots=True)
class JobHooks:
    """The names of a class's hooks, each kind in the order in which they run."""

    before_enqueue: tuple[str, ...]
    after_enqueue: tuple[str, ...]
    before_dequeue: tuple[str, ...]
    after_dequeue: tuple[str, ...]
    before_schedule: tuple[str, ...]
    after_schedule: tuple[str, ...]
    before_perform: tuple[str, ...]
    around_perform: tuple[str, ...]
    after_perform: tuple[str, ...]
    on_failure: tuple[str, ...]
    instance_methods: frozenset[str]  # those that want an instance; `perform` may be among them
    keywords: bool  # `resque_keywords`: an object as the last argument is keyword arguments
    locks: tuple[str, ...]  # `resque_locks`: the plugins of Ruby that lock its jobs
    asynchronous: bool  # `perform`, or a hook around it, is an `async def`


@cache
def of(job_class: type) -> JobHooks:
    """The hooks of `job_class`. Found once: a class that gets a hook later does not have it.

    Where jobs are forked this is asked before the fork (`Registry.load`), so that the answer is there in each job.
    """
    found = {kind: _named_like(kind, job_class) for kind in (*IN_THE_CLIENT, *AROUND_PERFORM)}
    methods = {"perform", *chain.from_iterable(found.values())}
    performing = {"perform", *chain.from_iterable(found[kind] for kind in AROUND_PERFORM)}
    return JobHooks(
        **found,
        instance_methods=frozenset(name for name in methods if _wants_an_instance(job_class, name)),
        keywords=getattr(job_class, "resque_keywords", False) is True,
        locks=_listed(getattr(job_class, "resque_locks", ())),
        asynchronous=any(is_async(getattr(job_class, name, None)) for name in performing),
    )


def spread(hooks: JobHooks, args: Arguments, kwargs: Keywords) -> tuple[Arguments, Keywords]:
    """The arguments with which `perform` and the hooks around it are called.

    Of a class that takes keywords the last argument is these, if it is an object. PHP's one argument for none is none.
    """
    if not (hooks.keywords and args):
        return args, kwargs
    if isinstance(args[-1], dict):
        return args[:-1], {**args[-1], **kwargs}
    return ((), kwargs) if len(args) == 1 and args[0] in (None, []) else (args, kwargs)


class Receiver:
    """What the methods of one job are called on: its class, or the one instance that is made when a method wants it."""

    def __init__(self, job_class: type, wanting: Collection[str]) -> None:
        """`wanting`: its `instance_methods`."""
        self._class, self._wanting = job_class, wanting
        self._instance: object = None

    def method(self, name: str) -> Callable[..., Any]:
        """`perform` or a hook, ready to be called. Raises what the class raises that is made without arguments."""
        if name not in self._wanting:
            return getattr(self._class, name)  # type: ignore[no-any-return]  # what an application calls so
        if self._instance is None:
            self._instance = self._class()
        return getattr(self._instance, name)  # type: ignore[no-any-return]  # as above


def agree(job_class: type, hooks: Sequence[str], args: Sequence[Any]) -> bool:
    """Call `before_enqueue*` or `before_dequeue*`; False if one of them answered False. All of them are called."""
    return not any(answer is False for answer in _answers(job_class, hooks, args))


def tell(job_class: type, hooks: Sequence[str], args: Sequence[Any]) -> None:
    """Call `after_enqueue*` or `after_dequeue*`. What they raise is the caller's to see."""
    _answers(job_class, hooks, args)


def is_async(method: object) -> bool:
    """Whether calling `method` only makes a coroutine, or an asynchronous generator."""
    function = getattr(method, "__func__", method)
    return isinstance(function, FunctionType) and bool(function.__code__.co_flags & ASYNC)


def _answers(job_class: type, hooks: Sequence[str], args: Sequence[Any]) -> list[Any]:
    if not hooks:
        return []
    found = of(job_class)
    receiver, (args, kwargs) = Receiver(job_class, found.instance_methods), spread(found, args, {})
    return [_called(name, receiver.method(name), args, kwargs) for name in hooks]


def _called(name: str, hook: Callable[..., Any], args: Arguments, kwargs: Keywords) -> Any:
    if is_async(hook):  # nobody would await its coroutine, and that is not False
        raise TypeError(f"{name} is asynchronous, which a hook of the client cannot be")
    return hook(*args, **kwargs)


def _listed(stated: Any) -> tuple[Any, ...]:
    return tuple(stated) if isinstance(stated, list | tuple) else (stated,)


def _named_like(kind: str, job_class: type) -> tuple[str, ...]:
    names = (name for name in dir(job_class) if name.startswith(kind))  # `dir` has them in the order of the alphabet
    return tuple(name for name in names if callable(getattr(job_class, name)))


def _wants_an_instance(job_class: type, name: str) -> bool:
    """Whether it would be bound to an instance: a function, or what is like one (compiled, wrapped, partialmethod)."""
    for base in job_class.__mro__:
        if name in vars(base):
            stated = vars(base)[name]
            return hasattr(type(stated), "__get__") and not isinstance(stated, UNBOUND)
    return False  # it comes from the metaclass, and is bound to the class
