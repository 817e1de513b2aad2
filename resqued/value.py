"""Values that are made for each job."""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(made_often: type[T]) -> type[T]:
    """A dataclass with slots, frozen for the type checker alone, and without a hash.

    One that is frozen when it runs sets each field through a call that looks its name up: in a worker that has just
    forked, each name lies on a page to copy.
    """
    return dataclass(slots=True)(made_often)
