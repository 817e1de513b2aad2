"""What the checks look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias, TypeVar

from resqued.cli.report import Report
from resqued.config import Config
from resqued.protocol.records import WorkerView
from resqued.store.checkup import Misfit, Server

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unknown:
    """What could not be seen."""

    why: str


Known: TypeAlias = T | Unknown


@dataclass(frozen=True, slots=True)
class Later:
    """Jobs that wait for their time."""

    leaders: tuple[str | None, str | None]  # who holds the lock of Ruby's schedulers, and that of node's
    count: int
    overdue: float  # s for which the first of them has been due
    looked_at: int  # of those that come first
    bad: Sequence[str]  # of these: why they can go nowhere

    @property
    def is_led_by_us(self) -> bool:
        """Nobody else holds both locks."""
        ruby, node = self.leaders
        return ruby is not None and ruby == node


@dataclass(frozen=True, slots=True)
class Fleet:
    """What stands in Redis."""

    now: datetime  # by its clock
    queues: Known[Mapping[str, int]]  # how many jobs are on each
    held: Known[Mapping[str, datetime | None]]  # queues that are paused for all workers of ours → since when
    workers: Known[Sequence[WorkerView]]
    lifeless: Known[Mapping[str, str]]  # workers that are known to be dead → how that is known
    versions: Known[Mapping[str, int]]  # of resqued → how many workers have it
    is_paused: Known[bool]
    later: Known[Later]
    misfits: Sequence[Misfit]


@dataclass(frozen=True, slots=True)
class Process:
    """One of a master's, or the master."""

    pid: int
    name: str  # "the master", "worker mail.0", "the job of mail.0"
    title: Known[str]
    sockets: Known[frozenset[int]]  # inodes, without those of the standard streams
    files: Known[int]  # how many it has open
    files_limit: Known[int]

    @property
    def is_worker(self) -> bool:
        return self.name.startswith("worker ")


@dataclass(frozen=True, slots=True)
class Family:
    """The processes of a master, which comes first."""

    processes: Sequence[Process]
    connections: Mapping[int, str]  # sockets that should not be there, by inode → what each is connected to


@dataclass(frozen=True, slots=True)
class Unit:
    """Of systemd, in which the master runs."""

    name: str
    stops_within: float  # s; inf: no limit
    hears_the_master: bool  # so that it can ask for more time


@dataclass(frozen=True, slots=True)
class Place:
    """A directory that the master writes to."""

    key: str  # that says where it is: state_dir
    path: Path
    system: str  # of files: ext4, tmpfs
    free: int  # bytes
    inodes: int | None  # free ones; None: this file system does not count them
    objection: str  # why it cannot be written to; empty: it can


@dataclass(frozen=True, slots=True)
class Secret:
    """A file in which a password stands."""

    path: Path
    mode: int


@dataclass(frozen=True, slots=True)
class Facts:
    file: Path
    config: Known[Config]
    mistakes: Sequence[str]  # in the configuration
    trouble: str  # why Redis cannot be asked
    server: Known[Server]
    fleet: Known[Fleet]
    report: Known[Report]  # of the master
    family: Known[Family]
    unit: Known[Unit]
    places: Sequence[Known[Place]]
    secrets: Known[Sequence[Secret]]
