"""In every Python with this directory on its PYTHONPATH: clocks that a test moves (`tests.support.hours`).

TEST_CLOCK is a file with two doubles: by how many seconds `time.monotonic` is ahead, and by how many `time.time`.
Who sleeps in `poll` or `epoll` until a time wakes up when that has come.
"""

import mmap
import os
import select
import struct
import time
from collections.abc import Callable
from pathlib import Path

SLICE = 0.02  # s of real time in which nobody looks at the clock
Events = list[tuple[int, int]]
AHEAD = struct.Struct("dd")

real_monotonic, real_time, real_poll, real_epoll = time.monotonic, time.time, select.poll, select.epoll
with Path(os.environ["TEST_CLOCK"]).open("rb") as file:
    shared = mmap.mmap(file.fileno(), AHEAD.size, access=mmap.ACCESS_READ)


def monotonic() -> float:
    return real_monotonic() + float(AHEAD.unpack_from(shared)[0])


def wall() -> float:
    return real_time() + float(AHEAD.unpack_from(shared)[1])


def in_slices(look: Callable[[float], Events], seconds: float | None) -> Events:
    """`look`: waits for so many seconds, or for ever if they are less than 0. None: for ever."""
    if seconds is None or seconds < 0:
        return look(-1)
    until = monotonic() + seconds
    while True:
        left = max(0.0, until - monotonic())
        ready = look(min(left, SLICE))
        if ready or left <= SLICE:
            return ready


class Poll:
    def __init__(self) -> None:
        self._poll = real_poll()
        self.register, self.unregister, self.modify = self._poll.register, self._poll.unregister, self._poll.modify

    def poll(self, timeout: float | None = None) -> Events:
        """`timeout`: ms."""
        return in_slices(lambda seconds: self._poll.poll(seconds * 1000), None if timeout is None else timeout / 1000)


class Epoll:
    def __init__(self) -> None:
        self._epoll = real_epoll()
        self.register, self.unregister = self._epoll.register, self._epoll.unregister
        self.fileno, self.close = self._epoll.fileno, self._epoll.close

    def poll(self, timeout: float | None = None, maxevents: int = -1) -> Events:
        return in_slices(lambda seconds: self._epoll.poll(seconds, maxevents), timeout)


time.monotonic, time.time = monotonic, wall
select.poll, select.epoll = Poll, Epoll  # type: ignore[assignment, misc]  # which is a function to the type checker
