"""What a plan consists of."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from resqued.escalation import Mood
from resqued.fleet.slots import Slot


@dataclass(frozen=True, slots=True)
class Spawn:
    slot: Slot


@dataclass(frozen=True, slots=True)
class Tell:
    """Pass a wish to leave on to a process."""

    slot: Slot
    mood: Mood


@dataclass(frozen=True, slots=True)
class Kill:
    slot: Slot


@dataclass(frozen=True, slots=True)
class Hold:
    """A worker is to take no more jobs."""

    slot: Slot


@dataclass(frozen=True, slots=True)
class Release:
    """A worker may take jobs again."""

    slot: Slot


@dataclass(frozen=True, slots=True)
class Dump:
    """A worker whose loop stands still is to tell where, before it is killed."""

    slot: Slot


@dataclass(frozen=True, slots=True)
class Say:
    """A line for the log: what has been decided, or found out."""

    event: str
    facts: Mapping[str, object] = field(default_factory=dict)


Action = Spawn | Tell | Kill | Hold | Release | Dump | Say
