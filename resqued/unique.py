"""Of which jobs there may be one only: what makes two of them the same, and for how long they may not be two.

A policy is that of a job's class (`unique = {…}`). Nothing here knows Redis.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from resqued import chosen
from resqued.config import policies
from resqued.config.policies import ON_ENQUEUE, ON_RUN, OnConflict
from resqued.digest import hexadecimal

LONGEST = 200  # characters by which a lock is shown


class Scope(StrEnum):
    """For how long there may be no second one."""

    QUEUED = "queued"  # until a worker begins it
    RUNNING = "running"  # while a worker performs it
    UNFINISHED = "unfinished"  # from when it is enqueued until it has ended for good, with all its tries
    PERIOD = "period"  # for a time from when it is enqueued, whatever becomes of it

    @property
    def begins_in_queue(self) -> bool:
        return self is not Scope.RUNNING

    @property
    def concerns_worker(self) -> bool:
        return self is not Scope.PERIOD


@dataclass(frozen=True, slots=True)
class Identity:
    """Jobs that have the same are the same."""

    digest: str
    shown: str  # for people


@dataclass(frozen=True, slots=True)
class UniquePolicy:
    scope: Scope
    by: chosen.By | None  # positions of arguments; None: all
    on_conflict: OnConflict
    seconds: float = 0.0  # of the period, or until a second one comes back

    @classmethod
    def of(cls, said: policies.Unique, job_class: type) -> "UniquePolicy":
        """What a class says. Raises ValueError for an argument that its `perform` does not have."""
        scope = Scope(said.during) if said.during else Scope.PERIOD
        on_conflict = said.on_conflict or (ON_RUN if scope is Scope.RUNNING else ON_ENQUEUE)[0]
        by = None if said.by is None else chosen.positions(job_class, said.by)
        seconds = said.period or (said.delay if on_conflict == "delay" else 0.0)
        return cls(scope, by, on_conflict, seconds)

    def identity(self, name: str, args: Sequence[Any]) -> Identity:
        """Of the job `name`, as its class calls itself, with these arguments."""
        text = chosen.text(args) if self.by is None else chosen.key(self.by, args)
        shown = f"{name}{text}"
        cut = shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
        return Identity(hexadecimal(f"{name}\0{text}".encode()), cut)
