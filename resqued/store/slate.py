"""A worker's side of the protocol: register, beat, reserve, settle, unregister. Each is one script, safe to repeat."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from resqued.digest import hexadecimal
from resqued.protocol import dates
from resqued.protocol.identity import Registration, WorkerId
from resqued.protocol.keys import Keys
from resqued.protocol.moves import Move, Settled, move
from resqued.protocol.payloads import Failure, clean, dumps
from resqued.store.pruning import CLOSELY, LOOK_EVERY, OLD, UNCHANGED, Dead, dead_in
from resqued.store.scripts import patiently, run
from resqued.verdict import Outcome, Verdict
from resqued.wire import Argument, Command, Reply, Wire
from resqued.work import Work

if TYPE_CHECKING:
    from resqued.rubylocks import Locks


class Nothing(Enum):
    """Why no job was reserved."""

    EMPTY = "empty"
    PAUSED = "paused"  # `pause-all-workers` is set
    UNREGISTERED = "unregistered"  # somebody has struck the worker off our own register


@dataclass(frozen=True, slots=True)
class Held:
    """There are jobs, but only on queues that somebody has paused for the whole fleet."""

    queues: tuple[str, ...]


Taken = Work | Nothing | Held

FEW = 32  # queues, whose names are sent each time
LISTED_FOR = 86400  # s
UNLISTED = [b"unlisted"]

_SETTLED = {what.encode(): what for what in Settled}


class Slate:
    """What one worker writes to Redis.

    Every method raises StoreUnavailable: nothing is then known to be done, and it may be repeated.
    """

    def __init__(
        self,
        wire: Wire,
        keys: Keys,
        *,
        worker: WorkerId,
        registration: Registration,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._wire, self._keys, self._clock = wire, keys, clock
        self._registration = registration.encode()
        self.call(worker)

    def call(self, worker: WorkerId) -> None:
        """Name the worker, which must not be registered."""
        self.id, self.worker, keys = worker, str(worker), self._keys
        name = self.worker
        self._register = keys.workers, keys.started(name), keys.heartbeats, keys.registrations
        counted = keys.processed, keys.processed_by(name)
        self._take = keys.slate(name), keys.worker(name), *counted, keys.pause, keys.registrations, keys.paused
        self._settle = *self._take, keys.failed, keys.failures, keys.failures_of(name), keys.queues
        self._asked: Sequence[str] = ()  # the queues of the last time
        self._list = ""  # the key of their list

    def register(self) -> Dead | None:
        """Enter the worker in the register, with its first heartbeat.

        Nothing is done if another worker of ours has its id: that one is returned, dead or alive. A registration that
        nobody can read is nobody's.
        """
        namesake = self._run(move("register"), self._register, self._introduction())
        if not isinstance(namesake, bytes):
            return None
        found = list(dead_in([self.worker.encode(), namesake], 2))
        return found[0] if found else Dead(self.worker, Registration.unknown(), namesake.decode(errors="replace"))

    def beat(self) -> tuple[bool, list[Dead]]:
        """A heartbeat. Whether a peer had struck the worker off: it is registered again now. And who is found dead.

        Whoever gets some of the dead prunes them, and then releases Resque's lock (`Pruning.release`).
        """
        keys = *self._register, self._keys.prune_lock, self._keys.sightings, self._keys.look
        limits = OLD, UNCHANGED, CLOSELY, LOOK_EVERY
        answer = self._run(move("beat"), keys, (*self._introduction(), *limits))
        assert isinstance(answer, list)
        return answer[0] == 1, list(dead_in(answer[1:], 3))

    def _introduction(self) -> tuple[str, str, str]:
        return self.worker, dates.started(self._clock()), self._registration

    def existing_queues(self) -> list[str]:
        """Names of all queues ever pushed to; what is not UTF-8 is left out, for nobody could name it."""
        names = patiently(self._wire.call, "SMEMBERS", self._keys.queues)
        assert isinstance(names, list)
        return [name.decode() for name in names if isinstance(name, bytes) and _is_utf8(name)]

    def reserve(self, queues: Sequence[str]) -> Taken:
        """The head of the first non-empty queue moves to the slate and counts as processed (`reserve.lua`)."""
        reply = self._reserve(queues, *self._listed(queues))
        return _taken(reply if reply != UNLISTED else self._reserve_and_list(queues))

    def _reserve(self, queues: Sequence[str], *listed: str) -> Reply:
        names = () if listed else queues
        arguments = self.worker, dates.recorded(self._clock()), self._keys.queue(""), *names
        return self._run(move("reserve"), (*self._take, *listed), arguments)

    def open(self, work: Work, locks: "Locks") -> None:
        """Open what Ruby would open when it takes such a job, and note what is to be opened at its end (`open.lua`)."""
        taken, ended = map(self._keys.lock, locks.when_taken), list(map(self._keys.lock, locks.when_ended))
        noted = dumps([clean(key) for key in ended]) if ended else ""
        self._run(move("open"), (self._take[0], *taken), (work.run, noted))

    def settle(self, work: Work, verdict: Verdict, queues: Sequence[str]) -> tuple[Settled, Taken]:
        """Write the end of a job, and reserve the next one from `queues` (none: reserve nothing), in one move.

        A failure becomes an entry of the failed list; a requeued job goes back to the head of its queue and is counted
        no longer (`settle.lua`).
        """
        now, listed = dates.recorded(self._clock()), self._listed(queues)
        keys = *self._settle, self._keys.queue(work.queue), *listed
        entry = self._entry(work, verdict, now) if verdict.outcome is Outcome.FAILED else ""
        about: tuple[Argument, ...] = self.worker, work.run, verdict.outcome, entry, work.queue, now
        names = () if listed else queues
        reply = self._run(move("settle"), keys, (*about, self._keys.queue(""), *names))
        assert isinstance(reply, list)
        assert isinstance(reply[0], bytes)
        rest: Reply = reply[1:]
        return _SETTLED[reply[0]], _taken(rest if rest != UNLISTED else self._reserve_and_list(queues))

    def _listed(self, queues: Sequence[str]) -> tuple[str, ...]:
        """The key of a list with these names, if they are many and the same as the last time; else nothing."""
        if len(queues) <= FEW:
            return ()
        if queues is not self._asked and queues != self._asked:
            self._asked, self._list = queues, self._keys.order(hexadecimal("\0".join(queues).encode()))
            return ()
        return (self._list,)

    def _reserve_and_list(self, queues: Sequence[str]) -> Reply:
        """Whoever comes next, this worker or another of its pool, need not send the names."""
        commands: list[Command] = [("DEL", self._list), ("RPUSH", self._list, *queues)]
        self._wire.transaction([*commands, ("EXPIRE", self._list, LISTED_FOR)])
        return self._reserve(queues)

    def _entry(self, work: Work, verdict: Verdict, now: str) -> str:
        return Failure(
            now, work.payload, verdict.exception, verdict.error, verdict.backtrace, self.worker, work.queue
        ).encode()

    def unregister(self) -> bool:
        """Leave no key behind. False if the slate still holds a job: then everything stays, for somebody to settle."""
        working, processed, failures = self._settle[1], self._settle[3], self._settle[9]
        workers, started, heartbeats, registrations = self._register
        of_this_worker = working, started, processed, failures
        keys = workers, *of_this_worker, heartbeats, registrations, self._settle[0]
        return self._run(move("unregister"), keys, (self.worker, self._registration)) == 1

    def _run(self, script: Move, keys: Sequence[Argument], arguments: Sequence[Argument]) -> Reply:
        return run(self._wire, script, keys, arguments)


def _taken(reply: Reply) -> Taken:
    match reply:
        case [int(run), bytes(queue), bytes(payload)]:
            return Work(run, queue.decode(), payload)
        case [b"paused" | b"unregistered" as why]:
            return Nothing(why.decode())
        case [b"empty", *held] if held:
            return Held(tuple(queue.decode() for queue in held if isinstance(queue, bytes)))
        case _:
            return Nothing.EMPTY


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True
