"""Processes that a master keeps besides workers, one of each kind, although there may be a pool of the same name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from resqued.escalation import Mood
from resqued.fleet.slots import Process, Slot

PATIENCE = 10.0  # s from asking one to end to killing it
PRUNER = "pruner"


@dataclass(frozen=True, slots=True)
class Words:
    """What is said when a process begins, ends as it should, and ends otherwise."""

    started: str
    stopped: str
    died: str


SAID = {
    "redis": Words("redis.started", "redis.stopped", "redis.died"),
    "scheduler": Words("scheduler.started", "scheduler.stopped", "scheduler.died"),
}


class House:
    """Services are there before the first worker, and go after the last. A pruner comes now and then.

    Roles stand beside the workers, and are as new as this image of the master.
    """

    def __init__(self, services: Sequence[str], roles: Sequence[str], new: Callable[[str], Slot]) -> None:
        self._new = new
        self.services = list(map(new, services))
        self.roles = list(map(new, roles))
        self.pruner = new(PRUNER)

    @property
    def slots(self) -> list[Slot]:
        return [*self.services, self.pruner, *self.roles]

    def adopt(self, name: str, process: Process) -> None:
        """A process of an earlier image. A role that is not wanted any more ends; its process is known until then."""
        slot = next((slot for slot in self.slots if slot.name == name), None)
        if slot is None:
            slot = self._new(name)
            slot.wanted = False
            self.roles.append(slot)
        slot.process = process

    def wish(self, slot: Slot, mood: Mood, generation: int) -> Mood:
        """What a process is to do in this `mood` of its master."""
        is_old = slot.process is not None and slot.process.generation < generation
        return max(mood, Mood.DRAINING) if slot in self.roles and (is_old or not slot.wanted) else mood

    def patience(self, slot: Slot, redis_timeout: float) -> float:
        """Seconds that a process may take to end."""
        return PATIENCE + (redis_timeout if slot is self.pruner else 0.0)

    def exited(self, slot: Slot, now: float) -> None:
        """A service, whom nobody asks while it is needed, or a role."""
        asked = slot in self.roles and slot.process is not None and slot.process.is_leaving
        slot.vacate(now, died=not asked)
        if not slot.wanted:
            self.roles.remove(slot)

    @property
    def missed_roles(self) -> list[Slot]:
        return [slot for slot in self.roles if slot.wanted and slot.process is None]
