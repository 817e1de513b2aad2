"""Who descends from a process, as /proc tells it. Where there is none, nobody is known to descend from anybody."""

import os
from collections.abc import Collection, Iterator

from resqued import procfs


def children(pid: int) -> list[int]:
    """Of all threads of `pid`, those that it has adopted, too; none if it is gone. Some 10 µs."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208  four times a second, for each process
    except OSError:
        return []
    return [child for thread in threads for child in _children_of(f"/proc/{pid}/task/{thread}/children")]


def descendants(pid: int, *, without: Collection[int] = ()) -> Iterator[int]:
    """Children first, then theirs; `without` these, and what descends from them.

    What is born or ends meanwhile may be missing.
    """
    generation = [child for child in children(pid) if child not in without]
    while generation:
        yield from generation
        generation = [child for parent in generation for child in children(parent)]


def session(leader: int) -> list[int]:
    """The descendants of this process that are in the session of `leader`, be it alive or not."""
    return [pid for pid in descendants(os.getpid()) if _session_of(pid) == leader]


def can_be_known() -> bool:
    """Whether this system tells who descends from whom."""
    return os.access("/proc/thread-self/children", os.R_OK)


def _children_of(file: str) -> list[int]:
    try:
        return [int(child) for child in procfs.read(file).split()]
    except OSError:  # it has ended, perhaps in this moment
        return []


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return 0
