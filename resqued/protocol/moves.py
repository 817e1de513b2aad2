"""Every atomic move as a Lua script: one operation a file in `lua/`, whose header says what it does.

`-- with: one.lua, other.lua` in a file's first line puts the functions of those files before it, of each once.
"""

import pkgutil
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from resqued.digest import hexadecimal

WITH = re.compile(r"\A-- with: (.+)\n")


@dataclass(frozen=True, slots=True)
class Move:
    name: str
    text: str
    sha: str  # what EVALSHA calls it


@cache
def move(name: str) -> Move:
    text = source(f"{name}.lua")
    return Move(name, text, hexadecimal(text.encode()))


def source(file: str) -> str:
    return "\n".join(_with_needs(file, {}).values())


def _with_needs(file: str, texts: dict[str, str]) -> dict[str, str]:
    """`texts`, by file, and after them what `file` needs that is not among them, and itself."""
    data = pkgutil.get_data(__package__, f"lua/{file}")
    assert data is not None
    text = data.decode()
    for needed in needs[1].split(", ") if (needs := WITH.match(text)) else ():
        if needed not in texts:
            _with_needs(needed, texts)
    texts[file] = text
    return texts


def load_all() -> None:
    """Read every script now: later there may be no descriptor left to read it with, or another version on the disk."""
    of_jobs = "reserve", "begin", "settle", "discharge", "again"
    for name in ("register", "beat", *of_jobs, "tend", "unregister", "prune", "release", "trim"):
        move(name)


class Settled(StrEnum):
    """What became of a run that a worker wanted to settle (`settling.lua`)."""

    NOW = "settled"
    ALREADY = "already"  # by an earlier call whose answer was lost
    STRUCK = "struck"  # a peer had struck us off and recorded the job as failed
    GONE = "gone"  # pruned, or lost by Redis


class Begun(StrEnum):
    """What became of a run that a worker wanted to begin (`begin.lua`)."""

    BEGUN = "begun"
    WAIT = "wait"  # the job waits aside until another one of its kind has ended
    SKIP = "skip"  # it is done, for there is another one
    DELAY = "delay"  # it comes back later
    TURN = "turn"  # it waits aside until it is its turn
    GONE = "gone"  # pruned, or lost by Redis, or struck off by a peer, who recorded it as failed
