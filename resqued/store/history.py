"""How much of everything there was: Redis itself remembers no yesterday, and Resque's counters have no dates.

Whoever serves a page writes it, but in the whole fleet one a minute. It is bounded: a day of minutes, thirty days of
hours, and an hour of the depths of the deepest queues; about 1.5 MB where there are a thousand queues, and it goes by
itself when nobody writes on.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import pairwise

from msgspec import DecodeError, Struct, ValidationError
from msgspec.json import Decoder, encode

from resqued.protocol.keys import Keys
from resqued.store.replies import texts
from resqued.wire import Command, Wire

MINUTE, HOUR = 60, 3600
MINUTES, HOURS, DEPTHS = 1440, 720, 60  # samples that are kept
MOST_QUEUES = 1000  # of which the depth is kept
TURN = 50_000  # ms in which nobody else writes
KEPT = 2 * 86400  # s without a writer


class Sample(Struct, frozen=True, array_like=True):
    """Of one moment, by the clock of Redis. A later version may add further numbers behind these."""

    at: int  # epoch
    processed: int  # counters: jobs ever taken, and ever failed
    failed: int
    waiting: int  # jobs on all queues
    working: int
    workers: int
    kept: int  # entries of the failed lists


@dataclass(frozen=True, slots=True)
class Depths:
    at: int
    jobs: Mapping[str, int]  # by queue; one that is not named was empty, or none of the deepest


SAMPLE: Decoder[Sample] = Decoder(Sample)


class History:
    """Raises StoreUnavailable; CommandRefused where this user of Redis may not write, or a key is somebody else's."""

    def __init__(self, wire: Wire, keys: Keys) -> None:
        self._wire, self._keys = wire, keys

    def take_turn(self) -> bool:
        """Whether it is time for a sample, and ours to take it."""
        return self._wire.call("SET", self._keys.history("turn"), "taken", "NX", "PX", TURN) is not None

    def write(self, sample: Sample, depths: Mapping[str, int]) -> None:
        deepest = dict(nlargest(MOST_QUEUES, depths.items(), key=lambda queue: queue[1]))
        commands = [
            *self._push("minutes", encode(sample), MINUTES),
            *self._push("queues", json.dumps([sample.at, deepest], separators=(",", ":")).encode(), DEPTHS),
        ]
        last = self.recent("hours", 1)
        if not last or last[0].at // HOUR != sample.at // HOUR:
            commands += self._push("hours", encode(sample), HOURS)
        self._wire.transaction(commands)

    def _push(self, of: str, text: bytes, kept: int) -> list[Command]:
        key = self._keys.history(of)
        life = KEPT + (HOURS * HOUR if of == "hours" else 0)
        return [("LPUSH", key, text), ("LTRIM", key, 0, kept - 1), ("EXPIRE", key, life)]

    def recent(self, of: str, count: int) -> list[Sample]:
        """Of `minutes` or `hours`, the newest first."""
        found = texts(self._wire.call("LRANGE", self._keys.history(of), 0, count - 1))
        return [sample for sample in map(_sample, found) if sample]

    def depths(self, count: int = DEPTHS) -> list[Depths]:
        """Of the queues, the newest first."""
        found = texts(self._wire.call("LRANGE", self._keys.history("queues"), 0, count - 1))
        return [depths for depths in map(_depths, found) if depths]


def increases(samples: Sequence[Sample], of: str) -> list[tuple[int, int]]:
    """By how much a counter grew from each sample to the next, with when; both in the order of `samples`, newest first.

    A counter that has shrunk was set back: it began anew.
    """
    return [(new.at, _increase(getattr(new, of), getattr(old, of))) for new, old in pairwise(samples)]


def _increase(new: int, old: int) -> int:
    return new - old if new >= old else new


def _sample(text: bytes) -> Sample | None:
    try:
        return SAMPLE.decode(text)
    except (DecodeError, ValidationError):
        return None


def _depths(text: bytes) -> Depths | None:
    try:
        at, jobs = json.loads(text)
        return Depths(int(at), {str(queue): int(size) for queue, size in jobs.items()})
    except (ValueError, TypeError, AttributeError):
        return None
