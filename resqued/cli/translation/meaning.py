"""What a variable may mean: a setting, nothing and why, or a mistake. And numbers, as Ruby reads them."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

Value = str | float | list[str]
Variables = Mapping[str, str]

NUMBER = re.compile(r"\s*([+-]?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)")
WHOLE = re.compile(r"\s*([+-]?\d[\d_]{0,17})")


@dataclass(frozen=True, slots=True)
class Setting:
    """`table` is empty for a pool."""

    table: str
    key: str
    value: Value
    name: str  # the variable
    note: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """Why a variable has become no setting."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a variable."""

    name: str
    why: str


Meaning = Setting | Remark | Mistake
Reader = Callable[[Variables], Iterator[Meaning]]


def number(text: str) -> float | None:
    """What it begins with; None if that is no number."""
    found = NUMBER.match(text)
    return float(found[1].rstrip("_")) if found else None


def whole(text: str) -> int:
    """The digits that it begins with; 0 if there are none. More than 18 are no number of anything."""
    found = WHOLE.match(text)
    return int(found[1].rstrip("_")) if found else 0


def seconds(text: str) -> float:
    """Ruby reads 0 where there is no number, and waits no time that is below it."""
    return max(0.0, number(text) or 0.0)
