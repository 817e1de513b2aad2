"""Where an enqueued job goes instead of to Redis, while a test wants it elsewhere.

The client asks here once for each job, after its `before_enqueue*` hooks and its checks, where it would otherwise send:

    if not outlet.takes(queue, payload, job_class):
        ... send it

`resqued.testing` is what opens outlets. One outlet for all threads: a test wants what its threads enqueue, too, and a
context variable would let exactly that go to a real Redis.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# Gets the queue, the payload as it would be encoded, and the class it was enqueued by, None if only by name.
Outlet = Callable[[str, dict[str, Any], type | None], object]

_open: list[Outlet] = []  # the last one counts


def takes(queue: str, payload: dict[str, Any], job_class: type | None = None) -> bool:
    """Give a job to the open outlet. False: none is open. What the outlet raises is raised."""
    if not _open:
        return False
    _open[-1](queue, payload, job_class)
    return True


def is_open() -> bool:
    return bool(_open)


@contextmanager
def opened(outlet: Outlet) -> Iterator[None]:
    """Open `outlet` for the time of a `with`; inside of another one it is the one that gets the jobs."""
    _open.append(outlet)
    try:
        yield
    finally:
        _open.remove(outlet)
