"""Replacing the workers of earlier generations: one first, and the others when its successor has proved itself."""

from collections.abc import Sequence
from enum import StrEnum

from resqued.fleet.slots import DEATHS, Slot

PROVED = 1.0  # s that the first successor has to have been ready


class Phase(StrEnum):
    PROBING = "probing"
    REPLACING = "replacing"
    STOPPED = "stopped"  # the first successor does not get ready: the others stay, until one does
    DONE = "done"


class Rollout:
    """`patience`: seconds in which the first successor has to get ready."""

    def __init__(self, generation: int, patience: float) -> None:
        self.generation, self.phase = generation, Phase.PROBING if generation else Phase.DONE
        self._patience = patience
        self._deaths = 0

    def died_before_ready(self, generation: int) -> None:
        if generation == self.generation:
            self._deaths += 1

    def retiring(self, slots: Sequence[Slot], now: float) -> list[Slot]:
        """Whose process is to leave now. They are asked when their jobs have ended, so this may be all of them."""
        old = self.old(slots)
        self.phase = self._next_phase(slots, now) if old else Phase.DONE
        staying = [slot for slot in old if slot.process and not slot.process.retired]
        match self.phase:
            case Phase.REPLACING:
                return staying
            case Phase.PROBING if not self._is_under_way(slots) and staying:
                return [min(staying, key=_delay)]
            case _:
                return []

    def old(self, slots: Sequence[Slot]) -> list[Slot]:
        return [slot for slot in slots if slot.process and slot.process.generation < self.generation]

    def _next_phase(self, slots: Sequence[Slot], now: float) -> Phase:
        if any(now >= at + PROVED for at in self._ready(slots)):
            return Phase.REPLACING
        if self.phase is Phase.PROBING and (self._deaths >= DEATHS or now >= self._gives_up_at(slots)):
            return Phase.STOPPED
        return self.phase

    def _ready(self, slots: Sequence[Slot]) -> list[float]:
        """Since when the successors have been so that are."""
        return [
            slot.process.ready_at
            for slot in slots
            if slot.process and slot.process.generation == self.generation and slot.process.ready_at is not None
        ]

    def _gives_up_at(self, slots: Sequence[Slot]) -> float:
        begun = [slot.process.spawned_at for slot in slots if slot.process and self._is_new(slot)]
        return min(begun, default=float("inf")) + self._patience

    def _is_new(self, slot: Slot) -> bool:
        return slot.process is not None and slot.process.generation == self.generation

    def _is_under_way(self, slots: Sequence[Slot]) -> bool:
        """Whether a successor is there, or about to be: a slot is empty, or has been asked for."""
        return any(slot.wanted and (not slot.process or slot.process.retired or self._is_new(slot)) for slot in slots)

    def wakes_at(self, slots: Sequence[Slot]) -> float:
        if self.phase in (Phase.DONE, Phase.REPLACING) or not self.old(slots):
            return float("inf")
        proved = min((at + PROVED for at in self._ready(slots)), default=float("inf"))
        return min(proved, self._gives_up_at(slots)) if self.phase is Phase.PROBING else proved


def _delay(slot: Slot) -> tuple[bool, float]:
    """Who will probably leave soon comes first: the idle, then whose job has just begun: most jobs are short."""
    assert slot.process is not None
    return slot.process.sight.is_busy, -slot.process.sight.since
