"""All processes that a master keeps, and the plan for them: workers by pool, and those of its house."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf

from resqued.backoff import Backoff
from resqued.escalation import Mood
from resqued.fleet import orders, stuck
from resqued.fleet.actions import Action, Say, Spawn
from resqued.fleet.elastic import Gauge
from resqued.fleet.house import House
from resqued.fleet.limits import Limits
from resqued.fleet.rollout import SAID, Phase, Rollout
from resqued.fleet.slots import DEATHS, Pool, Process, Sight, Size, Slot

READY_BY = 60.0  # s that the first worker of a new generation may take


class Fleet:
    def __init__(
        self,
        pools: Mapping[str, Size],
        limits: Limits,
        *,
        generation: int = 0,
        services: Sequence[str] = (),
        roles: Sequence[str] = (),
        chance: Callable[[], float],
    ) -> None:
        self._chance, self._limits = chance, limits
        self.generation, self.mood = generation, Mood.RUNNING
        self.pools = {name: Pool(name, size) for name, size in pools.items()}
        for pool in self.pools.values():
            self._resize(pool, pool.size.min)
        self.house = House(services, roles, lambda name: self._slot(name, name, 0))
        self.services, self.pruner = self.house.services, self.house.pruner
        self.halted = ""  # why no worker can be started
        self.stops_by = inf  # when the last worker must have gone
        self.needs_pruning = False
        self._prunes_not_before = 0.0
        self._has_been_ready = False
        self._rollout = Rollout(generation, READY_BY)
        self._gauges = {name: Gauge() for name, size in pools.items() if size.is_elastic}
        self._says: list[Say] = []

    def _slot(self, name: str, pool: str, number: int) -> Slot:
        return Slot(name, pool, number, Backoff(first=0.5, most=30.0, chance=self._chance))

    def _resize(self, pool: Pool, workers: int) -> None:
        pool.resize(workers, lambda number: self._slot(f"{pool.name}.{number}", pool.name, number))

    @property
    def workers(self) -> list[Slot]:
        return [slot for pool in self.pools.values() for slot in pool.slots]

    @property
    def slots(self) -> list[Slot]:
        return [*self.house.slots, *self.workers]

    @property
    def processes(self) -> list[Process]:
        """Of all workers."""
        return [process for pool in self.pools.values() for process in pool.processes]

    # facts

    def adopt(self, pool: str, number: int, process: Process, restarts: int = 0) -> None:
        """A process of an earlier image of this master. It leaves soon if there is no place for it any more."""
        home = self.pools.setdefault(pool, Pool(pool, Size(0, 0), is_configured=False))
        slot = next((slot for slot in home.slots if slot.number == number), None)
        if slot is None:
            slot = self._slot(f"{pool}.{number}", pool, number)
            slot.wanted = home.wanted < home.size.max
            home.slots.append(slot)
        slot.process, slot.restarts = process, restarts
        self._has_been_ready = self._has_been_ready or process.is_ready

    def shut(self, mood: Mood, now: float) -> None:
        """Somebody wants an end. A softer wish than an earlier one changes nothing, and so does the same one again."""
        if mood > self.mood:
            self.mood = mood
            self.stops_by = min(self.stops_by, now + self._limits.patience(mood))
            for process in self.processes:
                process.kills_at = min(process.kills_at, self.stops_by)

    def left_work(self, at: float = 0.0) -> None:
        """A worker has died, or may have by then, perhaps with a job on its slate: somebody must settle that."""
        at = min(at, self.pruner.spawns_at) if self.needs_pruning else at
        self.needs_pruning, self.pruner.spawns_at = True, max(at, self._prunes_not_before)

    def halt(self, reason: str) -> None:
        """There is no application to start workers with. Those that run go on: nobody could take their places."""
        self.halted = reason
        for slot in self.workers:
            slot.wanted = slot.wanted or slot.process is not None

    def pause(self, *, to: bool, pool: str | None = None) -> None:
        """Hold, or release, the workers of one pool or of all, the ones to come included."""
        for one in self.pools.values():
            if pool in (None, one.name):
                one.paused = to

    def resize(self, pool: str, by: int) -> int:
        """So many workers more, or fewer, until the next reload. Returns how many are wanted now."""
        one = self.pools[pool]
        self._resize(one, max(0, one.wanted + by))
        return one.wanted

    def spawned(self, slot: Slot, process: Process) -> None:
        slot.process = process
        if slot in self.house.slots:
            process.ready_at = process.spawned_at
        else:
            process.kills_at = min(process.kills_at, self.stops_by)
        if slot is self.pruner:
            self.needs_pruning = False

    def not_spawned(self, slot: Slot, now: float) -> None:
        """There could be no more processes. A stop has an end: it does without a pruner."""
        slot.spawns_at = now + slot.backoff.failed()
        if slot is self.pruner and self.mood is not Mood.RUNNING:
            self.needs_pruning = False

    def seen(self, slot: Slot, sight: Sight, now: float) -> None:
        """What the scoreboard says of a worker now."""
        assert slot.process is not None
        slot.process.sight = sight
        stuck.judge(slot.process, now)
        if sight.is_ready and not slot.process.is_ready:
            slot.process.ready_at = now
            self._has_been_ready = True
            self._recover(self.pools[slot.pool])

    def _recover(self, pool: Pool) -> None:
        pool.stillborn = 0
        if pool.degraded:
            pool.degraded = False
            self._say("pool.recovered", pool=pool.name)

    def slot_of(self, pid: int) -> Slot | None:
        return next((slot for slot in self.slots if slot.pid == pid), None)

    def exited(self, slot: Slot, now: float, *, well: bool, by: str = "") -> None:
        """Its process has ended, `by` what. `well`: as it should. What the scoreboard said last has been `seen`."""
        if slot is self.pruner:
            self._pruned(now, well=well)
        elif slot in self.house.slots:
            self.house.exited(slot, now)
        else:
            self._left(slot, now, well=well, by=by)

    def _pruned(self, now: float, *, well: bool) -> None:
        """A pruner that failed is tried again; not any more during a stop, which has an end."""
        self.pruner.process = None
        if well:
            self.pruner.backoff.succeeded()
        elif self.mood is Mood.RUNNING:
            self.needs_pruning = True
            self.pruner.spawns_at = self._prunes_not_before = now + self.pruner.backoff.failed()

    def _left(self, slot: Slot, now: float, *, well: bool, by: str) -> None:
        process, pool = slot.process, self.pools[slot.pool]
        assert process is not None
        was_asked = process.is_leaving or self.mood is not Mood.RUNNING
        slot.vacate(now, died=not was_asked and not (well and process.is_ready))
        if not was_asked and not process.is_ready:
            self._rollout.died_before_ready(process.generation)
            self._was_stillborn(pool, by)
        pool.drop_unwanted()
        if not pool.slots and not pool.is_configured:
            del self.pools[pool.name]

    def _was_stillborn(self, pool: Pool, by: str) -> None:
        pool.stillborn, pool.died_by = pool.stillborn + 1, by
        if pool.stillborn >= DEATHS and not pool.degraded and not pool.has_ready:
            pool.degraded = True
            self._say("pool.degraded", pool=pool.name, deaths=pool.stillborn, by=by)

    def _say(self, event: str, **facts: object) -> None:
        self._says.append(Say(event, facts))

    # questions

    @property
    def done(self) -> bool:
        return self.mood is not Mood.RUNNING and not self.needs_pruning and not self._leaving()

    @property
    def is_hopeless(self) -> bool:
        """Whether no worker has been ready since the start, although all have had their chance, and none will be."""
        pools = [pool for pool in self.pools.values() if pool.slots]
        tried = self.generation == 0 and not self._has_been_ready
        return tried and bool(pools) and all(pool.degraded and pool.stillborn >= pool.wanted for pool in pools)

    @property
    def is_up(self) -> bool:
        """Whether every worker that can get ready has been so, and at least one of them is."""
        wanted = [slot for slot in self.workers if slot.wanted]
        return (self._has_been_ready or not wanted) and all(
            self.pools[slot.pool].degraded or (slot.process is not None and slot.process.is_ready) for slot in wanted
        )

    @property
    def rollout(self) -> tuple[Phase, int]:
        """How far it is, and how many workers of earlier generations are left."""
        return self._rollout.phase, len(self._rollout.old(self.workers))

    def plan(self, now: float) -> list[Action]:
        """What is to be done now. Whoever asks does it: a process is not told the same thing twice."""
        if self.mood is Mood.RUNNING:
            self._reshape(now)
            return [*self._said(), *self._orders([*self.workers, *self.house.roles], now), *_due(self._empty(), now)]
        if self.needs_pruning and not _filled([*self.workers, self.pruner]):
            return [*self._said(), *_due(self._missed(), now), Spawn(self.pruner)]
        return [*self._said(), *self._orders(self._leaving(), now), *_due(self._missed(), now)]

    def _said(self) -> list[Say]:
        said, self._says = self._says, []
        return said

    def _reshape(self, now: float) -> None:
        """What is wanted may have changed: of elastic pools, and during a roll-out."""
        if self.halted:
            return
        for name, gauge in self._gauges.items():
            pool = self.pools[name]
            if gauge.is_due(now) and (wanted := gauge.wanted(pool, now)) != pool.wanted:
                self._say("pool.resized", pool=name, workers=wanted, was=pool.wanted)
                self._resize(pool, wanted)
        before = self._rollout.phase
        for slot in self._rollout.retiring(self.workers, now):
            assert slot.process is not None
            slot.process.retired = True
        if (phase := self._rollout.phase) is not before:
            self._say(SAID[phase], generation=self.generation)

    def _empty(self) -> list[Slot]:
        """Which slots want a process."""
        pruner = [self.pruner] if self.needs_pruning else []
        workers = [] if self.halted else [slot for pool in self.pools.values() for slot in pool.vacancies]
        return [slot for slot in (*self.services, *pruner, *self.house.missed_roles, *workers) if slot.process is None]

    def _missed(self) -> list[Slot]:
        """During a stop: services that have ended although somebody still needs them."""
        are_needed = self.needs_pruning or _filled([*self.workers, *self.house.roles, self.pruner])
        return [slot for slot in self.services if are_needed and slot.process is None]

    def _leaving(self) -> list[Slot]:
        """Whose turn it is to end: services when nobody needs them any more."""
        return _filled([*self.workers, *self.house.roles]) or _filled([self.pruner]) or _filled(self.services)

    def _orders(self, slots: Sequence[Slot], now: float) -> Iterator[Action]:
        for slot in slots:
            if slot in self.house.slots:
                wish = self.house.wish(slot, self.mood, self.generation)
                patience = self.house.patience(slot, self._limits.redis_timeout)
                yield from orders.to_service(slot, wish, now, patience=patience)
            else:
                yield from orders.to_worker(slot, self.mood, now, paused=self.pools[slot.pool].paused)

    # times

    def wakes_at(self) -> float | None:
        """When `plan` will have something new to say; None: not by the passing of time."""
        if self.mood is Mood.RUNNING:
            times = [slot.spawns_at for slot in self._empty()]
            roles = [slot.process for slot in self.house.roles if slot.process]
            times += [self.looks_at(), *(one.kills_at for one in (*self.processes, *roles) if not one.killed)]
            if not self.halted:
                times.append(self._rollout.wakes_at(self.workers))
        else:
            times = [self._looks_after(slot.process) for slot in self._leaving() if slot.process]
            times += [slot.spawns_at for slot in self._missed()]
        at = min(times, default=inf)
        return None if at == inf else at

    def _looks_after(self, process: Process) -> float:
        """When there is something to do about a process that has to leave; the past: now."""
        if process.killed:
            return inf
        return min(process.kills_at, stuck.looks_at(process)) if process.told >= self.mood else process.spawned_at

    def looks_at(self) -> float:
        """When the scoreboard is to be looked at again, if nobody rings before."""
        gauges = [] if self.halted else [gauge.looks_at for gauge in self._gauges.values()]
        return min((*gauges, *map(stuck.looks_at, self.processes)), default=inf)


def _filled(slots: Sequence[Slot]) -> list[Slot]:
    return [slot for slot in slots if slot.process is not None]


def _due(slots: Sequence[Slot], now: float) -> list[Spawn]:
    return [Spawn(slot) for slot in slots if now >= slot.spawns_at]
