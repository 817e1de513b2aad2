"""Time that passes faster: for daemons on hosts, and in what Redis knows.

A step is as long as the pause between two heartbeats, and whoever can beat does so in each: nothing is left out that
would happen in so much real time, but waiting.
"""

import os
import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from redis import Redis
from redis.client import Pipeline

from tests.support.daemon import Daemon, text_of
from tests.support.waiting import eventually

SHIM = Path(__file__).with_name("clocks")
AHEAD = struct.Struct("dd")  # of time.monotonic and time.time
STEP = 30  # s
BEATS, SIGHTINGS, LOOK, LOCK = (
    "resque:workers:heartbeat",
    "resqued:resque:sightings",
    "resqued:resque:look",
    "resque:pruning_dead_workers_in_progress",
)
FORM = "%Y-%m-%dT%H:%M:%SZ"


class Clock:
    """Of one host. `wrong_by`: seconds by which its wall clock is ahead of the truth."""

    def __init__(self, file: Path, wrong_by: float = 0.0) -> None:
        self._file, self._wrong_by = file, wrong_by
        file.write_bytes(AHEAD.pack(0.0, wrong_by))

    @property
    def environment(self) -> Mapping[str, str]:
        """For a daemon that goes by this clock."""
        path = os.pathsep.join(filter(None, (str(SHIM), str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))))
        return {"TEST_CLOCK": str(self._file), "PYTHONPATH": path}

    def advance(self, to: float) -> None:
        """So many seconds beyond what is real."""
        with self._file.open("r+b") as out:  # in place: it is mapped
            out.write(AHEAD.pack(to, to + self._wrong_by))


class Hours:
    """All clocks of a test, and Redis."""

    def __init__(self, redis: Redis, clocks: Sequence[Clock]) -> None:
        self._redis, self._clocks = redis, clocks
        self.passed = 0

    def pass_by(self, seconds: int, *living: Daemon) -> None:
        """At least so many seconds. The workers of `living` beat in each step."""
        until = self.passed + seconds
        while self.passed < until:
            self.passed += STEP
            age(self._redis, STEP)
            for clock in self._clocks:
                clock.advance(self.passed)
            for daemon in living:
                eventually(partial(has_beaten, self._redis, daemon), within=10)


def has_beaten(redis: Redis, daemon: Daemon) -> bool:
    """Whether each of its workers has, in this step, and sleeps again: it has then noted when the next beat is due."""
    now = int(redis.time()[0])
    beats = redis.hmget(BEATS, ids) if (ids := daemon.worker_ids()) else []
    recent = [beat for beat in beats if beat and moment(text_of(beat)).timestamp() > now - STEP / 2]
    return 0 < len(beats) == len(recent) and all(sleeps(worker.pid) for worker in daemon.workers())


def sleeps(pid: int) -> bool:
    """In `poll`, until something comes."""
    return "poll" in Path(f"/proc/{pid}/wchan").read_text()


def moment(text: str) -> datetime:
    return datetime.strptime(text, FORM).replace(tzinfo=UTC)


def age(redis: Redis, seconds: int) -> None:
    """Let all that Redis knows of times be older, at one blow."""

    def older(pipeline: Pipeline) -> None:
        beats, sightings = pipeline.hgetall(BEATS), pipeline.hgetall(SIGHTINGS)
        left = {key: pipeline.pttl(key) for key in (SIGHTINGS, LOOK, LOCK)}
        pipeline.multi()
        for worker, beat in beats.items():
            pipeline.hset(BEATS, worker, earlier(text_of(beat), seconds))
        for worker, sighting in sightings.items():
            beat, first, last = text_of(sighting).split()
            seen = f"{earlier(beat, seconds)} {int(first) - seconds} {int(last) - seconds}"
            pipeline.hset(SIGHTINGS, worker, seen)
        for key, milliseconds in left.items():
            if milliseconds > 0:
                pipeline.pexpire(key, milliseconds - seconds * 1000)

    redis.transaction(older, BEATS, SIGHTINGS)


def earlier(beat: str, seconds: int) -> str:
    return (moment(beat) - timedelta(seconds=seconds)).strftime(FORM)
