"""Everybody in one measure, in two tables: those with a process for each job, and the others."""

from collections import Counter
from collections.abc import Collection as AnyOf
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from bench.contestants import Contestant
from bench.figures import Better, Bound, Collection, Figure, Section
from bench.stage import Withdrawn


class Field:
    """Ours come first in each table, and may be the same in both; without them there is nothing to tell."""

    def __init__(self, forking: Sequence[Contestant], others: Sequence[Contestant]) -> None:
        self.forking, self.others = list(forking), list(others)
        self.withdrawn: dict[str, str] = {}  # who had to give up, and why

    def everybody(self, number: int = 0) -> list[Contestant]:
        """Who is still there. Who is first changes with the number of the round."""
        present = self.present([*self.forking, *self.others])
        first = number % len(present)
        return [*present[first:], *present[:first]]

    def present(self, contestants: Sequence[Contestant]) -> list[Contestant]:
        return [one for one in dict.fromkeys(contestants) if one.name not in self.withdrawn]

    @contextmanager
    def excusing(self, contestant: Contestant) -> Iterator[None]:
        """The others go on without a contestant that ends, gets stuck, fails a job, or whose client does not work."""
        try:
            yield
        except Exception as reason:  # a peer's own library may raise anything
            if contestant in (self.forking[0], self.others[0]):
                raise
            self.withdrawn[contestant.name] = str(reason) if isinstance(reason, Withdrawn) else repr(reason)

    def sections(
        self,
        collection: Collection,
        name: str,
        title: str,
        *,
        unit: str,
        better: Better,
        bounds: Sequence[Bound] = (),
        more: Sequence[Bound] = (),
        marks: AnyOf[str] = (),
    ) -> list[Section]:
        """The two tables. `bounds` are of the first, `more` of the second; `marks`: who else is in the first."""
        make = partial(Section, unit=unit, better=better)
        forking = make(
            name=name,
            title=f"{title}; a process for each job",
            figures=collection.figures({*self._names(self.forking), *marks}, self.forking[0].name),
            ours=self.forking[0].name,
            bounds=tuple(bounds),
        )
        others = make(
            name=f"{name}, others",
            title=f"{title}; no process for each job",
            figures=_compared(collection.figures(self._names(self.others), self.others[0].name)),
            ours=self.others[0].name,
            bounds=tuple(more),
        )
        return [forking, others] if len(self.others) > 1 else [forking]

    def _names(self, contestants: Sequence[Contestant]) -> set[str]:
        return {one.name for one in self.present(contestants)}


def _compared(figures: Sequence[Figure]) -> tuple[Figure, ...]:
    """Those of quantities that more than one has."""
    common = Counter(figure.quantity for figure in figures)
    return tuple(figure for figure in figures if common[figure.quantity] > 1)
