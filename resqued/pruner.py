"""The pruner: settles what dead workers of one configuration, on this machine, have left in Redis.

A process for a moment: the master forks one when a worker has died, after the worker's job has been killed, and when it
starts itself: its predecessor may have been killed with all its workers. Some of these may still live, for without
their master they finish their jobs; when one of them dies, nobody else will notice (`left_alive`).
"""

from collections.abc import Callable, Collection
from math import inf
from pathlib import Path
from time import monotonic

from resqued import coroner, notes, whereabouts
from resqued.backoff import Backoff
from resqued.errors import StoreUnavailable
from resqued.escalation import Mood
from resqued.protocol.identity import WorkerId
from resqued.store.pruning import Dead, Pruning
from resqued.whereabouts import Whereabouts

Sleep = Callable[[float], Mood]  # until then (monotonic) or a signal; returns what has been wished for since the start


class Pruner:
    """`host`: as ids of workers of this machine have it. `master`: its pid; `children`: those of its workers by now."""

    def __init__(
        self,
        pruning: Pruning,
        home: Path,
        here: Whereabouts,
        *,
        backoff: Backoff,
        redis_timeout: float,
        host: str,
        master: int,
        children: Collection[int],
    ) -> None:
        self._pruning, self._home, self._here = pruning, home, here
        self._backoff, self._redis_timeout = backoff, redis_timeout
        self._host, self._master, self._children = host, master, children
        self.left_alive = 0  # workers of an earlier master that still live

    def run(self, sleep: Sleep) -> bool:
        """Until all are settled. False if Redis was away, and a stop left no time to wait for it any longer."""
        gives_up_at = inf
        while not self._settle_all():
            mood = sleep(min(monotonic() + self._backoff.failed(), gives_up_at))
            if mood is not Mood.RUNNING:
                gives_up_at = min(gives_up_at, monotonic() + self._redis_timeout)
            if monotonic() >= gives_up_at:
                return False
        return True

    def _settle_all(self) -> bool:
        """False if Redis is away, or one was not as it had been seen."""
        try:
            ours = self._look()
            dead = [one for one in ours if coroner.is_dead(one, self._here)]
            self.left_alive = sum(one not in dead and coroner.is_from_here(one, self._here) for one in ours)
            return coroner.prune_each(self._pruning, dead)
        except StoreUnavailable:
            return False

    def _look(self) -> list[Dead]:
        """Those registered workers of this machine that it falls to us to settle, when they have ended."""
        ended = notes.of_the_dead(self._home)  # before the register is read: who had ended then never comes into it
        registered = self._pruning.registered()
        notes.clear_away(ended, but={one.registration.nonce for one in registered})
        return [one for one in registered if self._is_ours(one) and not self._is_the_masters(one)]

    def _is_ours(self, one: Dead) -> bool:
        """Hosts whose disk is on a network may share a directory, but not their name, too."""
        return one.registration.home == str(self._home) and (
            coroner.is_from_here(one, self._here) or _is_named(one, self._host)
        )

    def _is_the_masters(self, one: Dead) -> bool:
        """Whether it is one of those whose end the master will see, or has seen since we were forked.

        The master then kills what is left of its job, and only after that forks the pruner for it.
        """
        r = one.registration
        if not coroner.is_from_here(one, self._here):
            return False
        if (life := whereabouts.life(r.pid)) is not None:
            return (life.parent, life.born) == (self._master, r.born)
        return r.pid in self._children or r.born > self._here.born


def _is_named(one: Dead, host: str) -> bool:
    """Whether it is a worker of `host`, perhaps one whose name somebody else had."""
    worker = WorkerId.parse(one.id)
    return worker is not None and worker.is_of(host)
