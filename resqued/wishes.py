"""What an operator may wish of a master that no signal can say, since it names a pool or a job: a line of JSON each.

`{"wish": "scale", "pool": "mail", "by": 2}`. The answer is a line, too: an object, with `refused` if nothing was done.
"""

import json
from typing import Annotated, TypeAlias, TypeVar

import msgspec
from msgspec import Meta, Struct

from resqued.errors import NotAnswered, WishRefused

SOCKET = "control"  # in the run directory
LONGEST = 4096  # bytes of a wish
MOST = 1_000_000  # workers in a wish; the scoreboard has its own opinion
END = b"\n"

Change: TypeAlias = Annotated[int, Meta(ge=-MOST, le=MOST)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=MOST)]


class _Wish(Struct, frozen=True, kw_only=True, tag_field="wish", forbid_unknown_fields=True, omit_defaults=True):
    pass


class Pause(_Wish, frozen=True, kw_only=True, tag="pause"):
    """Jobs under way go on, and no others are taken. `pool`: None is all of them."""

    pool: str | None = None


class Resume(_Wish, frozen=True, kw_only=True, tag="resume"):
    pool: str | None = None


class Scale(_Wish, frozen=True, kw_only=True, tag="scale"):
    """So many workers more or fewer (`by`), or so many (`to`)."""

    pool: str
    by: Change | None = None
    to: Count | None = None

    def __post_init__(self) -> None:
        if (self.by is None) == (self.to is None):
            raise ValueError("give either by or to")


class KillJob(_Wish, frozen=True, kw_only=True, tag="kill-job"):
    """The job that a worker (`pid`) performs, if it is still its turn (`Row.turn`): the next is not meant."""

    pid: int
    turn: int


Wish: TypeAlias = Pause | Resume | Scale | KillJob


class Paused(Struct, frozen=True, kw_only=True):
    """What became of Pause or Resume: `changed` are those of the `pools` that were otherwise before."""

    pools: list[str]
    changed: list[str]


class Scaled(Struct, frozen=True, kw_only=True):
    pool: str
    workers: int  # wanted now
    was: int
    elastic: bool


class Unwanted(Struct, frozen=True, kw_only=True):
    """A worker has been told that this job is to end."""

    worker: str
    pid: int
    job_pid: int


class Refused(Struct, frozen=True, kw_only=True):
    refused: str


Answer: TypeAlias = Paused | Scaled | Unwanted | Refused
Kind = TypeVar("Kind", Paused, Scaled, Unwanted)

_DECODER: msgspec.json.Decoder[Wish] = msgspec.json.Decoder(Wish)


def encode(said: Wish | Answer) -> bytes:
    return json.dumps(msgspec.to_builtins(said)).encode() + END  # ASCII, whatever a pool is called


def decode(text: bytes) -> Wish:
    """Raises WishRefused for what is none."""
    try:
        return _DECODER.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise WishRefused(f"this master does not understand the wish: {error}") from None


def understood(text: bytes, kind: type[Kind]) -> Kind:
    """An answer. Raises WishRefused if it says so, and NotAnswered if it cannot be understood."""
    try:
        said = json.loads(text)
        if isinstance(said, dict) and "refused" in said:
            raise WishRefused(msgspec.convert(said, Refused).refused)
        return msgspec.convert(said, kind)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise NotAnswered("what the master answers is not understood; use the resquectl of its version") from None
