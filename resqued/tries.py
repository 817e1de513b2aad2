"""Whether a job that has failed is tried again, and when.

A policy is that of a job's class (`retry = {…}`) or else of its pool. Nothing here knows Redis, a clock, or chance.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf

from resqued.config.policies import Dead, Exponential, Retry
from resqued.errors import DirtyExit, JobKilled, PrunedWorker

Pause = Callable[[int], float]  # s after so many failures, 1 for the first: a function of the application
WORKER_LOST = (DirtyExit(), PrunedWorker())  # as which a job fails whose worker has died
MOST_PAUSES = 32  # that are said ahead, for the case that the worker dies
UNASKED = 60.0  # s until a job is tried again of whose pause the application cannot be asked any more


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    limit: int  # how often a job may be tried again
    backoff: tuple[float, ...] | Exponential | Pause
    on: tuple[str, ...] = ()  # names of exceptions; empty: all
    never: tuple[str, ...] = ()
    dead: Dead = "failed"

    @classmethod
    def of(cls, said: Retry, backoff: Pause | None = None) -> "RetryPolicy":
        """What a table says. `backoff`: the function that a class has in its place."""
        pauses = (said.backoff,) if isinstance(said.backoff, float | int) else said.backoff
        return cls(said.limit, backoff or pauses, said.on, said.never, said.dead)

    @property
    def is_idle(self) -> bool:
        """Whether a job under it is like one without a policy."""
        return not self.limit and self.dead == "failed"

    def again(self, error: BaseException, tried: int, chance: Callable[[], float]) -> float | None:
        """Seconds until a job that has failed with `error` is tried again; None: it is not.

        `tried`: how many tries there were before this one. Raises what a function of the application raises, and
        ValueError if what that says is no number of seconds.
        """
        return self.pause(tried, chance) if tried < self.limit and self.covers(error) else None

    def covers(self, error: BaseException) -> bool:
        """Whether it speaks of such a failure at all."""
        names = set(_names_of(type(error)))
        if not names.isdisjoint(self.never):
            return False
        if isinstance(error, JobKilled):  # an operator wanted it to end
            return JobKilled.__name__ in self.on
        return not self.on or not names.isdisjoint(self.on)

    def pause(self, tried: int, chance: Callable[[], float]) -> float:
        """Seconds before the next try."""
        match self.backoff:
            case tuple(pauses):
                return pauses[min(tried, len(pauses) - 1)]
            case Exponential() as growing:
                return _grown(growing, tried, chance)
            case ask:
                return _seconds(ask(tried + 1))

    def unasked(self, error: BaseException, tried: int, chance: Callable[[], float]) -> float | None:
        """As `again`, without asking a function of the application, which may run in its jobs' processes only."""
        if not callable(self.backoff):
            return self.again(error, tried, chance)
        return UNASKED if tried < self.limit and self.covers(error) else None

    def if_lost(self) -> tuple[float, ...]:
        """The pauses before each further try if its worker dies; empty if that is the end of it."""
        if not self.limit or not all(map(self.covers, WORKER_LOST)):
            return ()
        if callable(self.backoff):
            return (UNASKED,)
        return tuple(self.pause(tried, lambda: 0.5) for tried in range(min(self.limit, MOST_PAUSES)))


def _names_of(kind: type[BaseException]) -> Iterator[str]:
    """What a policy may call it: its own names, and those of what it is derived from."""
    for each in kind.__mro__:
        yield each.__qualname__
        yield f"{each.__module__}.{each.__qualname__}"
        if recorded_as := vars(each).get("recorded_as"):
            yield recorded_as


def _grown(growing: Exponential, tried: int, chance: Callable[[], float]) -> float:
    try:
        pause = min(growing.most, growing.first * growing.factor**tried)
    except OverflowError:
        pause = growing.most
    return pause * (1 + growing.jitter * (2 * chance() - 1))


def _seconds(said: object) -> float:
    if isinstance(said, int | float) and not isinstance(said, bool) and 0 <= said < inf:
        return float(said)
    raise ValueError(f"expected a number of seconds ≥ 0 from retry's backoff, got {said!r}")


NEVER = RetryPolicy(0, (0.0,))
