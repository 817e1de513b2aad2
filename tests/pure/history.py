"""What a fleet goes through, replayed: facts in, plans out."""

from collections.abc import Callable, Mapping, Sequence
from itertools import count

from resqued.escalation import Mood
from resqued.fleet import Action, Fleet, Kill, Limits, Slot, Spawn, Tell

START = 1000.0
LIMITS = Limits(grace=20.0, term_timeout=4.0, redis_timeout=5.0)


class History:
    """A fleet, and a world that obeys it: time, process ids, and what was done when."""

    def __init__(
        self,
        pools: Mapping[str, int],
        services: Sequence[str] = (),
        *,
        limits: Limits = LIMITS,
        chance: Callable[[], float] = lambda: 0.5,
    ) -> None:
        self.fleet = Fleet(pools, limits, services=services, chance=chance)
        self.now = START
        self.can_fork = True
        self.done: list[tuple[float, Action]] = []
        self._pids = count(101)

    def act(self) -> list[str]:
        """Do what is planned for now."""
        plan = self.fleet.plan(self.now)
        for action in plan:
            self._perform(action)
        return [described(action) for action in plan]

    def _perform(self, action: Action) -> None:
        self.done.append((self.now, action))
        match action:
            case Spawn(slot) if self.can_fork:
                self.fleet.spawned(slot, next(self._pids), self.now)
            case Spawn(slot):
                self.fleet.not_spawned(slot, self.now)

    def slot(self, name: str) -> Slot:
        return next(slot for slot in (*self.fleet.workers, *self.fleet.services) if slot.name == name)

    def living(self) -> list[Slot]:
        return [slot for slot in (*self.fleet.workers, *self.fleet.services) if slot.pid is not None]

    def exits(self, name: str, *, lived: float = 0.0, ready: bool = True) -> list[str]:
        """The process of a slot ends, and its master acts on it."""
        self.now += lived
        pid = self.slot(name).pid
        assert pid is not None
        self.fleet.exited(pid, self.now, was_ready=lambda _: ready)
        return self.act()

    def shut(self, mood: Mood) -> list[str]:
        self.fleet.shut(mood, self.now)
        return self.act()

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


def described(action: Action) -> str:
    match action:
        case Spawn(slot):
            return f"spawn {slot.name}"
        case Tell(slot, mood):
            return f"tell {slot.name} {mood.name}"
        case Kill(slot):
            return f"kill {slot.name}"
