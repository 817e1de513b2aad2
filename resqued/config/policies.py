"""Policies: which failed jobs are tried again, and when; of which jobs there may be one only.

A pool has such a table in the file, a job class says the same with a dictionary that has its keys.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, field

from resqued.config.kinds import Count, Interval, Seconds
from resqued.config.table import Contradiction, Given, Table

Factor = Annotated[float, Meta(ge=1, le=1000, description="a number from 1 to 1000")]
Share = Annotated[float, Meta(ge=0, le=1, description="a number from 0 to 1")]
ExceptionName = Annotated[
    str,
    Meta(
        pattern=r"^[^\W\d][\w.:]*\Z",
        description='the name of an exception, such as "ConnectionError" or "app.errors.Refused"',
    ),
]
ExceptionNames = Annotated[
    tuple[ExceptionName, ...], Meta(description='a list of names of exceptions, such as ["ConnectionError"]')
]
Dead = Literal["failed", "discard"]


class Exponential(Table, frozen=True, kw_only=True):
    """A pause that gets longer with every failure."""

    first: Interval = 15.0  # seconds
    factor: Factor = 2.0  # how much longer each pause is than the one before
    most: Interval = 3600.0  # seconds
    jitter: Share = 0.2  # the share of a pause by which chance makes it shorter or longer


Pauses = Annotated[tuple[Seconds, ...], Meta(min_length=1)]
Backoff = Annotated[
    Seconds | Pauses | Exponential,
    Meta(description="a number of seconds ≥ 0, a list of them, or { first, factor, most, jitter }"),
]


class Retry(Table, frozen=True, kw_only=True):
    """When a job that has failed is tried again."""

    limit: Count = 5  # how often; 0: never
    backoff: Backoff = Exponential()  # how long after the first failure, the second…; the last of a list counts on
    on: ExceptionNames = ()  # only after these, or what is derived from them; empty: after all
    never: ExceptionNames = ()  # not after these, whatever `on` says
    dead: Dead = "failed"  # where it goes when it is not tried again: the failed list, or nowhere

    @property
    def pauses(self) -> bool:
        """Whether some try is not at once, so that somebody has to bring the job back."""
        return any(self.backoff) if isinstance(self.backoff, tuple) else self.backoff != 0


Position = Annotated[int, Meta(ge=0)]
Argument = Annotated[str | Position, Meta(description="the name or the position (from 0) of an argument of perform")]
Arguments = Annotated[tuple[Argument, ...], Meta(description='a list of arguments of perform, such as ["customer"]')]
While = Literal["queued", "running", "unfinished"]
OnConflict = Literal["refuse", "raise", "wait", "skip", "delay"]
ALL = None  # arguments

ON_ENQUEUE: tuple[OnConflict, ...] = ("refuse", "raise")  # what may become of a second job when it is enqueued,
ON_RUN: tuple[OnConflict, ...] = ("wait", "skip", "delay")  # or when it is to run


class Unique(Table, frozen=True, kw_only=True):
    """Of which jobs of a class there may be one only, and for how long."""

    by: Annotated[Arguments | None, Meta(description=Arguments.__metadata__[0].description)] = ALL
    during: Annotated[While | None, Meta(description='"queued", "running" or "unfinished"')] = field(
        default=None, name="while"
    )
    period: Annotated[Interval | None, Meta(description="a number of seconds > 0")] = field(default=None, name="for")
    on_conflict: Annotated[OnConflict | None, Meta(description='"refuse" or "raise", "wait", "skip" or "delay"')] = (
        None  # what becomes of a second one
    )
    delay: Interval = 60.0  # seconds, where that is "delay"

    @staticmethod
    def contradictions(given: Given) -> Iterator[Contradiction]:
        if ("while" in given) == ("for" in given):
            yield "while", 'say either "while": "queued", "running" or "unfinished", or "for": so many seconds'
            return
        allowed = ON_RUN if given.get("while") == "running" else ON_ENQUEUE
        said = given.get("on_conflict", allowed[0])
        if said in (*ON_ENQUEUE, *ON_RUN) and said not in allowed:
            words = " or ".join(f'"{word}"' for word in allowed)
            yield "on_conflict", f'"{said}" is not for this: a second job is met {_when(allowed)}; say {words}'


def _when(allowed: tuple[OnConflict, ...]) -> str:
    return "when it is to run" if allowed is ON_RUN else "when it is enqueued"
