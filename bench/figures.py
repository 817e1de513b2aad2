"""Numbers, and what is made of them."""

from collections.abc import Collection as AnyOf
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Literal, Self

Better = Literal["less", "more"]
Sense = Literal["at most", "at least"]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that is not exceeded by at least this share (0 to 1) of them."""
    return sorted(values)[max(1, ceil(share * len(values))) - 1]


@dataclass(frozen=True, slots=True)
class Spread:
    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Figure:
    """One quantity of one contestant, with a value for each round."""

    quantity: str
    contestant: str
    values: tuple[float, ...]

    @property
    def spread(self) -> Spread:
        return Spread.of(self.values)


@dataclass(frozen=True, slots=True)
class Bound:
    """What is asked of a quantity of ours: so much of its unit, or so many times what `rival` has."""

    quantity: str
    sense: Sense
    value: float
    rival: str = ""

    @property
    def words(self) -> str:
        return f"{self.sense} {self.value:g}{' times' if self.rival else ''}"


def asked(quantities: AnyOf[str], sense: Sense, rivals: Mapping[str, float]) -> list[Bound]:
    """A bound for each quantity and each rival: who, and how many times what they have."""
    return [Bound(quantity, sense, value, rival) for quantity in quantities for rival, value in rivals.items()]


@dataclass(frozen=True, slots=True)
class Judgement:
    """`found`: the median of all rounds, in the terms of the bound."""

    bound: Bound
    found: float

    @property
    def holds(self) -> bool:
        return self.found <= self.bound.value if self.bound.sense == "at most" else self.found >= self.bound.value


@dataclass(frozen=True, slots=True)
class Section:
    """What one measure found. `ours` is the contestant that all others are compared with."""

    name: str
    title: str
    unit: str
    better: Better
    figures: tuple[Figure, ...]
    ours: str
    bounds: tuple[Bound, ...] = ()

    def advantage(self, other: Figure) -> Spread | None:
        """How many times better ours is than `other`, round by round; below 1 it is worse. None for ours itself."""
        mine = self.figure(other.quantity, self.ours)
        if mine is None or other.contestant == self.ours or min(*mine.values, *other.values) <= 0:
            return None
        pairs = zip(mine.values, other.values, strict=False)  # who gave up has fewer rounds
        return Spread.of([theirs / own if self.better == "less" else own / theirs for own, theirs in pairs])

    def judgements(self) -> list[Judgement]:
        """Of all bounds but those on what was not measured."""
        found = ((bound, self._found(bound)) for bound in self.bounds)
        return [Judgement(bound, value) for bound, value in found if value is not None]

    def unjudged(self) -> list[Bound]:
        """Bounds whose rival did not take part."""
        return [bound for bound in self.bounds if self._found(bound) is None]

    def _found(self, bound: Bound) -> float | None:
        mine = self.figure(bound.quantity, self.ours)
        if mine is None:
            return None
        if not bound.rival:
            return mine.spread.median
        rival = self.figure(bound.quantity, bound.rival)
        if rival is None or min(rival.values) <= 0:
            return None
        return median([own / theirs for own, theirs in zip(mine.values, rival.values, strict=False)])

    def figure(self, quantity: str, contestant: str) -> Figure | None:
        matching = (one for one in self.figures if (one.quantity, one.contestant) == (quantity, contestant))
        return next(matching, None)


class Collection:
    """Figures in the making: values come round by round, quantities keep the order in which they first came."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], list[float]] = {}

    def add(self, quantity: str, contestant: str, value: float) -> None:
        self._values.setdefault((quantity, contestant), []).append(value)

    def figures(self, contestants: AnyOf[str] | None = None, first: str = "") -> tuple[Figure, ...]:
        """All of them, or those of some contestants; `first`: who is to come before the others."""
        quantities = list(dict.fromkeys(quantity for quantity, _ in self._values))
        ordered = sorted(self._values.items(), key=lambda item: (quantities.index(item[0][0]), item[0][1] != first))
        return tuple(
            Figure(quantity, contestant, tuple(values))
            for (quantity, contestant), values in ordered
            if contestants is None or contestant in contestants
        )
