"""The pruner: settles what dead workers of one configuration, on this machine, have left in Redis.

A process for a moment: the master forks one when a worker has died, after the worker's job has been killed, and when it
starts itself: its predecessor may have been killed with all its workers.
"""

from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path
from time import monotonic, time

from resqued import coroner, notes
from resqued.backoff import Backoff
from resqued.errors import StoreUnavailable
from resqued.escalation import Mood
from resqued.store.pruning import Dead, Pruning
from resqued.whereabouts import Whereabouts

AN_HOUR = 3600.0  # s

Sleep = Callable[[float], Mood]  # until then (monotonic) or a signal; returns what has been wished for since the start


class Pruner:
    def __init__(
        self, pruning: Pruning, home: Path, here: Whereabouts, *, backoff: Backoff, redis_timeout: float
    ) -> None:
        self._pruning, self._home, self._here = pruning, str(home), here
        self._backoff, self._redis_timeout = backoff, redis_timeout

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

    def _clear_away(self, registered: Sequence[Dead]) -> None:
        """Notes that have outlived their registration. A worker that is about to register has just begun one."""
        known = {one.registration.nonce for one in registered}
        notes.clear_away(Path(self._home), known, before=time() - AN_HOUR)

    def _settle_all(self) -> bool:
        """False if Redis is away, or one was not as it had been seen."""
        try:
            return sum(not coroner.prune(self._pruning, one) for one in self._dead()) == 0
        except StoreUnavailable:
            return False

    def _dead(self) -> list[Dead]:
        registered = self._pruning.registered()
        self._clear_away(registered)
        return [one for one in registered if one.registration.home == self._home and coroner.is_dead(one, self._here)]
