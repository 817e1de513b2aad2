"""What a fleet goes through, replayed: facts in, plans out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from resqued.escalation import Mood
from resqued.fleet import Action, Fleet, Limits, Process, Say, Sight, Size, Slot, Spawn, Tell
from resqued.handover import Heir

START = 1000.0
LIMITS = Limits(grace=20.0, term_timeout=4.0, redis_timeout=5.0)


@dataclass
class Worker:
    """What the scoreboard says of one. Its loop turns all the time, unless it stands still."""

    is_ready: bool
    is_busy: bool = False
    since: float = 0.0
    still_since: float | None = None

    def sight(self, now: float) -> Sight:
        tick = now if self.still_since is None else self.still_since
        return Sight(self.is_ready, self.is_busy, since=self.since, tick=tick if self.is_ready else 0.0)


class History:
    """A fleet, and a world that obeys it: time, processes, their scoreboard, and what was done when.

    `gets_ready`: whether a worker that is forked is ready at once; else only when the test says so.
    """

    def __init__(
        self,
        pools: Mapping[str, int | Size],
        services: Sequence[str] = (),
        *,
        roles: Sequence[str] = (),
        limits: Limits = LIMITS,
        chance: Callable[[], float] = lambda: 0.5,
        gets_ready: bool = True,
    ) -> None:
        self._services, self.roles, self._limits, self._chance = services, roles, limits, chance
        self.fleet = self._fleet(pools)
        self.gets_ready, self.can_fork = gets_ready, True
        self.now = START
        self.workers: dict[int, Worker] = {}  # by pid
        self.done: list[tuple[float, Action]] = []
        self._pids = count(101)

    def _fleet(self, pools: Mapping[str, int | Size], generation: int = 0) -> Fleet:
        sizes = {name: size if isinstance(size, Size) else Size(size, size) for name, size in pools.items()}
        house = {"services": self._services, "roles": self.roles}
        return Fleet(sizes, self._limits, generation=generation, **house, chance=self._chance)

    def reload(self, pools: Mapping[str, int | Size], *, halted: str = "") -> list[str]:
        """The next image of the master takes over, with another configuration, and acts for the first time.

        `halted`: why it cannot start workers.
        """
        old, self.fleet = self.fleet, self._fleet(pools, self.fleet.generation + 1)
        for slot in old.workers:
            if slot.process:
                self.fleet.adopt(slot.pool, slot.number, Heir.of(slot).process(), slot.restarts)
        for pool in old.pools.values():
            self.fleet.pause(to=pool.paused, pool=pool.name)
        for slot in old.house.slots:
            if slot.process:
                self.fleet.house.adopt(slot.name, Heir.of(slot).process())
        self.fleet.needs_pruning = old.needs_pruning
        if halted:
            self.fleet.halt(halted)
        return self.act()

    # what the master does

    def look(self) -> None:
        for slot in self.fleet.workers:
            if slot.process:
                self.fleet.seen(slot, self.workers[slot.process.pid].sight(self.now), self.now)

    def act(self) -> list[str]:
        """Look at the scoreboard, and do what is planned for now."""
        self.look()
        plan = self.fleet.plan(self.now)
        for action in plan:
            self._perform(action)
        self.look()
        return [described(action) for action in plan]

    def _perform(self, action: Action) -> None:
        self.done.append((self.now, action))
        match action:
            case Spawn(slot) if self.can_fork:
                self._fork(slot)
            case Spawn(slot):
                self.fleet.not_spawned(slot, self.now)

    def _fork(self, slot: Slot) -> None:
        pid, pool = next(self._pids), self.fleet.pools.get(slot.pool)
        paused = pool.paused if pool and slot in pool.slots else False
        self.fleet.spawned(slot, Process(pid, self.fleet.generation, self.now, paused=paused))
        if slot in self.fleet.workers:
            self.workers[pid] = Worker(self.gets_ready, since=self.now)

    # what happens

    def exits(self, name: str, *, lived: float = 0.0, well: bool = False) -> list[str]:
        """The process of a slot ends, and its master acts on it."""
        self.now += lived
        self.ends(self.slot(name), well=well)
        return self.act()

    def ends(self, slot: Slot, *, well: bool = False) -> None:
        """It has ended; its master knows, and has not acted on it yet."""
        assert slot.pid is not None
        if slot in self.fleet.workers:
            self.fleet.seen(slot, self.workers.pop(slot.pid).sight(self.now), self.now)
        self.fleet.exited(slot, self.now, well=well, by=f"status {int(not well)}")

    def leaves(self, *names: str) -> list[str]:
        """Who was asked to leave does so."""
        for name in names:
            self.ends(self.slot(name), well=True)
        return self.act()

    def worker(self, name: str) -> Worker:
        pid = self.slot(name).pid
        assert pid is not None
        return self.workers[pid]

    def is_ready(self, *names: str) -> list[str]:
        for name in names:
            self.worker(name).is_ready = True
        return self.act()

    def is_busy(self, *names: str) -> list[str]:
        for name in names:
            self.worker(name).is_busy, self.worker(name).since = True, self.now
        return self.act()

    def is_idle(self, *names: str) -> list[str]:
        for name in names:
            self.worker(name).is_busy, self.worker(name).since = False, self.now
        return self.act()

    def stands_still(self, *names: str) -> None:
        for name in names:
            self.worker(name).still_since = self.now

    def moves_again(self, *names: str) -> None:
        for name in names:
            self.worker(name).still_since = None

    def shut(self, mood: Mood) -> list[str]:
        self.fleet.shut(mood, self.now)
        return self.act()

    # time

    def wait(self, seconds: float) -> list[str]:
        self.now += seconds
        return self.act()

    def sleep(self) -> float | None:
        """Seconds until the fleet wants to be asked again; None: not by the passing of time."""
        wakes_at = self.fleet.wakes_at()
        return None if wakes_at is None else wakes_at - self.now

    def wake(self) -> list[str]:
        """Time passes until the fleet wants to be asked again."""
        wakes_at = self.fleet.wakes_at()
        assert wakes_at is not None
        self.now = wakes_at
        return self.act()

    def live(self, seconds: float) -> list[str]:
        """Time passes, and the master wakes whenever it wants to. All that it does."""
        until, done = self.now + seconds, self.act()
        while (wakes_at := self.fleet.wakes_at()) is not None and wakes_at <= until:
            self.now = max(self.now, wakes_at)
            turn = self.act()
            assert turn or (self.sleep() or 1.0) > 0, "the master turns in circles"
            done += turn
        self.now = until
        return done

    # who is there

    def slot(self, name: str) -> Slot:
        return next(slot for slot in self.fleet.slots if slot.name == name)

    def living(self) -> list[Slot]:
        return [slot for slot in self.fleet.slots if slot.process]

    def names(self) -> list[str]:
        """Of the slots of all living workers."""
        return [slot.name for slot in self.fleet.workers if slot.process]


def described(action: Action) -> str:
    match action:
        case Say(event):
            return event
        case Tell(slot, mood):
            return f"tell {slot.name} {mood.name}"
        case _:
            return f"{type(action).__name__.lower()} {action.slot.name}"
