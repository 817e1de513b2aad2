"""What a check says."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, TypeVar

from resqued.cli.doctor.facts import Facts, Unknown

T = TypeVar("T")


class Weight(StrEnum):
    PROBLEM = "problem"  # something does not work, or will not
    HINT = "hint"  # it may be meant like that


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and what to do about it."""

    says: str
    do: str
    weight: Weight = Weight.PROBLEM


def hint(says: str, do: str) -> Finding:
    return Finding(says, do, Weight.HINT)


class NotChecked(Exception):
    """Raised by a check that cannot see what it would look at. The message says why."""


Check: TypeAlias = Callable[[Facts], Iterator[Finding]]  # or it raises NotChecked


def known(fact: T | Unknown) -> T:
    """The fact. Raises NotChecked if there is none."""
    if isinstance(fact, Unknown):
        raise NotChecked(fact.why)
    return fact
