"""How long a queue may get, and what becomes of a job for which there is no room."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from types import MappingProxyType
from typing import Literal, get_args

from resqued.queues import is_glob, matches

EVERY_QUEUE = "*"
WhenFull = Literal["refuse", "drop-oldest", "block"]


@dataclass(frozen=True, slots=True)
class Bound:
    """At most `most` jobs may wait on a queue; and what becomes of one more.

    - `refuse`: `QueueFull` is raised, and nothing has changed;
    - `drop-oldest`: it is put there all the same, and the oldest one goes to the failed list;
    - `block`: it is put there as soon as there is room, for which `patience` seconds are waited; then it is refused.
    """

    most: int
    when_full: WhenFull = "refuse"
    patience: float = 10.0

    def __post_init__(self) -> None:
        """Raises ValueError."""
        if type(self.most) is not int or self.most < 1:
            raise ValueError(f"most: expected a number of jobs ≥ 1, got {self.most!r}")
        if self.when_full not in get_args(WhenFull):
            raise ValueError(f"when_full: expected one of {', '.join(get_args(WhenFull))}, got {self.when_full!r}")
        if not isfinite(self.patience) or self.patience < 0:
            raise ValueError(f"patience: expected a number of seconds ≥ 0, got {self.patience!r}")

    @property
    def drops(self) -> bool:
        return self.when_full == "drop-oldest"

    @property
    def waits(self) -> float:
        """Seconds for which room is waited for."""
        return self.patience if self.when_full == "block" else 0.0


class Bounds:
    """By queues' names and globs: a name counts before a glob, and of the globs the first that matches.

    `*` means every queue, also one whose name begins with a dot.
    """

    def __init__(self, stated: Mapping[str, Bound] = MappingProxyType({})) -> None:
        """Raises TypeError for what is no `Bound`."""
        if not isinstance(stated, Mapping):
            raise TypeError(f'bounds: expected a mapping such as {{"mail": Bound(1000)}}, got {stated!r}')
        for queue, bound in stated.items():
            if not isinstance(bound, Bound):
                raise TypeError(f"bounds: expected a Bound for {queue!r}, got {bound!r}: write Bound(1000)")
        self._stated = dict(stated)

    def of(self, queue: str) -> Bound | None:
        if not self._stated:
            return None
        if found := self._stated.get(queue):
            return found
        return next((bound for glob, bound in self._stated.items() if _means(glob, queue)), None)


def _means(glob: str, queue: str) -> bool:
    return glob == EVERY_QUEUE or (is_glob(glob) and matches(glob, queue))
