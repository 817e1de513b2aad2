"""How a master and its workers are: what the status says, and the scoreboards, put together.

The two are read one after the other, so that a worker may have left in between, or another come: then a report is a
moment old, and no error.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from resqued import scoreboard
from resqued.cli.machine import Master
from resqued.cli.terminal import span
from resqued.scoreboard import Row, State
from resqued.status import PoolStatus, Status, WorkerStatus, is_elsewhere

DOWN, UNKNOWN = "down", "unknown"  # without a process until it is started again; its row cannot be read
LATE = 45.0  # s without a tick that are worth a word: a loop turns every 30 s at least, whatever it waits for


@dataclass(frozen=True, slots=True)
class RowReport:
    """What a process says on its scoreboard."""

    state: str  # that of a `State`, in small letters, or DOWN, or UNKNOWN, of which there is nothing more to say
    since: datetime | None = None  # when it came to this state, or began its job
    job: str | None = None  # the class of the running one
    job_pid: int | None = None
    turn: int | None = None  # which of its worker's jobs it is
    done: int | None = None  # jobs, of this process
    failed: int | None = None
    ticked: datetime | None = None
    redis_away: datetime | None = None  # since when Redis has not answered it; None: it does
    memory: int | None = None  # bytes, when it last looked


@dataclass(frozen=True, slots=True)
class WorkerReport:
    facts: WorkerStatus
    row: RowReport
    memory: int | None  # bytes, resident
    job_memory: int | None = None  # of the process of its job


@dataclass(frozen=True, slots=True)
class PoolReport:
    facts: PoolStatus
    states: Mapping[str, int]  # how many of its workers are in each


@dataclass(frozen=True, slots=True)
class Report:
    directory: Path
    status: Status
    alive: bool
    elsewhere: bool
    pools: Mapping[str, PoolReport]
    workers: Sequence[WorkerReport]
    now: datetime
    memory: int | None = None  # bytes, of the master, resident
    memory_all: int | None = None  # of all its processes; what several of them share counts once

    @property
    def problems(self) -> list[str]:
        """What a person should see to."""
        if not self.alive:
            return [f"the master has ended without a word (it was process {self.status.pid})"]
        stuck = self.status.rollout is not None and self.status.rollout.state == "stopped"
        return [
            *(
                f"pool {name} is degraded: {pool.facts.reason}"
                for name, pool in self.pools.items()
                if pool.facts.degraded
            ),
            *(f"the {role.name} has died {role.restarts} times" for role in self.status.roles if role.restarts_at),
            *(["the roll-out stopped: the first new worker did not get ready"] if stuck else []),
            *self._outages(),
        ]

    def _outages(self) -> Iterator[str]:
        for name, pool in self.pools.items():
            away = [each.row.redis_away for each in self.workers if each.facts.pool == name and each.row.redis_away]
            if away:
                who = f"{len(away)} of {sum(pool.states.values())} workers of {name}"
                yield f"Redis does not answer {who}, for {span((self.now - min(away)).total_seconds())}"


def report(master: Master) -> Report:
    clock, elsewhere = Clock(), is_elsewhere(master.status)
    look = _nobody if elsewhere else _memory  # a pid that was given there is somebody else's here
    workers = [_worker(worker, row, clock, look) for worker, row in master.rows()]
    states = {
        name: Counter(worker.row.state for worker in workers if worker.facts.pool == name)
        for name in master.status.pools
    }
    return Report(
        master.directory,
        master.status,
        alive=master.lives,
        elsewhere=elsewhere,
        pools={name: PoolReport(pool, states[name]) for name, pool in master.status.pools.items()},
        workers=workers,
        now=clock.date,
        memory=look(master.status.pid) if master.lives else None,
        memory_all=_memory_of_all(master.status.pid) if master.lives and not elsewhere else None,
    )


class Clock:
    """What two clocks show at one moment, for turning the one's times into the other's."""

    def __init__(self) -> None:
        self._epoch, self._ms = time.time(), scoreboard.now()
        self.date = _date(self._epoch)

    def of(self, ms: int) -> datetime | None:
        """The date of a monotonic time; None for 0, which is never. Nothing that was written is later than now."""
        return _date(self._epoch - max(0, self._ms - ms) / 1000) if ms > 0 else None


def _date(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)


def _worker(worker: WorkerStatus, row: Row | None, clock: Clock, look: Callable[[int], int | None]) -> WorkerReport:
    if worker.pid is None:
        return WorkerReport(worker, RowReport(DOWN), None)
    said = _row(row, clock) if row else RowReport(UNKNOWN)
    return WorkerReport(
        worker, said, look(worker.pid) or said.memory, look(said.job_pid) if said.job_pid is not None else None
    )


def _row(row: Row, clock: Clock) -> RowReport:
    try:
        state = row.shown
    except ValueError:  # one that a later version has thought of
        return RowReport(UNKNOWN)
    busy = state is State.BUSY
    return RowReport(
        state.name.lower(),
        since=clock.of((row.severed or row.since) if state is State.OFFLINE else row.since),
        job=(row.job_name or None) if busy else None,
        job_pid=(row.job or None) if busy else None,
        turn=(row.turn or None) if busy else None,
        done=row.done,
        failed=row.failed,
        ticked=clock.of(row.tick),
        redis_away=clock.of(row.severed),
        memory=row.rss or None,
    )


def _memory(pid: int) -> int | None:
    """Of a process, as it is now; None if it has gone, or hides."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None


def _nobody(_pid: int) -> None:
    pass


def _memory_of_all(master: int) -> int | None:
    """None if one of them hides, or the system does not say what they share."""
    try:
        family = [psutil.Process(master), *psutil.Process(master).children(recursive=True)]
        return sum(map(_proportional, family))
    except (psutil.Error, AttributeError):
        return None


def _proportional(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.NoSuchProcess, ProcessLookupError):
        return 0
