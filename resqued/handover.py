"""What one image of a master leaves to the next, which has the same pid, children and open descriptors.

A JSON text. `LAYOUT` is the number of its meaning: a version that cannot read it must not be started in our place, so
the check before a reload is told it. Times are seconds on the monotonic clock, which goes on.
"""

import json
from itertools import chain
from math import inf

import msgspec
from msgspec import Struct

from resqued.escalation import Mood
from resqued.fleet import Fleet, Process, Slot
from resqued.reload import Record

LAYOUT = 1


class Heir(Struct, frozen=True, kw_only=True):
    """A process that goes on, in its slot."""

    pool: str
    number: int
    restarts: int
    pid: int
    generation: int
    row: int
    spawned_at: float
    ready_at: float | None
    retired: bool
    told: int
    paused: bool
    kills_at: float | None
    killed: bool

    @classmethod
    def of(cls, slot: Slot) -> "Heir":
        process = slot.process
        assert process is not None
        return cls(
            pool=slot.pool,
            number=slot.number,
            restarts=slot.restarts,
            pid=process.pid,
            generation=process.generation,
            row=process.row,
            spawned_at=process.spawned_at,
            ready_at=process.ready_at,
            retired=process.retired,
            told=process.told,
            paused=process.paused,
            kills_at=None if process.kills_at == inf else process.kills_at,
            killed=process.killed,
        )

    def process(self) -> Process:
        return Process(
            self.pid,
            self.generation,
            self.spawned_at,
            row=self.row,
            ready_at=self.ready_at,
            retired=self.retired,
            told=Mood(self.told),
            paused=self.paused,
            kills_at=inf if self.kills_at is None else self.kills_at,
            killed=self.killed,
        )


class Totals(Struct, kw_only=True):
    """What has been counted since the first image, by pool."""

    places: dict[str, list[str]] = {}  # of `metrics.tally`
    left: dict[str, list[int]] = {}  # `Row.totals` of the workers that have gone
    exits: dict[str, dict[str, int]] = {}  # workers that have gone, by reason


class Handover(Struct, frozen=True, kw_only=True):
    """Descriptors are open in both images, under the same numbers."""

    layout: int = LAYOUT
    generation: int  # of the image that leaves it
    started_at: float  # epoch
    text: str  # the configuration that it has worked with
    nohup: bool  # it was started so that the end of its terminal is nothing to it
    fixed: dict[str, str]  # what of it no image may change
    boards: dict[int, str]  # generation → file
    lifeline: tuple[int, int]
    bell: tuple[int, int]
    tokens: dict[str, tuple[int, int]]  # by pool
    lock: int
    hold: int | None = None  # the lock on the directory of an embedded Redis
    control: int | None = None  # the socket where wishes come in
    metrics: int | None = None  # the socket where metrics are asked for
    metrics_at: str = ""  # as it is configured
    totals: Totals | None = None
    workers: list[Heir]
    of_the_house: list[Heir]  # services, the pruner, roles
    paused: list[str]  # pools
    all_paused: bool  # and so will be those that the next image adds
    needs_pruning: bool
    killed_jobs: list[int]
    reload: Record | None
    asked_at: float | None = None  # somebody has asked for another one

    @property
    def descriptors(self) -> list[int]:
        pipes = chain(self.lifeline, self.bell, *self.tokens.values())
        return [*pipes, self.lock, *(one for one in (self.hold, self.control, self.metrics) if one is not None)]

    def bequeath(self, fleet: Fleet) -> None:
        """Let the new fleet go on with all processes, where it has a place for them, and with all intentions."""
        for heir in self.workers:
            fleet.adopt(heir.pool, heir.number, heir.process(), heir.restarts)
        for heir in self.of_the_house:
            fleet.house.adopt(heir.pool, heir.process())
        for pool in fleet.pools if self.all_paused else self.paused:
            fleet.pause(to=True, pool=pool)
        fleet.needs_pruning = self.needs_pruning


def encode(handover: Handover) -> bytes:
    return json.dumps(msgspec.to_builtins(handover)).encode()


def decode(text: bytes) -> Handover:
    """Raises ValueError if it is of another layout, or nothing of ours."""
    facts = json.loads(text)
    layout = facts.get("layout") if isinstance(facts, dict) else None
    if layout != LAYOUT:
        raise ValueError(f"the image before this one left layout {layout}; this one knows {LAYOUT}")
    return msgspec.convert(facts, Handover, strict=False)
