"""`resquectl` as a test asks it, and how a test reads the answer."""

from collections.abc import Callable
from typing import NamedTuple


class Answer(NamedTuple):
    status: int
    out: str
    err: str


Ask = Callable[..., Answer]


def lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]
