"""Resque jobs in Python: a client that enqueues them, and a daemon that performs them.

    from resqued import Resque

    resque = Resque(redis="127.0.0.1:6379")
    resque.push("echo", {"class": "MyTask::Echo", "args": ["hello"]})

Names are loaded when they are first used: `import resqued` by itself loads nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from resqued import activejob, hooks, testing
    from resqued.api import Resque, connect
    from resqued.bounds import Bound
    from resqued.decorator import job
    from resqued.errors import (
        AddressError,
        AlreadyEnqueued,
        CommandRefused,
        ConfigError,
        DirtyExit,
        DontPerform,
        InvalidPayload,
        JobDropped,
        JobError,
        JobInterrupted,
        JobKilled,
        JobMemoryExceeded,
        JobTerminated,
        JobTimeout,
        NoPlace,
        NoRedisServer,
        NoStatus,
        NotAnswered,
        NotDone,
        NotEncodable,
        NotGone,
        NotInstalled,
        NotPermitted,
        NotPruned,
        NotReloaded,
        NotRetryable,
        NotRunning,
        NotServed,
        NotSignalled,
        NotUnlocked,
        PolicyNotKept,
        PrunedWorker,
        QueueFull,
        QueueNotListed,
        ResquedError,
        ResultLost,
        StoreUnavailable,
        Undeliverable,
        UnknownJob,
        UnknownLayout,
        UnreadableInput,
        UnreadableStatus,
        WishRefused,
        WrongArguments,
    )
    from resqued.version import __version__
    from resqued.work import Job, current_job

__all__ = [
    "AddressError",
    "AlreadyEnqueued",
    "Bound",
    "CommandRefused",
    "ConfigError",
    "DirtyExit",
    "DontPerform",
    "InvalidPayload",
    "Job",
    "JobDropped",
    "JobError",
    "JobInterrupted",
    "JobKilled",
    "JobMemoryExceeded",
    "JobTerminated",
    "JobTimeout",
    "NoPlace",
    "NoRedisServer",
    "NoStatus",
    "NotAnswered",
    "NotDone",
    "NotEncodable",
    "NotGone",
    "NotInstalled",
    "NotPermitted",
    "NotPruned",
    "NotReloaded",
    "NotRetryable",
    "NotRunning",
    "NotServed",
    "NotSignalled",
    "NotUnlocked",
    "PolicyNotKept",
    "PrunedWorker",
    "QueueFull",
    "QueueNotListed",
    "Resque",
    "ResquedError",
    "ResultLost",
    "StoreUnavailable",
    "Undeliverable",
    "UnknownJob",
    "UnknownLayout",
    "UnreadableInput",
    "UnreadableStatus",
    "WishRefused",
    "WrongArguments",
    "__version__",
    "activejob",
    "connect",
    "current_job",
    "hooks",
    "job",
    "testing",
]

_MODULES = {"activejob", "hooks", "testing"}
_ELSEWHERE = {  # all others: errors
    "Resque": "api",
    "connect": "api",
    "Bound": "bounds",
    "job": "decorator",
    "Job": "work",
    "current_job": "work",
    "__version__": "version",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")  # which makes it an attribute
    value = globals()[name] = getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'errors')}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
