"""Numbers, and what is made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Literal, Self

Better = Literal["less", "more"]


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
    """What a quantity of ours must stay below."""

    quantity: str
    most: float


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
        mine = self._of_ours(other.quantity)
        if mine is None or other.contestant == self.ours or not all((*mine.values, *other.values)):
            return None
        pairs = zip(mine.values, other.values, strict=True)
        return Spread.of([theirs / own if self.better == "less" else own / theirs for own, theirs in pairs])

    def broken(self) -> list[str]:
        """Bounds that did not hold, as sentences."""
        return [
            f"{self.name}: {bound.quantity} of {self.ours} reached {mine.spread.most:.1f} {self.unit}; "
            f"it must stay below {bound.most:g}"
            for bound in self.bounds
            if (mine := self._of_ours(bound.quantity)) and mine.spread.most >= bound.most
        ]

    def _of_ours(self, quantity: str) -> Figure | None:
        mine = (one for one in self.figures if (one.quantity, one.contestant) == (quantity, self.ours))
        return next(mine, None)


class Collection:
    """Figures in the making: values come round by round, quantities keep the order in which they first came."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], list[float]] = {}

    def add(self, quantity: str, contestant: str, value: float) -> None:
        self._values.setdefault((quantity, contestant), []).append(value)

    def figures(self) -> tuple[Figure, ...]:
        quantities = list(dict.fromkeys(quantity for quantity, _ in self._values))
        ordered = sorted(self._values.items(), key=lambda item: quantities.index(item[0][0]))
        return tuple(Figure(quantity, contestant, tuple(values)) for (quantity, contestant), values in ordered)
