"""What lies on the queues, for those who operate them: look at it, hold it, move it, throw it away."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from resqued.protocol import dates, records
from resqued.protocol.keys import Keys
from resqued.protocol.moves import move
from resqued.store.replies import count, integer, name_of, pipelined, portions, raw, texts
from resqued.store.scripts import execute
from resqued.wire import Command, Reply, Wire

AT_ONCE = 100  # queues in one look
FACTS = 6  # about each
NO_LIST = -1  # in the place of how many jobs it has
LONGEST_HEAD = 65536  # bytes; what is longer is not asked when it was enqueued
JOBS_AT_ONCE = 1000  # moved in one script: others are served in between
PAUSE_ALL = "true"  # what Resque's own `pause-all-workers` is to say


@dataclass(frozen=True, slots=True)
class Queue:
    """As it was at one moment."""

    name: str
    size: int | None  # None: its key is no list
    oldest: datetime | None  # when the job at its head was enqueued, if that says so
    paused: bool
    paused_since: datetime | None
    aside: int = 0  # jobs of it that wait elsewhere: for their turn, or for another one of their kind to end
    dropped: int = 0  # jobs of it that made room for newer ones, ever
    slowed: datetime | None = None  # until when it gives no job, because of its rate; or was so until then


class Stock:
    """The queues of one namespace. Names are text, as for `Catalog`.

    Every method raises StoreUnavailable if Redis does not answer, and CommandRefused if a key has a type that is not
    Resque's, where it does not say otherwise.
    """

    def __init__(self, wire: Wire, keys: Keys, *, clock: Callable[[], float] = time.time) -> None:
        self._wire, self._keys, self._clock = wire, keys, clock

    def names(self) -> list[str]:
        """Of all queues ever pushed to and not removed, and of those that are paused, sorted."""
        known = texts(self._wire.call("SMEMBERS", self._keys.queues))
        return sorted({name_of(queue) for queue in known} | self.paused().keys())

    def look(self, names: Iterable[str]) -> Iterator[Queue]:
        """At these queues, in order. A round trip for each portion, when it is asked for. No key is refused."""
        for portion in portions(names, AT_ONCE):
            k = self._keys
            of_all = k.paused, k.asides, k.dropped, k.slowed
            keys = [*map(raw, of_all), *map(self._key, portion)]
            seen = execute(self._wire, move("glance"), keys, [b"%d" % LONGEST_HEAD, *map(raw, portion)])
            assert isinstance(seen, list)
            for at, queue in enumerate(portion):
                yield _queue(queue, *seen[FACTS * at : FACTS * (at + 1)])

    def peek(self, queue: str, start: int, count: int) -> list[tuple[int, bytes]]:
        """At most `count` jobs with their positions, from `start` on, which counts from the end if it is negative."""
        size = self.size(queue)
        first = max(0, size + start) if start < 0 else start
        found = texts(self._wire.call("LRANGE", self._key(queue), first, first + count - 1)) if count > 0 else []
        return list(enumerate(found, first))

    def size(self, queue: str) -> int:
        return integer(self._wire.call("LLEN", self._key(queue)))

    # --- hold ---

    def paused(self) -> dict[str, datetime | None]:
        """The queues that are paused for all workers of ours, and since when."""
        facts = texts(self._wire.call("HGETALL", self._keys.paused))
        return {name_of(queue): records.moment(since) for queue, since in zip(facts[::2], facts[1::2], strict=True)}

    def pause(self, queues: Iterable[str]) -> list[str]:
        """No worker of ours takes a job from these any more. Those that were not paused already."""
        now = dates.recorded(self._clock())
        names = list(queues)
        new = pipelined(self._wire, [("HSETNX", self._keys.paused, raw(queue), now) for queue in names])
        return [queue for queue, is_new in zip(names, new, strict=True) if is_new == 1]

    def resume(self, queues: Iterable[str]) -> list[str]:
        """Those that were paused."""
        names = list(queues)
        gone = pipelined(self._wire, [("HDEL", self._keys.paused, raw(queue)) for queue in names])
        return [queue for queue, was in zip(names, gone, strict=True) if was == 1]

    def all_paused(self) -> bool:
        """Whether Resque's own pause of all workers, of every implementation that knows it, is in force."""
        said = self._wire.call("GET", self._keys.pause)
        return isinstance(said, bytes) and said.strip().lower() == PAUSE_ALL.encode()

    def pause_all(self) -> None:
        self._wire.call("SET", self._keys.pause, PAUSE_ALL)

    def resume_all(self) -> None:
        """As Ruby does: the key goes (resque 3.0.0, worker.rb)."""
        self._wire.call("DEL", self._keys.pause)

    # --- move and throw away ---

    def transfer(self, from_: str, to: str, count: int) -> Iterator[int]:
        """Move so many jobs, if there are, from the head of a queue to the end of another, in their order.

        After each portion, which is one atomic move, how many it had. Who stops in between has moved so many.
        """
        left = count
        keys = self._key(from_), self._key(to), self._keys.queues
        while left > 0:
            moved = self._transfer(keys, min(left, JOBS_AT_ONCE), to)
            if not moved:  # workers have taken the rest
                return
            left -= moved
            yield moved

    def _transfer(self, keys: tuple[bytes, bytes, str], count: int, to: str) -> int:
        return integer(execute(self._wire, move("transfer"), keys, (count, raw(to))))

    def clear(self, queue: str) -> int:
        """Throw away every job on a queue; how many there were."""
        return self._clear(queue)

    def forget(self, queue: str) -> int:
        """The same, and the queue is known no longer (as `Resque.remove_queue`), nor paused."""
        return self._clear(queue, ("SREM", self._keys.queues, raw(queue)), ("HDEL", self._keys.paused, raw(queue)))

    def _clear(self, queue: str, *also: Command) -> int:
        key = self._key(queue)
        self.size(queue)  # what is no list is refused, and stays
        size, *_ = self._wire.transaction([("LLEN", key), ("UNLINK", key), *also])
        return integer(size)

    def _key(self, queue: str) -> bytes:
        return raw(self._keys.queue(queue))


def _queue(queue: str, jobs: Reply, *facts: Reply) -> Queue:
    head, since, aside, dropped, slowed = texts(list(facts))
    return Queue(
        queue,
        size=integer(jobs) if jobs != NO_LIST else None,
        oldest=records.enqueued(head),
        paused=since != b"",
        paused_since=records.moment(since),
        aside=count(aside),
        dropped=count(dropped),
        slowed=records.moment(slowed),
    )
