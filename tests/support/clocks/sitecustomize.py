"""In every Python with this directory on its PYTHONPATH: clocks that a test moves (`tests.support.hours`).

TEST_CLOCK is a file with two doubles: by how many seconds `time.monotonic` is ahead, and by how many `time.time`.
Who sleeps in `poll` until a time wakes up when that has come.
"""

import mmap
import os
import select
import struct
import time
from pathlib import Path

SLICE = 20.0  # ms of real time in which nobody looks at the clock
AHEAD = struct.Struct("dd")

real_monotonic, real_time, real_poll = time.monotonic, time.time, select.poll
with Path(os.environ["TEST_CLOCK"]).open("rb") as file:
    shared = mmap.mmap(file.fileno(), AHEAD.size, access=mmap.ACCESS_READ)


def monotonic() -> float:
    return real_monotonic() + float(AHEAD.unpack_from(shared)[0])


def wall() -> float:
    return real_time() + float(AHEAD.unpack_from(shared)[1])


class Poll:
    def __init__(self) -> None:
        self._poll = real_poll()
        self.register, self.unregister, self.modify = self._poll.register, self._poll.unregister, self._poll.modify

    def poll(self, timeout: float | None = None) -> list[tuple[int, int]]:
        """`timeout`: ms; None or less than 0: for ever."""
        if timeout is None or timeout < 0:
            return self._poll.poll()
        until = monotonic() + timeout / 1000
        while True:
            left = max(0.0, until - monotonic()) * 1000
            ready = self._poll.poll(min(left, SLICE))
            if ready or left <= SLICE:
                return ready


time.monotonic, time.time = monotonic, wall
select.poll = Poll  # type: ignore[assignment, misc]  # which is a function to the type checker
