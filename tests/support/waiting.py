import select
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


def eventually(predicate: Callable[[], T], within: float = 5.0) -> T:
    """Ask `predicate` again and again until its answer is true; that answer. Fails after `within` seconds.

    For what no file descriptor, pipe or Redis key can tell. Prefer those where there is one.
    """
    deadline = time.monotonic() + within
    pause = 0.001
    while not (answer := predicate()):
        assert time.monotonic() < deadline, f"{_named(predicate)} was still {answer!r} after {within} s"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    return answer


def _named(predicate: Callable[[], object]) -> str:
    code = getattr(predicate, "__code__", None)
    return f"{predicate.__qualname__} (line {code.co_firstlineno})" if code else repr(predicate)


class HasFileno(Protocol):
    def fileno(self) -> int: ...


def readable(what: HasFileno, within: float = 5.0) -> bool:
    """Whether there is something to read, or the end of it, within so many seconds."""
    return bool(select.select([what], [], [], within)[0])
