"""A worker's side of the protocol: register, beat, reserve, settle, unregister. Each is one script, safe to repeat."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from resqued.digest import hexadecimal
from resqued.promises import Promise
from resqued.protocol import dates
from resqued.protocol.identity import Registration, WorkerId
from resqued.protocol.keys import Keys
from resqued.protocol.moves import Begun, Move, Settled, move
from resqued.protocol.payloads import Failure, dumps
from resqued.rates import Rates
from resqued.store import dues
from resqued.store.endings import end_of
from resqued.store.pruning import CLOSELY, LOOK_EVERY, OLD, UNCHANGED, Dead, dead_in
from resqued.store.scripts import patiently, run
from resqued.verdict import DONE, Outcome, Verdict
from resqued.wire import Argument, Command, Meanwhile, Reply, Wire, rest
from resqued.work import Work


class Nothing(Enum):
    """Why no job was reserved."""

    EMPTY = "empty"
    PAUSED = "paused"  # `pause-all-workers` is set
    UNREGISTERED = "unregistered"  # somebody has struck the worker off our own register


@dataclass(frozen=True, slots=True)
class Held:
    """There are jobs, but only on queues that are paused for the whole fleet, or give none for a while."""

    queues: tuple[str, ...]
    opens_in: float | None = None  # s; None: nobody knows


Taken = Work | Nothing | Held

FEW = 32  # queues, whose names are sent each time
LISTED_FOR = 86400  # s
UNLISTED = [b"unlisted"]
OWING = [b"owing"]

_SETTLED = {what.value: what for what in Settled}


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
        rates: Rates | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._wire, self._keys, self._clock = wire, keys, clock
        self._rates = rates or Rates()
        self._registration = registration.encode()
        self._last = 0  # the run that was settled last
        self.call(worker)

    def call(self, worker: WorkerId) -> None:
        """Name the worker, which must not be registered."""
        self.id, self.worker, keys = worker, str(worker), self._keys
        name = self.worker
        self._register = keys.workers, keys.started(name), keys.heartbeats, keys.registrations
        counted = keys.processed, keys.processed_by(name)
        of_this = keys.slate(name), keys.worker(name)
        self._prefix = keys.queue("")
        self._take = *of_this, *counted, keys.pause, keys.registrations, keys.paused, keys.room
        self._settle = *self._take, keys.failed, keys.failures, keys.failures_of(name), keys.queues
        self._asked: Sequence[str] = ()  # the queues of the last time
        self._list = ""  # the key of their list
        self._tried = 0, 0  # a run that has begun, and how many tries there were before

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
        keys = *self._register, self._keys.prune_lock, self._keys.sightings, self._keys.look, self._keys.awaited
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
        now, rates = dates.recorded(self._clock()), self._rates_of(queues)
        about: tuple[Argument, ...] = self.worker, now, self._prefix, rates, self._last
        return self._run(move("reserve"), (*self._take, *listed), (*about, *names))

    def begin(self, work: Work, promise: Promise) -> tuple[Begun, int]:
        """Write what a job owes at its end onto the slate. BEGUN, and how many tries there were before.

        Anything else: the job may not begin, and is settled already, as its policy says (`begin.lua`).
        """
        unique = promise.unique
        conflict = (unique.on_conflict, unique.seconds) if unique else ("", 0)
        about = self.worker, work.run, work.queue, dues.written(promise, self._keys)
        keys = *self._take[:4], *map(self._keys.foreign_lock, promise.opens)
        match self._run(move("begin"), keys, (*about, *conflict, dues.item(work), end_of(work, DONE, self._keys))):
            case [b"begun", int(tried)]:
                self._tried = work.run, tried
                return Begun.BEGUN, tried
            case [bytes(what), *_]:
                return Begun(what.decode()), 0
        raise AssertionError

    def settle(
        self, work: Work, verdict: Verdict, queues: Sequence[str], meanwhile: Meanwhile = rest
    ) -> tuple[Settled, Taken]:
        """Write the end of a job, and reserve the next one from `queues` (none: reserve nothing), in one move.

        A failure becomes an entry of the failed list; a requeued job goes back to the head of its queue and is counted
        no longer (`settle.lua`; `discharge.lua` if it has begun with a promise). One that is tried again is put aside
        until then (`again.lua`).
        """
        now, listed, self._last = dates.recorded(self._clock()), self._listed(queues), work.run
        keys = *self._settle, self._keys.queue(work.queue), *listed
        entry = self._entry(work, verdict, now) if verdict.outcome is Outcome.FAILED else ""
        how: Argument = verdict.outcome if verdict.again is None else repr(verdict.again)
        about: tuple[Argument, ...] = self.worker, work.run, how, entry, work.queue, now, self._prefix
        names = () if listed else queues
        about = *about, self._rates_of(queues), end_of(work, verdict, self._keys)
        script = "discharge" if self._tried[0] == work.run else "settle"
        if verdict.again is not None:
            script, about = "again", (*about, dues.item(work), dues.failure(verdict, self.worker, now))
        reply = self._run(move(script), keys, (*about, *names), meanwhile)
        if reply == OWING:  # the answer of `begin` was lost
            reply = self._run(move("discharge"), keys, (*about, *names))
        assert isinstance(reply, list)
        assert isinstance(reply[0], bytes)
        following: Reply = reply[1:]
        if following == UNLISTED:
            following = self._reserve_and_list(queues)
        return _SETTLED[reply[0].decode()], _taken(following)

    def _rates_of(self, queues: Sequence[str]) -> str:
        """As `taking.lua` wants them; nothing where there are none."""
        if not (found := self._rates.among(queues)):
            return ""
        keys = self._keys
        limited = {queue: [keys.rate(queue), rate.most, rate.seconds] for queue, rate in found.items()}
        return dumps({"slowed": keys.slowed, "queues": limited})

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
        why = verdict.exception, verdict.error, verdict.backtrace
        run, tried = self._tried
        return Failure(now, work.payload, *why, self.worker, work.queue, tried if run == work.run else 0).encode()

    def has_scheduler(self) -> bool:
        """Whether somebody brings delayed jobs back to their queues, of whatever implementation."""
        return patiently(self._wire.call, "EXISTS", *self._keys.leaders) != 0

    def unregister(self) -> bool:
        """Leave no key behind. False if the slate still holds a job: then everything stays, for somebody to settle."""
        working, processed, failures = self._settle[1], self._settle[3], self._settle[10]
        workers, started, heartbeats, registrations = self._register
        of_this_worker = working, started, processed, failures
        keys = workers, *of_this_worker, heartbeats, registrations, self._settle[0]
        return self._run(move("unregister"), keys, (self.worker, self._registration)) == 1

    def _run(
        self, script: Move, keys: Sequence[Argument], arguments: Sequence[Argument], meanwhile: Meanwhile = rest
    ) -> Reply:
        return run(self._wire, script, keys, arguments, meanwhile=meanwhile)


def _taken(reply: Reply) -> Taken:
    match reply:
        case [int(run), bytes(queue), bytes(payload)]:
            return Work(run, queue.decode(), payload)
        case [b"paused" | b"unregistered" as why]:
            return Nothing(why.decode())
        case [b"empty", int(ms), *held]:
            queues = tuple(queue.decode() for queue in held if isinstance(queue, bytes))
            return Held(queues, ms / 1000 if ms >= 0 else None)
        case _:
            return Nothing.EMPTY


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True
