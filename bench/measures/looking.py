"""Latencies of those that are not told of a job but look now and then: pushes at random moments between their looks."""

import random
import select
import time
from collections.abc import Mapping, Sequence

from bench.contestants import Contestant
from bench.field import Field
from bench.stage import PATIENCE, Letterbox, Stage, Withdrawn

PAUSE = 0.025  # s: long enough to be idle again
Probe = tuple[float, float]  # until perform began, and until the call returned that enqueued it; ms


class Prober:
    """One contestant: it waits for the moment of its next push, or for the job to begin."""

    def __init__(self, contestant: Contestant, letterbox: Letterbox, count: int) -> None:
        self.contestant, self.letterbox, self._count = contestant, letterbox, count
        self.probes: list[Probe] = []
        self._pushed = self._returned = 0  # ns; 0: not yet
        self._wait()

    def _wait(self) -> None:
        self._pushed = 0
        self._due = time.monotonic() + PAUSE + random.uniform(0, self.contestant.interval)

    @property
    def done(self) -> bool:
        return len(self.probes) == self._count

    @property
    def wakes_at(self) -> float:
        """When to `act`, unless the letterbox is readable before."""
        return self._pushed / 1e9 + PATIENCE if self._pushed else self._due

    def act(self) -> None:
        """Push if it is time. Raises Withdrawn if the job has not begun for too long."""
        if time.monotonic() < self.wakes_at:
            return
        if self._pushed:
            raise Withdrawn(f"{self.contestant.name} has not begun its job for {PATIENCE:g} s")
        self._pushed = time.monotonic_ns()
        self.contestant.enqueue("Stamp", self.letterbox.path)
        self._returned = time.monotonic_ns()

    def hear(self) -> None:
        """The job has begun."""
        began = int(self.letterbox.next())
        self.probes.append(((began - self._pushed) / 1e6, (self._returned - self._pushed) / 1e6))
        self._wait()


def probe(stage: Stage, field: Field, counts: Mapping[Contestant, int]) -> dict[Contestant, list[Probe]]:
    """So many probes of each; all of them at the same time, for they mostly sleep."""
    probers = [
        Prober(contestant, stage.new_letterbox(f"letterbox-{contestant.database}-{time.monotonic_ns()}"), count)
        for contestant, count in counts.items()
    ]
    try:
        while busy := [one for one in probers if not one.done and field.present([one.contestant])]:
            for prober in busy:
                with field.excusing(prober.contestant):
                    prober.act()
            _wait(busy)
    finally:
        for prober in probers:
            prober.letterbox.close()
    return {one.contestant: one.probes for one in probers if one.done}


def _wait(probers: Sequence[Prober]) -> None:
    """Until something is due, and hear what there is."""
    seconds = max(0.0, min(prober.wakes_at for prober in probers) - time.monotonic())
    heard, _, _ = select.select([prober.letterbox for prober in probers], [], [], seconds)
    for prober in probers:
        if prober.letterbox in heard:
            prober.hear()
