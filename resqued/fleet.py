"""What the master should do next. Times are seconds on the monotonic clock.

Facts go in (`exited`, `shut`), a plan comes out (`plan`): what is wanted is compared with what is, so that facts which
come late, twice or merged do no harm. A stop only ever gets firmer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from resqued.backoff import Backoff
from resqued.escalation import Mood

HEALTHY = 10.0  # s that a process has to live, and to become ready in, for its slot to be in order again
DEATHS = 3  # so many without such a life between them are a crash loop
GONE_BY = 10.0  # s that a worker may take to leave beyond what its job may take
SERVICE_PATIENCE = 10.0  # s from asking a service to end to killing it
PRUNER = "pruner"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, as in [shutdown]."""

    grace: float
    term_timeout: float
    redis_timeout: float


@dataclass(slots=True, eq=False)
class Slot:
    """A place for one process: `pool.number` for a worker."""

    name: str
    pool: str
    row: int  # in the scoreboard; -1: a service, which has none
    backoff: Backoff
    pid: int | None = None
    spawned_at: float = 0.0
    spawns_at: float = 0.0  # not earlier
    deaths: int = 0  # without a healthy life between them
    told: Mood = Mood.RUNNING
    kills_at: float = inf  # how long it may still take to leave
    killed: bool = False


@dataclass(frozen=True, slots=True)
class Spawn:
    slot: Slot


@dataclass(frozen=True, slots=True)
class Tell:
    """Pass a wish to stop on to a process."""

    slot: Slot
    mood: Mood


@dataclass(frozen=True, slots=True)
class Kill:
    slot: Slot


Action = Spawn | Tell | Kill


class Fleet:
    """All processes that a master keeps: workers by pool, services around them in time, now and then a pruner."""

    def __init__(
        self,
        pools: Mapping[str, int],
        limits: Limits,
        *,
        services: Sequence[str] = (),
        chance: Callable[[], float],
    ) -> None:
        names = [(pool, f"{pool}.{number}") for pool, size in pools.items() for number in range(size)]
        self.workers = [Slot(name, pool, row, _backoff(chance)) for row, (pool, name) in enumerate(names)]
        self.services = [Slot(name, name, -1, _backoff(chance)) for name in services]
        self.pruner = Slot(PRUNER, PRUNER, -1, _backoff(chance))
        self.mood = Mood.RUNNING
        self._limits = limits
        self._needs_pruning = False

    @property
    def _slots(self) -> tuple[Slot, ...]:
        return (*self.services, self.pruner, *self.workers)

    # facts

    def shut(self, mood: Mood, now: float) -> None:
        """Somebody wants an end. A softer wish than an earlier one changes nothing, and so does the same one again."""
        if mood > self.mood:
            self.mood = mood
            for slot in self.workers:
                slot.kills_at = min(slot.kills_at, now + self._patience(mood))

    def _patience(self, mood: Mood) -> float:
        """Seconds in which every worker must have left."""
        limits, rest = self._limits, self._limits.redis_timeout + GONE_BY
        match mood:
            case Mood.STOPPING:
                return limits.grace + limits.term_timeout + rest
            case Mood.HURRYING:
                return limits.term_timeout + rest
            case Mood.KILLING:
                return rest
            case _:
                return inf

    def left_work(self) -> None:
        """A worker has died, perhaps with a job on its slate: somebody must settle that."""
        self._needs_pruning = True

    def spawned(self, slot: Slot, pid: int, now: float) -> None:
        slot.pid, slot.spawned_at = pid, now
        if slot is self.pruner:
            self._needs_pruning = False

    def not_spawned(self, slot: Slot, now: float) -> None:
        """There could be no more processes."""
        slot.spawns_at = now + slot.backoff.failed()

    def exited(self, pid: int, now: float, *, was_ready: Callable[[Slot], bool]) -> Slot | None:
        """The slot that `pid` had; None if it is nobody of ours.

        It is filled again at once, unless its process died before it was ready, or this is the third death without ten
        healthy seconds between them. Then it stays empty for a while, longer each time, until one has lived so long.
        """
        slot = next((slot for slot in self._slots if slot.pid == pid), None)
        if slot is self.pruner:
            self._pruned(now, well=was_ready(slot))
        elif slot is not None:
            slot.pid = None
            slot.spawns_at = now + _pause(slot, now - slot.spawned_at, was_ready=was_ready(slot))
        return slot

    def _pruned(self, now: float, *, well: bool) -> None:
        """A pruner that failed is tried again; not any more during a stop, which has an end."""
        self.pruner.pid = None
        if well:
            self.pruner.backoff.succeeded()
        elif self.mood is Mood.RUNNING:
            self._needs_pruning = True
            self.pruner.spawns_at = now + self.pruner.backoff.failed()

    # questions

    @property
    def done(self) -> bool:
        return self.mood is not Mood.RUNNING and not self._needs_pruning and not self._leaving()

    def plan(self, now: float) -> list[Action]:
        """What is to be done now. Whoever asks does it: a process is not told the same thing twice."""
        if self.mood is Mood.RUNNING:
            return [Spawn(slot) for slot in self._empty() if now >= slot.spawns_at]
        if self._needs_pruning and not _filled([*self.workers, self.pruner]):
            return [Spawn(self.pruner)]
        return [action for slot in self._leaving() if (action := self._urge(slot, now))]

    def _empty(self) -> list[Slot]:
        """Which slots want a process."""
        return [slot for slot in self._slots if slot.pid is None and (slot is not self.pruner or self._needs_pruning)]

    def _leaving(self) -> list[Slot]:
        """Whose turn it is to end: services when nobody needs them any more."""
        return _filled(self.workers) or _filled([self.pruner]) or _filled(self.services)

    def _urge(self, slot: Slot, now: float) -> Tell | Kill | None:
        if slot.killed:
            return None
        if now >= slot.kills_at:
            slot.killed = True
            return Kill(slot)
        if slot.told is self.mood:
            return None
        slot.told = self.mood
        if slot not in self.workers:
            patience = SERVICE_PATIENCE + (self._limits.redis_timeout if slot is self.pruner else 0.0)
            slot.kills_at = min(slot.kills_at, now + patience)
        return Tell(slot, self.mood)

    def wakes_at(self) -> float | None:
        """When `plan` will have something new to say; None: not by the passing of time."""
        if self.mood is Mood.RUNNING:
            return min((slot.spawns_at for slot in self._empty()), default=None)
        at = min((slot.kills_at for slot in self._leaving() if not slot.killed), default=inf)
        return None if at == inf else at


def _filled(slots: Sequence[Slot]) -> list[Slot]:
    return [slot for slot in slots if slot.pid is not None]


def _pause(slot: Slot, lived: float, *, was_ready: bool) -> float:
    """Seconds for which a slot stays empty after a death."""
    if was_ready and lived >= HEALTHY:
        slot.backoff.succeeded()
        slot.deaths = 0
    slot.deaths += 1
    return 0.0 if was_ready and slot.deaths < DEATHS else slot.backoff.failed()


def _backoff(chance: Callable[[], float]) -> Backoff:
    return Backoff(first=0.5, most=30.0, chance=chance)
