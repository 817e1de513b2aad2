"""What could make a job dearer, one class each: how a worker of resqued gets into it, and its jobs in a second."""

import json
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import chain
from statistics import median
from typing import cast

from bench.contestants import QUEUE, at_work
from bench.contestants.ours import Resqued
from bench.pace import WARM_UP
from bench.stage import PATIENCE, Stage, eventually
from resqued.protocol.identity import Registration, WorkerId

PLENTY = 20_000  # jobs, more than one worker does in the time that is measured
SETTLED = 2.0  # s after which many workers that have registered wait
CHUNK = 10_000  # values sent to Redis at a time


class Dimension(ABC):
    title: str  # of what there are `small` or `large` many
    small: int
    large: int

    def __init__(self, stage: Stage, ours: Resqued) -> None:
        self.stage, self.ours, self.redis, self.keys = stage, ours, ours.redis, ours.keys

    def sizes(self, growth: float) -> tuple[int, int]:
        """Both; `growth` is 1, or less for a smaller large one."""
        return self.small, max(2 * self.small, int(self.large * growth), 2)

    @abstractmethod
    def rate(self, size: int, seconds: float) -> float:
        """Jobs in a second, of one worker that always has some."""


class Queues(Dimension):
    """Few jobs at a time, each in a queue of its own: the next one may be anywhere."""

    title = "queues of a pool with *, each job in a random one"
    small, large = 10, 1000
    BACKLOG = 20

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, Resqued(stage, queues=["*"]))

    def rate(self, size: int, seconds: float) -> float:
        queues = [f"queue-{number}" for number in range(size)]
        self.redis.sadd(self.keys.queues, *queues)
        pushed = 0

        def feed() -> None:
            nonlocal pushed
            wanted = self.ours.processed() + self.BACKLOG
            for _ in range(wanted - pushed):
                self.redis.rpush(self.keys.queue(random.choice(queues)), _noop())
            pushed = max(wanted, pushed)

        with at_work(self.stage, self.ours, 1):
            return _watched(self.ours, seconds, feed)


class IdleWorkers(Dimension):
    title = "idle workers on another queue of the machine"
    small, large = 1, 200

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, Resqued(stage))

    def rate(self, size: int, seconds: float) -> float:
        self.ours.others = size
        with at_work(self.stage, self.ours, 1, patience=4 * PATIENCE):
            time.sleep(SETTLED)
            self.ours.fill(PLENTY)
            return _watched(self.ours, seconds)


class Fleet(Dimension):
    title = "registered workers of other machines"
    small, large = 10, 10_000

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, Resqued(stage))

    def rate(self, size: int, seconds: float) -> float:
        self._register(size)
        self.ours.strangers = size
        self.ours.fill(PLENTY)
        with at_work(self.stage, self.ours, 1):
            return _watched(self.ours, seconds)

    def _register(self, size: int) -> None:
        """As many as if they had just beaten."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        workers = {str(WorkerId(f"host-{n // 16}", 1000 + n, (QUEUE,))): _stranger(n) for n in range(size)}
        self.redis.sadd(self.keys.workers, *workers)
        self.redis.hset(self.keys.heartbeats, mapping=dict.fromkeys(workers, now))
        self.redis.hset(self.keys.registrations, items=list(chain.from_iterable(workers.items())))


class Failures(Dimension):
    """Jobs that fail, too, and add to them."""

    title = "failed jobs on record, and more to come"
    small, large = 0, 1_000_000

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, Resqued(stage))

    def rate(self, size: int, seconds: float) -> float:
        for _ in range(size // CHUNK):
            self.redis.rpush(self.keys.failed, *[FAILURE] * CHUNK)
        self.ours.fill(PLENTY, "Fails")
        with at_work(self.stage, self.ours, 1, may_fail=True):
            return _watched(self.ours, seconds)


class Payload(Dimension):
    """Beyond its copy: what it takes to move a payload to another list and to decode it is deducted."""

    title = "bytes of a payload, beyond their copy"
    small, large = 100, 1_000_000
    JOBS = 150  # so that Redis has room for them
    COPIES = 20
    LEAST = 1e-4  # s that a job takes, whatever the clock says

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, Resqued(stage))

    def rate(self, size: int, seconds: float) -> float:
        payload = _noop("x" * (size - len(_noop(""))))
        dearer = self._copy(payload) - self._copy(_noop("x" * self.small))
        with at_work(self.stage, self.ours, 1):
            self.redis.rpush(self.keys.queue(QUEUE), *[payload] * self.JOBS)
            found = _watched(self.ours, seconds, until=self.JOBS)
        return 1 / max(1 / found - dearer, self.LEAST)

    def _copy(self, payload: str) -> float:
        """Seconds."""
        self.redis.rpush("from", *[payload] * self.COPIES)
        taken = [self._carry() for _ in range(self.COPIES)]
        self.redis.delete("to")
        return median(taken)

    def _carry(self) -> float:
        began = time.monotonic()
        json.loads(cast("bytes", self.redis.lmove("from", "to", "LEFT", "RIGHT")))
        return time.monotonic() - began


ALL: Sequence[Callable[[Stage], Dimension]] = (Queues, IdleWorkers, Fleet, Failures, Payload)


def _noop(*args: str) -> str:
    return json.dumps({"class": "Noop", "args": args})


def _stranger(number: int) -> str:
    return Registration(
        "bench", number, "1.0.0", "another-boot", "4026531836", 1000 + number, 1, f"{number:032x}"
    ).encode()


FAILURE = json.dumps(
    {
        "failed_at": "2026/01/01 00:00:00 UTC",
        "payload": {"class": "Fails", "args": []},
        "exception": "ValueError",
        "error": "as always",
        "backtrace": ["trivial.py:35:in `perform'"],
        "worker": f"host:4711:{QUEUE}",
        "queue": QUEUE,
    }
)


def _watched(ours: Resqued, seconds: float, feed: Callable[[], None] = lambda: None, until: int = PLENTY) -> float:
    """Jobs in a second, for so long or until so many were taken in all; `feed` is called all the time."""

    def taken() -> int:
        feed()
        return ours.processed()

    eventually(lambda: taken() >= WARM_UP, within=PATIENCE)
    began, before = time.monotonic(), taken()
    while True:
        time.sleep(0.002)
        done, passed = taken(), time.monotonic() - began
        if passed >= seconds or done >= until:
            return (done - before) / passed
