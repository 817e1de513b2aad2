"""How many jobs may run at a time, in the whole fleet: `concurrency = {"limit": 3, "by": ["customer"]}` of a class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from resqued import chosen, jobclass
from resqued.chosen import By
from resqued.protocol.identity import UNSPEAKABLE

KNOWN = ("limit", "by", "name")


@dataclass(frozen=True, slots=True)
class Limit:
    """So many at a time of those jobs that have a name in common."""

    name: str
    most: int


@dataclass(frozen=True, slots=True)
class Concurrency:
    """At most `most` jobs at a time for each combination of the arguments `by`.

    Classes with the same `name` share their limits.
    """

    most: int
    name: str
    by: By

    def of(self, args: Sequence[object]) -> Limit:
        """The limit that a job with these arguments has to keep."""
        return Limit(f"{self.name}{chosen.key(self.by, args)}" if self.by else self.name, self.most)


def of(job_class: type, stated: object) -> Concurrency | None:
    """What a class says. Raises ValueError if that means nothing."""
    match stated:
        case None:
            return None
        case int():
            return of(job_class, {"limit": stated})
        case {"limit": int(most), **more} if type(most) is int and most >= 1:
            return Concurrency(most, _name(job_class, more), chosen.positions(job_class, more.get("by", ())))
    raise ValueError(f'expected a number ≥ 1, or {{"limit": 3, "by": ["customer"]}}, got {stated!r}')


def _name(job_class: type, more: Mapping[object, object]) -> str:
    if unknown := [key for key in more if key not in KNOWN]:
        raise ValueError(f"unknown key {unknown[0]!r}; known here: {', '.join(KNOWN)}")
    name = more.get("name", jobclass.name_of(job_class))
    if isinstance(name, str) and name and not UNSPEAKABLE.search(name.replace(":", "")):
        return name
    raise ValueError(f"name: expected a text without spaces and control characters, got {name!r}")
