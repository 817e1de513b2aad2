"""Whether a master is well, and whether its workers are at work. That it answers at all shows that its loop turns."""

from collections.abc import Iterator

from resqued.boards import Boards
from resqued.escalation import Mood
from resqued.fleet import Fleet, Phase
from resqued.master.census import crews, outages
from resqued.metrics.asking import Health


class Healer:
    """`was_up`: whether an image before this one has had its first workers ready."""

    def __init__(self, fleet: Fleet, boards: Boards, *, was_up: bool) -> None:
        self._fleet, self._boards, self._was_up = fleet, boards, was_up

    def alive(self) -> Health:
        """A new start may help against the reasons; it would not help against what is a warning."""
        return Health(tuple(self._degraded()), (*self._absent(), *self._warnings()))

    def ready(self) -> Health:
        return Health((*self._absent(), *self._degraded()), tuple(self._warnings()))

    def look(self) -> None:
        """To be called now and then: who has been up once stays so, though workers come and go."""
        self._was_up = self._was_up or self._fleet.is_up

    def _degraded(self) -> Iterator[str]:
        for pool in self._fleet.pools.values():
            if pool.degraded:
                yield f"pool {pool.name} is degraded: {pool.trouble}"

    def _absent(self) -> Iterator[str]:
        """Why no jobs are taken, or not all that could be."""
        self.look()
        if self._fleet.mood is not Mood.RUNNING:
            yield "resqued is being stopped"
        elif not self._was_up:
            yield "the first workers are not ready yet"
        yield from outages(crews(self._fleet, self._boards))

    def _warnings(self) -> Iterator[str]:
        if self._fleet.halted:
            yield self._fleet.halted
        if self._fleet.rollout[0] is Phase.STOPPED:
            yield "the roll-out has stopped: the first new worker does not get ready"
        for slot in self._fleet.house.missed_roles if self._fleet.mood is Mood.RUNNING else ():
            yield f"the {slot.name} is not there; it is started"
        for pool in self._fleet.pools.values():
            if pool.paused:
                yield f"pool {pool.name} is paused"
