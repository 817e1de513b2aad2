"""Tells the world how the master and its workers are: a status file, systemd, and the title of the process."""

from dataclasses import asdict
from functools import partial
from math import ceil, inf
from time import monotonic, time

from resqued import processes, status
from resqued.entry.estate import Estate
from resqued.entry.ground import Ground
from resqued.escalation import Mood
from resqued.fleet import Fleet, Phase, Pool, Slot
from resqued.log import log
from resqued.reload import Record, Reload, State
from resqued.status import PoolStatus, ReloadStatus, Replacing, RoleStatus, RolloutStatus, Status, WorkerStatus
from resqued.systemd import Notifier
from resqued.version import __version__
from resqued.whereabouts import whereabouts

NOT_AGAIN_FOR = 0.1  # s; two hundred workers that start are not two hundred files
REFRESH = 5.0  # s between words on a stop that is under way
REPLACING: dict[Phase, Replacing] = {
    Phase.PROBING: "probing",
    Phase.REPLACING: "replacing",
    Phase.STOPPED: "stopped",
}
ON_THE_WAY = (State.CHECKING, State.STARTING)


class Herald:
    def __init__(self, ground: Ground, estate: Estate, fleet: Fleet, reload: Reload, notifier: Notifier) -> None:
        self._ground, self._estate, self._fleet, self._reload = ground, estate, fleet, reload
        self._systemd = notifier
        self._epoch = time() - monotonic()
        self._here = asdict(whereabouts())
        self._written: Status | None = None
        self._writes_at = 0.0
        self._said = self._title = ""
        self._was_up = self._is_reloading = estate.generation > 0
        self._is_stopping = False
        self._beats_at = self._extends_at = 0.0

    def tell(self) -> float | None:
        """Whatever has changed. When to come again at the latest (monotonic)."""
        now = monotonic()
        due = min(self._write(now), self._tell_systemd(now))
        self._entitle()
        return None if due == inf else due

    def remove(self) -> None:
        """There is nothing to say any more."""
        status.remove(self._ground.run)

    # the file

    def _write(self, now: float) -> float:
        if now < self._writes_at:
            return self._writes_at
        said = self._status()
        if said == self._written:
            return inf
        self._written, self._writes_at = said, now + NOT_AGAIN_FOR
        try:
            status.write(self._ground.run, said)
        except OSError as error:
            log.error("status.not_written", error=str(error))
        return inf

    def _status(self) -> Status:
        fleet, files = self._fleet, self._estate.boards.files
        boards = {generation: index for index, generation in enumerate(files)}
        phase, old = fleet.rollout
        return Status(
            **self._here,
            version=__version__,
            config=str(self._ground.file),
            generation=fleet.generation,
            started_at=self._estate.started_at,
            mood=fleet.mood.name.lower(),
            stops_by=self._date(fleet.stops_by),
            reload=self._reload_status(self._reload.last) if self._reload.last else None,
            rollout=RolloutStatus(old=old, state=REPLACING[phase]) if phase in REPLACING else None,
            boards=tuple(file.name for file in files.values()),
            pools={pool.name: _pool_status(pool, fleet.halted) for pool in fleet.pools.values()},
            workers=tuple(self._worker_status(slot, boards) for slot in fleet.workers),
            roles=tuple(map(self._role_status, fleet.house.roles)),
        )

    def _worker_status(self, slot: Slot, boards: dict[int, int]) -> WorkerStatus:
        place, process = partial(WorkerStatus, slot=slot.name, pool=slot.pool, restarts=slot.restarts), slot.process
        if process is None:
            at = self._date(slot.spawns_at) if slot.spawns_at else None
            return place(generation=self._fleet.generation, board=-1, row=-1, restarts_at=at)
        return place(
            pid=process.pid,
            generation=process.generation,
            board=boards.get(process.generation, -1),
            row=process.row,
            started_at=self._date(process.spawned_at),
            leaving=process.is_leaving or not slot.wanted,
        )

    def _role_status(self, slot: Slot) -> RoleStatus:
        place, process = partial(RoleStatus, name=slot.name, restarts=slot.restarts), slot.process
        if process is None:
            return place(restarts_at=self._date(slot.spawns_at) if slot.spawns_at else None)
        return place(pid=process.pid, started_at=self._date(process.spawned_at))

    def _reload_status(self, last: Record) -> ReloadStatus:
        return ReloadStatus(
            number=last.number,
            asked_at_ms=int(last.asked_at * 1000),
            began_ms=int(last.began_at * 1000),
            state=last.state.value,
            reason=last.reason,
            at=last.at + self._epoch,
        )

    def _date(self, at: float) -> float | None:
        return None if at == inf else at + self._epoch

    # systemd

    def _tell_systemd(self, now: float) -> float:
        self._tell_phase()
        if (text := self._summary()) != self._said:
            self._said = text
            self._systemd.status(text)
        return min(self._beat(now), self._extend(now))

    def _tell_phase(self) -> None:
        on_the_way = self._reload.last is not None and self._reload.last.state in ON_THE_WAY
        if self._fleet.mood is not Mood.RUNNING:
            self._tell_stop()
        elif on_the_way and not self._is_reloading:
            self._is_reloading = True
            self._systemd.reloading()
        elif (self._is_reloading and not on_the_way) or (not self._was_up and self._fleet.is_up):
            self._is_reloading, self._was_up = False, True
            self._systemd.ready(self._summary())

    def _tell_stop(self) -> None:
        if not self._is_stopping:
            self._is_stopping = True
            self._systemd.stopping()

    def _beat(self, now: float) -> float:
        if self._systemd.interval is None:
            return inf
        if now >= self._beats_at:
            self._systemd.beat()
            self._beats_at = now + self._systemd.interval
        return self._beats_at

    def _extend(self, now: float) -> float:
        """A stop may take as long as its own settings say, whatever the unit says."""
        if not (self._is_stopping and self._systemd.is_heard) or self._fleet.done:
            return inf
        if now >= self._extends_at:
            self._systemd.extend(3 * REFRESH)
            self._extends_at = now + REFRESH
        return self._extends_at

    def _summary(self) -> str:
        """A line for whoever looks with `systemctl status`. It is as old as the last event, or heartbeat."""
        workers = self._fleet.processes
        busy = sum(process.sight.is_busy for process in workers)
        plural = "" if len(workers) == 1 else "s"
        facts = [f"{len(workers)} worker{plural}, {busy} busy", f"generation {self._fleet.generation}"]
        facts += [f"{pool.name} is degraded" for pool in self._fleet.pools.values() if pool.degraded]
        facts += [f"{pool.name} is paused" for pool in self._fleet.pools.values() if pool.paused]
        facts += self._about_reload() if self._fleet.mood is Mood.RUNNING else [self._about_stop()]
        return "; ".join(facts)

    def _about_reload(self) -> list[str]:
        last = self._reload.last
        if last is None or last.state is State.ACCEPTED:
            return []
        return [f"reload {last.state}: {last.reason[0]}" if last.reason else f"reload {last.state}"]

    def _about_stop(self) -> str:
        left = self._fleet.stops_by - monotonic()
        return "stopping when the last job has ended" if left == inf else f"stopping, at most {max(0, ceil(left))} s"

    # ps

    def _entitle(self) -> None:
        workers = sum(slot.wanted for slot in self._fleet.workers)
        title = f"resqued-{__version__}: master {self._ground.file}, {workers} workers"
        if self._fleet.mood is not Mood.RUNNING:
            title += ", stopping"
        if title != self._title:
            self._title = title
            processes.set_title(title)


def _pool_status(pool: Pool, halted: str) -> PoolStatus:
    return PoolStatus(
        workers=pool.wanted,
        min=pool.size.min,
        max=pool.size.max,
        paused=pool.paused,
        degraded=pool.degraded or bool(halted),
        reason=halted or pool.trouble,
    )
