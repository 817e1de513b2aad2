"""Putting jobs on queues: many in portions, or on queues that must not get longer than they may."""

import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from time import monotonic

from resqued.bounds import Bounds
from resqued.errors import CommandRefused, JobDropped, QueueFull, StoreUnavailable
from resqued.protocol import dates, identity
from resqued.protocol.keys import Keys
from resqued.protocol.moves import move
from resqued.store.locks import Held, Locking
from resqued.store.replies import AT_ONCE, texts
from resqued.store.scripts import execute
from resqued.unique import Identity, UniquePolicy
from resqued.wire import Argument, Reply, Wire

KEPT = 3600  # s that a receipt lives after the last portion
LOOK_AGAIN = 2.0  # s; only workers of ours say when they have made room, and the socket's own timeout is 5

Job = tuple[str, str, int | str]  # the queue, the encoded payload, and the mark of the receipt once it is there


@dataclass(frozen=True, slots=True)
class Full:
    """A queue without room."""

    queue: str
    size: int  # jobs


Put = tuple[int, list[Held | None]]  # how many; with locks, for each of them by what it is held


class Bulk:
    """`receipt` is a name by which it is known, whatever happens, how far this has come.

    Every method raises StoreUnavailable, and CommandRefused if a key has a type that is not Resque's: then nothing was
    done.
    """

    def __init__(
        self,
        wire: Wire,
        keys: Keys,
        receipt: str = "",
        *,
        bounds: Bounds | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._wire, self._keys, self.receipt = wire, keys, receipt
        self._bounds, self._clock = bounds or Bounds(), clock

    def put(self, jobs: Sequence[Job], *, whole: bool = False) -> int:
        """Put these at the ends of their queues, in order (`enqueue.lua`). How many: all, or the first ones.

        Only where a queue has a bound can there be less than all; `whole` makes it all or none. With a receipt it may
        be repeated, after a look at its mark.

        Raises QueueFull if there is not even room for one, and none was made in the time that its queue has patience.
        """
        return self._patiently(jobs, Locking(), whole=whole)[0]

    def put_all(self, jobs: Sequence[Job]) -> None:
        """The same, until all are there."""
        left = list(jobs)
        while left:
            del left[: self.put(left)]

    def enlist(self, queue: str, policy: UniquePolicy, jobs: Sequence[tuple[str, Identity]]) -> list[Held | None]:
        """Put those at the end of a queue that are the only ones of their kind, in order, with their locks: None.

        In portions, each of which is one script. Raises QueueFull as `put`.
        """
        held: list[Held | None] = []
        while portion := jobs[len(held) : len(held) + AT_ONCE]:
            locking = Locking.of(policy, [identity for _, identity in portion], self._keys)
            _, found = self._patiently([(queue, text, "") for text, _ in portion], locking, whole=False)
            held += found
        return held

    def _patiently(self, jobs: Sequence[Job], locking: Locking, *, whole: bool) -> Put:
        began = monotonic()
        while isinstance(answer := self._put(jobs, locking, whole=whole), Full):
            bound = self._bounds.of(answer.queue)
            assert bound is not None
            left = began + bound.waits - monotonic()
            if left <= 0:
                raise QueueFull(answer.queue, answer.size, bound.most)
            self._wire.call("BLPOP", self._keys.room_of(answer.queue), f"{min(LOOK_AGAIN, left):.3f}")
        return answer

    def _put(self, jobs: Sequence[Job], locking: Locking, *, whole: bool) -> Put | Full:
        k, queues = self._keys, list(dict.fromkeys(queue for queue, _, _ in jobs))
        about: tuple[Argument, ...] = (KEPT, _who(jobs[0][0]), dates.recorded(self._clock()), JobDropped.__name__)
        names = k.queue(""), k.own, k.slate(""), k.timestamps("")
        how = self._until(queues), int(whole), *names, locking.scope, locking.lease
        described = [part for queue in queues for part in self._described(queue)]
        arguments = *about, *how, len(queues), *described, *_told(jobs, queues, locking)
        match execute(self._wire, move("enqueue"), (*self._keys_of(queues), *locking.keys), arguments):
            case [0, _, int(full), int(size)]:
                return Full(queues[full - 1], size)
            case [int(put), _, *held]:
                return put, list(_held(held))
            case wrong:
                assert isinstance(wrong, bytes)
                key = wrong.decode(errors="replace")
                raise CommandRefused("WRONGTYPE", f"WRONGTYPE {key} is not what Resque keeps there")

    def _keys_of(self, queues: Sequence[str]) -> list[str]:
        k = self._keys
        of_all = [k.queues, k.receipt(self.receipt), k.asides, k.room, k.dropped, k.failed, k.failures, k.registrations]
        return [*of_all, *map(k.queue, queues)]

    def _described(self, queue: str) -> tuple[Argument, ...]:
        bound = self._bounds.of(queue)
        return (queue, bound.most, int(bound.drops)) if bound else (queue, -1, 0)

    def _until(self, queues: Sequence[str]) -> int:
        waits = max((bound.waits for queue in queues if (bound := self._bounds.of(queue))), default=0.0)
        return ceil(self._clock() + waits) + 1 if waits else 0

    def mark(self) -> int:
        """On the receipt; 0 if there is none. Raises StoreUnavailable."""
        reply = self._wire.call("GET", self._keys.receipt(self.receipt))
        return int(reply) if isinstance(reply, bytes) else 0

    def close(self) -> None:
        """Take the receipt away; if Redis does not answer, it goes by itself."""
        with suppress(StoreUnavailable):
            self._wire.call("DEL", self._keys.receipt(self.receipt))


def _who(queue: str) -> str:
    """In the place of a worker's id, in the entry of a job that was dropped."""
    host = identity.UNSPEAKABLE.sub("-", socket.gethostname()) or "localhost"
    return f"{host}:{os.getpid()}:{queue}"


def _told(jobs: Sequence[Job], queues: Sequence[str], locking: Locking) -> Iterator[Argument]:
    number = {queue: place for place, queue in enumerate(queues, 1)}
    for at, (queue, text, mark) in enumerate(jobs):
        yield from (number[queue], text, mark, locking.shown[at] if locking.shown else "")


def _held(said: Sequence[Reply]) -> Iterator[Held | None]:
    facts = [text.decode(errors="replace") for text in texts(list(said))]
    for since, place in zip(facts[::2], facts[1::2], strict=True):
        yield Held(since, place) if since else None
