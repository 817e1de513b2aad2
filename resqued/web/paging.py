"""A part of something long."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from resqued.web.visit import Visit

T = TypeVar("T")

AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    items: Sequence[T]
    first: int  # of `whole`, from 0
    whole: int
    earlier: str = ""  # the address of the part before; empty: there is none
    later: str = ""

    @property
    def last(self) -> int:
        return self.first + len(self.items)


def part(items: Sequence[T], visit: Visit, *, at_once: int = AT_ONCE) -> Part[T]:
    """Of all `items`, those from the query's `from` on."""
    first = min(visit.query.number("from"), max(0, len(items) - 1)) // at_once * at_once
    return Part(
        items[first : first + at_once],
        first,
        len(items),
        earlier=visit.here(**{"from": max(0, first - at_once) or ""}) if first else "",
        later=visit.here(**{"from": first + at_once}) if first + at_once < len(items) else "",
    )
