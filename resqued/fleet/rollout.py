"""Replacing the workers of earlier generations: one first, and the others when its successor has proved itself."""

from collections.abc import Sequence
from enum import StrEnum
from math import inf

from resqued.fleet.slots import DEATHS, Process, Slot

PROVED = 1.0  # s that the first successor has to have been ready
NEXT_AFTER = 5.0  # s for the first to end its job; if it is a long one, another is asked as well


class Phase(StrEnum):
    PROBING = "probing"
    REPLACING = "replacing"
    STOPPED = "stopped"  # the first successor does not get ready: the others stay, until one does
    DONE = "done"


SAID = {  # of each phase, when it begins
    Phase.PROBING: "rollout.probing",
    Phase.REPLACING: "rollout.replacing",
    Phase.STOPPED: "rollout.stopped",
    Phase.DONE: "rollout.done",
}


class Rollout:
    """`patience`: seconds in which the first successor has to get ready."""

    def __init__(self, generation: int, patience: float) -> None:
        self.generation, self.phase = generation, Phase.DONE  # as long as nobody is found who is older
        self._patience = patience
        self._deaths = 0
        self._asks_at = -inf

    def died_before_ready(self, generation: int) -> None:
        if generation == self.generation:
            self._deaths += 1

    def retiring(self, slots: Sequence[Slot], now: float) -> list[Slot]:
        """Whose process is to leave now. They are asked when their jobs have ended, so this may be all of them."""
        old = self.old(slots)
        self.phase = self._next_phase(slots, now) if old else Phase.DONE
        staying = _staying(old)
        match self.phase:
            case Phase.REPLACING:
                return staying
            case Phase.PROBING if staying and now >= self._asks_at and not self._has_begun(slots):
                self._asks_at = now + NEXT_AFTER
                return [min(staying, key=_delay)]
            case _:
                return []

    def old(self, slots: Sequence[Slot]) -> list[Slot]:
        return [slot for slot in slots if slot.process and slot.process.generation < self.generation]

    def _next_phase(self, slots: Sequence[Slot], now: float) -> Phase:
        if any(now >= at + PROVED for at in self._ready(slots)):
            return Phase.REPLACING
        phase = Phase.PROBING if self.phase is Phase.DONE else self.phase
        if phase is Phase.PROBING and (self._deaths >= DEATHS or now >= self._gives_up_at(slots)):
            return Phase.STOPPED
        return phase

    def _ready(self, slots: Sequence[Slot]) -> list[float]:
        """Since when the successors have been so that are."""
        return [
            slot.process.ready_at
            for slot in slots
            if slot.process and slot.process.generation == self.generation and slot.process.ready_at is not None
        ]

    def _gives_up_at(self, slots: Sequence[Slot]) -> float:
        begun = [slot.process.spawned_at for slot in slots if slot.process and self._is_new(slot)]
        return min(begun, default=inf) + self._patience

    def _is_new(self, slot: Slot) -> bool:
        return slot.process is not None and slot.process.generation == self.generation

    def _has_begun(self, slots: Sequence[Slot]) -> bool:
        """Whether a successor is there, or about to be: a slot is empty, or will be in no time."""
        return any(slot.wanted and (not slot.process or self._is_new(slot) or _leaves(slot.process)) for slot in slots)

    def wakes_at(self, slots: Sequence[Slot]) -> float:
        if self.phase in (Phase.DONE, Phase.REPLACING) or not self.old(slots):
            return inf
        proved = min((at + PROVED for at in self._ready(slots)), default=inf)
        if self.phase is Phase.STOPPED:
            return proved
        asks_at = self._asks_at if _staying(self.old(slots)) and not self._has_begun(slots) else inf
        return min(proved, asks_at, self._gives_up_at(slots))


def _staying(slots: Sequence[Slot]) -> list[Slot]:
    """Nobody has asked these to leave: who has lost his place has no successor to prove anything."""
    return [slot for slot in slots if slot.wanted and slot.process and not slot.process.retired]


def _leaves(process: Process) -> bool:
    return process.retired and not process.sight.is_busy


def _delay(slot: Slot) -> tuple[bool, float]:
    """Who will probably leave soon comes first: the idle, then whose job has just begun: most jobs are short."""
    assert slot.process is not None
    return slot.process.sight.is_busy, -slot.process.sight.since
