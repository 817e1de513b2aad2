"""A client's side of the protocol: put jobs on queues, take them off, look at queues and workers."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from resqued.errors import CommandRefused, QueueNotListed
from resqued.protocol.keys import Keys
from resqued.protocol.records import WorkerView
from resqued.store.census import Census
from resqued.store.replies import AT_ONCE, count, integer, name_of, pipelined, portions, raw, texts
from resqued.store.stock import Stock
from resqued.wire import Command, Wire


@dataclass(frozen=True, slots=True)
class Info:
    """How much of everything there is, each number as Resque's own `info` has it (resque 3.0.0, resque.rb)."""

    pending: int  # jobs on all queues
    processed: int  # jobs ever taken
    queues: int
    workers: int
    working: int
    failed: int  # entries of the failed list
    paused: bool  # all workers, by Resque's own key
    servers: tuple[str, ...]  # without passwords


class Catalog:
    """Queues and workers of one namespace. As safe for threads as its wire.

    Queue names are text; what is not UTF-8 in the name of somebody else's queue is kept as `os.listdir` does
    (`surrogateescape`), so that such a queue can be looked at and removed.

    Every method raises StoreUnavailable if Redis does not answer, and CommandRefused if a key has a type that is not
    Resque's.
    """

    def __init__(self, wire: Wire, keys: Keys, servers: Sequence[str] = ()) -> None:
        self._wire, self._keys, self._servers = wire, keys, tuple(servers)

    # --- jobs ---

    def enqueue(self, queue: str, *jobs: str) -> None:
        """Put jobs at the end of a queue. A MULTI for each portion: no job is on a queue that is not among `queues`.

        Raises QueueNotListed where `queues` cannot be written to: a portion is there then.
        """
        names, there = self._keys.queues, 0
        for portion in portions(jobs, AT_ONCE):
            there += len(portion)
            try:
                self._wire.transaction([("SADD", names, queue), ("RPUSH", self._keys.queue(queue), *portion)])
            except CommandRefused as refused:
                if 1 in refused.executed:  # RPUSH
                    raise QueueNotListed(refused, names, queue, there=there, jobs=len(jobs)) from refused
                raise

    def pop(self, queue: str) -> bytes | None:
        """Take the head of a queue. If the answer is lost, so is the job: nobody else has it."""
        reply = self._wire.call("LPOP", self._queue(queue))
        assert not isinstance(reply, int | list)
        return reply

    def peek(self, queue: str, start: int, count: int) -> list[bytes]:
        """At most `count` jobs from position `start` on, which counts from the end if it is negative."""
        if count < 1:
            return []
        last = start + count - 1
        return texts(self._wire.call("LRANGE", self._queue(queue), start, -1 if start < 0 <= last else last))

    def dequeue(self, queue: str, text: str) -> int:
        """Take every job that is exactly `text` off a queue; how many there were."""
        return integer(self._wire.call("LREM", self._queue(queue), 0, text))

    def dequeue_where(self, queue: str, unwanted: Callable[[bytes], bool]) -> int:
        """Take those jobs off a queue that are on it now and are `unwanted`; how many there were.

        Each is removed by its text, from the head on, so that no other job is lost or changes its place, whoever pushes
        and pops meanwhile. What a worker has taken by then is not counted.
        """
        found = Counter(filter(unwanted, texts(self._wire.call("LRANGE", self._queue(queue), 0, -1))))
        removals: list[Command] = [("LREM", self._queue(queue), times, text) for text, times in found.items()]
        return sum(map(integer, pipelined(self._wire, removals)))

    # --- queues ---

    def queues(self) -> list[str]:
        """The names of all queues ever pushed to and not removed, sorted."""
        return sorted(map(name_of, texts(self._wire.call("SMEMBERS", self._keys.queues))))

    def size(self, queue: str) -> int:
        return integer(self._wire.call("LLEN", self._queue(queue)))

    def sizes(self) -> dict[str, int]:
        """How many jobs are on each of `queues`, in that order. Two round trips."""
        names = self.queues()
        return dict(zip(names, map(integer, pipelined(self._wire, self._llen(names))), strict=True))

    def remove_queue(self, queue: str) -> None:
        """Forget a queue and every job on it."""
        self._wire.transaction([("SREM", self._keys.queues, raw(queue)), ("DEL", self._queue(queue))])

    # --- workers ---

    def workers(self) -> list[WorkerView]:
        """All registered workers, sorted by id."""
        census = Census(self._wire, self._keys)
        return list(census.views(census.ids()))

    # --- all together ---

    def info(self) -> Info:
        """Not of one moment: jobs go on being pushed and taken meanwhile."""
        keys = self._keys
        queues, workers, failed, processed = self._wire.pipeline(
            [("SMEMBERS", keys.queues), ("SMEMBERS", keys.workers), ("LLEN", keys.failed), ("GET", keys.processed)]
        )
        names, ids = [name_of(queue) for queue in texts(queues)], [name_of(worker) for worker in texts(workers)]
        slates: list[Command] = [("EXISTS", *(raw(keys.worker(name)) for name in ids))] if ids else []
        numbers = list(map(integer, pipelined(self._wire, [*self._llen(names), *slates])))
        return Info(
            pending=sum(numbers[: len(names)]),
            processed=count(processed),
            queues=len(names),
            workers=len(ids),
            working=sum(numbers[len(names) :]),
            failed=integer(failed),
            paused=Stock(self._wire, keys).all_paused(),
            servers=self._servers,
        )

    def _queue(self, name: str) -> bytes:
        return raw(self._keys.queue(name))

    def _llen(self, names: Iterable[str]) -> list[Command]:
        return [("LLEN", self._queue(name)) for name in names]
