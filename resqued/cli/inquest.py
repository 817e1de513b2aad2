"""Which workers are dead, and how that is known.

Never a guess. Of ours on this machine the process tells, or its notebook; of any other its heartbeat, if that is old
and has been seen unchanged for longer than a living one would be; of those of this host that have none, the pid.
"""

import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from resqued import coroner, processes
from resqued.cli.subjects import Fleet
from resqued.cli.terminal import span
from resqued.errors import NotPruned
from resqued.lock import Lock
from resqued.protocol import records
from resqued.store.census import shown
from resqued.store.pruning import OLD, UNCHANGED, Dead, Pruned
from resqued.store.replies import raw
from resqued.store.strangers import Stranger
from resqued.whereabouts import Whereabouts

LARGEST_PID = 2**22  # of Linux; what an id says may be anything


class Fate(StrEnum):
    DEAD = "dead"
    LIVES = "lives"
    UNSURE = "unsure"  # that will be known in a moment
    UNKNOWN = "unknown"  # nothing tells


@dataclass(frozen=True, slots=True)
class Finding:
    worker: Dead | Stranger
    fate: Fate
    why: str

    @property
    def id(self) -> str:
        return self.worker.id if isinstance(self.worker, Dead) else shown(self.worker.id)


@dataclass(frozen=True, slots=True)
class Beat:
    text: bytes
    age: float | None  # s by the clock of Redis; None: there is none, or nobody can read it
    unchanged: int  # s for which it has been seen as it is


class Inquest:
    def __init__(self, fleet: Fleet, here: Whereabouts) -> None:
        self._fleet, self._here = fleet, here

    def all_of_ours(self) -> list[Finding]:
        """Of every worker of ours, wherever it is registered from."""
        return self._findings(self._fleet.pruning.registered())

    def named(self, ids: Sequence[str]) -> list[Finding]:
        """Of these, ours or not. Raises NotPruned if one of them is not registered."""
        ours = {one.id: one for one in self._fleet.pruning.registered()}
        known = {shown(worker): worker for worker in self._fleet.census.ids()}
        return self._findings(
            [ours.get(worker) or self._stranger(worker, known.get(worker)) for worker in dict.fromkeys(ids)]
        )

    def _stranger(self, worker: str, known: bytes | None) -> Stranger:
        found = self._fleet.strangers.find(known) if known else None
        if found is None:
            reason = "is of a version of resqued that is not known here" if known else "is not registered"
            raise NotPruned(f"worker {worker} {reason}; `resquectl workers` lists those that are")
        return found

    def _findings(self, workers: Sequence[Dead | Stranger]) -> list[Finding]:
        beats = self._beats([raw(one.id) if isinstance(one, Dead) else one.id for one in workers])
        return [self._finding(one, beat) for one, beat in zip(workers, beats, strict=True)]

    def _beats(self, ids: Sequence[bytes]) -> Iterator[Beat]:
        now = self._fleet.census.now()
        for text, unchanged in self._fleet.pruning.unchanged(ids):
            moment = records.moment(text)
            yield Beat(text, (now - moment).total_seconds() if moment else None, unchanged)

    def _finding(self, one: Dead | Stranger, beat: Beat) -> Finding:
        if isinstance(one, Stranger):
            return Finding(one, *self._of_a_stranger(one, beat))
        if coroner.is_dead(one, self._here):
            return Finding(one, Fate.DEAD, f"its process has ended (pid {one.registration.pid})")
        if coroner.is_from_here(one, self._here):
            return Finding(one, Fate.LIVES, f"its process lives (pid {one.registration.pid})")
        if beat.age is None:
            return Finding(one, Fate.UNKNOWN, "it has no heartbeat")
        return Finding(replace(one, beat=beat.text.decode(errors="replace")), *_by_heartbeat(beat.age, beat.unchanged))

    def _of_a_stranger(self, one: Stranger, beat: Beat) -> tuple[Fate, str]:
        host, pid, _ = one.parts
        is_here = host == socket.gethostname() and pid is not None and pid <= LARGEST_PID
        if is_here and processes.exists(pid or 0):
            return Fate.LIVES, f"there is a process {pid} on this host"
        if beat.age is not None:
            gone = f"there is no process {pid} on this host, and " if is_here else ""
            return _by_heartbeat(beat.age, beat.unchanged, gone)
        if one.pinged and (age := self._age(one.pinged)) <= OLD:
            return Fate.LIVES, f"it showed itself {span(age)} ago"
        if is_here:
            return Fate.DEAD, f"there is no process {pid} on this host"
        return Fate.UNKNOWN, "it has no heartbeat, and its process is not to be seen from here"

    def _age(self, moment: datetime) -> float:
        return (self._fleet.census.now() - moment).total_seconds()


def _by_heartbeat(age: float, unchanged: int, gone: str = "") -> tuple[Fate, str]:
    """`gone`: what else speaks for its death, so that its heartbeat need not be old.

    It must stand still all the same: a container may have this host's name, and processes that are not to be seen here.
    """
    if age <= OLD and not gone:
        return Fate.LIVES, f"its last heartbeat was {span(age)} ago"
    if unchanged < UNCHANGED:
        return Fate.UNSURE, f"{gone}no heartbeat for {span(age)}; seen to stand still for {unchanged} s of {UNCHANGED}"
    return Fate.DEAD, f"{gone}no heartbeat for {span(age)}"


def settle(fleet: Fleet, worker: Dead | Stranger) -> Pruned:
    """Settle the job of a dead worker, and strike it off. Raises NotPruned if that is somebody else's to do."""
    if isinstance(worker, Stranger):
        return fleet.strangers.strike(worker)
    if not (lock := _lock_of(worker)):
        return coroner.settle(fleet.pruning, worker)[0]
    with lock:
        return coroner.settle(fleet.pruning, worker)[0]


def _lock_of(dead: Dead) -> Lock | None:
    """That of the master whose worker it was, so that none is at it, and its notes can be read.

    A master kills what is left of a job before it lets anybody settle it. None if it had none, or on another machine.
    """
    file = Path(dead.registration.home) / "lock"
    try:
        return Lock(file) if dead.registration.home and file.stat() else None
    except BlockingIOError:
        raise NotPruned("its master runs, and settles it") from None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise NotPruned(f"what it noted cannot be read: {file}: {error.strerror}; be root, or its user") from None
