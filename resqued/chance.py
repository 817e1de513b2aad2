"""Chance, from the kernel. The module `random` would have each fork make its generator anew, which costs every job."""

import os
from collections.abc import MutableSequence
from typing import Any

BITS = 53  # of a float


def fraction() -> float:
    """In [0, 1)."""
    return (int.from_bytes(os.urandom(7), "big") >> 3) / (1 << BITS)


def shuffle(items: MutableSequence[Any]) -> None:
    """In place, every order as likely as any other."""
    for last in range(len(items) - 1, 0, -1):
        other = int(fraction() * (last + 1))
        items[last], items[other] = items[other], items[last]
