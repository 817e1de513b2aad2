"""What a master keeps: pools, their slots, and the process in each. Times are seconds on the monotonic clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from resqued.backoff import Backoff
from resqued.escalation import Mood

HEALTHY = 10.0  # s that a process has to be ready for its slot to be in order again
DEATHS = 3  # so many within these seconds are a crash loop; so many before anybody is ready, a pool that cannot work
MENDS = HEALTHY / DEATHS  # s of work that make up for one death


@dataclass(frozen=True, slots=True)
class Size:
    """Of a pool: between `min` and `max` workers, so many that `spare` of them have nothing to do."""

    min: int
    max: int
    spare: int = 0

    @property
    def is_elastic(self) -> bool:
        return self.min < self.max

    def clamped(self, workers: int) -> int:
        return max(self.min, min(self.max, workers))


@dataclass(frozen=True, slots=True)
class Sight:
    """What the scoreboard says of a worker."""

    is_ready: bool
    is_busy: bool = False
    since: float = 0.0  # when it came to its state, or began its job
    tick: float = 0.0  # when its loop last turned; 0: never yet


@dataclass(slots=True, eq=False)
class Process:
    """Who fills a slot."""

    pid: int
    generation: int  # of the master's image that forked it
    spawned_at: float
    row: int = -1  # of the scoreboard of its generation; -1: none
    ready_at: float | None = None
    sight: Sight = Sight(is_ready=False)
    retired: bool = False  # it is to leave as soon as its job has ended
    told: Mood = Mood.RUNNING
    paused: bool = False  # as it has been told
    kills_at: float = inf  # how long it may still take to leave
    killed: bool = False
    suspected_at: float = inf  # since when its loop seems to stand still
    dumped_at: float = inf  # when it was asked for its stacks

    @property
    def is_ready(self) -> bool:
        return self.ready_at is not None

    @property
    def is_leaving(self) -> bool:
        """Whether somebody wants it to."""
        return self.retired or self.told is not Mood.RUNNING

    def worked(self, now: float) -> float:
        """For how long it has been ready."""
        return 0.0 if self.ready_at is None else max(0.0, now - self.ready_at)


@dataclass(slots=True, eq=False)
class Slot:
    """A place for one process: `pool.number` for a worker."""

    name: str
    pool: str
    number: int
    backoff: Backoff
    wanted: bool = True
    process: Process | None = None
    spawns_at: float = 0.0  # not earlier
    restarts: int = 0  # after deaths
    worked: float = 0.0  # s for which its processes have been ready, all in all
    died_at: list[float] = field(default_factory=list)  # lately, by that clock: a long pause is no sign of health

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    def vacate(self, now: float, *, died: bool) -> None:
        """Its process has ended; the slot is filled again at once.

        Unless that was a death before the process was ready, or the third one in ten seconds of work: then after a
        while, longer each time. Work makes up for deaths: what is killed now and then is never away for long.
        """
        process, self.process = self.process, None
        assert process is not None
        self._has_worked(process.worked(now))
        self.restarts += died
        if died:
            lately = [at for at in self.died_at if at > self.worked - HEALTHY]
            self.died_at = [*lately, self.worked][-DEATHS:]
            loops = not process.is_ready or len(self.died_at) >= DEATHS
            self.spawns_at = now + (self.backoff.failed() if loops else 0.0)

    def _has_worked(self, seconds: float) -> None:
        self.worked += seconds
        if seconds >= HEALTHY:
            self.backoff.succeeded()
        else:
            self.backoff.recovered(seconds / MENDS)


@dataclass(slots=True, eq=False)
class Pool:
    """`is_configured`: else it is there until the last of its workers has gone."""

    name: str
    size: Size
    is_configured: bool = True
    slots: list[Slot] = field(default_factory=list)
    paused: bool = False
    stillborn: int = 0  # deaths before ready since anybody was ready
    died_by: str = ""  # how the last of these ended
    degraded: bool = False  # its workers never get ready: one slot goes on trying

    @property
    def trouble(self) -> str:
        """Why it is degraded; empty if it is not."""
        deaths = f"{self.stillborn} workers died before they were ready; the last: {self.died_by}"
        return deaths if self.degraded else ""

    @property
    def wanted(self) -> int:
        return sum(slot.wanted for slot in self.slots)

    @property
    def processes(self) -> list[Process]:
        return [slot.process for slot in self.slots if slot.process]

    @property
    def has_ready(self) -> bool:
        return any(process.is_ready for process in self.processes)

    @property
    def vacancies(self) -> list[Slot]:
        """Which slots may be filled: not more than there is room for, since who is to leave is still at work."""
        empty = [slot for slot in self.slots if slot.wanted and not slot.process]
        if self.degraded:  # always the same one, or the pauses of all would add up to none
            return [] if self.processes else empty[:1]
        room = max(0, self.wanted - len(self.processes))
        return sorted(empty, key=lambda slot: slot.spawns_at)[:room]

    def resize(self, workers: int, new: Callable[[int], Slot]) -> None:
        """Want so many. Who is idle goes first, then the highest numbers; nobody's job is cut short."""
        while self.wanted < workers:
            self._add(new)
        surplus = sorted((slot for slot in self.slots if slot.wanted), key=_usefulness)
        for slot in surplus[: self.wanted - workers]:
            slot.wanted = False
        self.drop_unwanted()

    def _add(self, new: Callable[[int], Slot]) -> None:
        numbers = {slot.number for slot in self.slots}
        self.slots.append(new(next(number for number in range(len(numbers) + 1) if number not in numbers)))

    def drop_unwanted(self) -> None:
        """Slots that are empty now, and shall be."""
        self.slots = [slot for slot in self.slots if slot.wanted or slot.process]


def _usefulness(slot: Slot) -> tuple[int, int]:
    """Less of it: the first to go. Empty, retired, idle, busy."""
    process = slot.process
    if process is None or process.retired:
        return 0, -slot.number
    return 1 + process.sight.is_busy, -slot.number
