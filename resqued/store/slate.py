"""A worker's side of the protocol: register, beat, reserve, settle, unregister. Each is one script, safe to repeat."""

import time
from collections.abc import Callable, Sequence
from enum import Enum

from resqued.errors import CommandRefused, StoreUnavailable
from resqued.protocol import dates
from resqued.protocol.identity import Registration
from resqued.protocol.keys import Keys
from resqued.protocol.moves import Move, Settled, move
from resqued.protocol.payloads import Failure
from resqued.store.scripts import run
from resqued.verdict import Outcome, Verdict
from resqued.wire import Argument, Reply, Wire
from resqued.work import Work


class Nothing(Enum):
    """Why no job was reserved."""

    EMPTY = "empty"
    PAUSED = "paused"  # `pause-all-workers` is set


Taken = Work | Nothing


class Slate:
    """What one worker writes to Redis.

    Every method raises StoreUnavailable: nothing is then known to be done, and it may be repeated.
    """

    def __init__(
        self, wire: Wire, keys: Keys, *, worker: str, registration: Registration, clock: Callable[[], float] = time.time
    ) -> None:
        self.worker = worker
        self._wire, self._keys, self._clock = wire, keys, clock
        self._registration = registration.encode()
        self._register = keys.workers, keys.started(worker), keys.heartbeats, keys.registrations
        self._take = keys.slate(worker), keys.worker(worker), keys.processed, keys.processed_by(worker), keys.pause
        self._settle = *self._take, keys.failed, keys.failures, keys.failures_of(worker), keys.queues

    def register(self) -> None:
        """Enter the worker in the register, with its first heartbeat."""
        self._run(move("register"), self._register, self._introduction())

    def beat(self) -> bool:
        """A heartbeat. True if a peer had struck the worker off: it is registered again now."""
        return self._run(move("beat"), self._register, self._introduction()) == 1

    def _introduction(self) -> tuple[str, str, str]:
        return self.worker, dates.started(self._clock()), self._registration

    def existing_queues(self) -> list[str]:
        """Names of all queues ever pushed to; what is not UTF-8 is left out, for nobody could name it."""
        names = self._guarded(self._wire.call, "SMEMBERS", self._keys.queues)
        assert isinstance(names, list)
        return [name.decode() for name in names if isinstance(name, bytes) and _is_utf8(name)]

    def reserve(self, queues: Sequence[str]) -> Taken:
        """The head of the first non-empty queue moves to the slate and counts as processed (`reserve.lua`)."""
        keys = *self._take, *map(self._keys.queue, queues)
        return _taken(self._run(move("reserve"), keys, (dates.recorded(self._clock()), *queues)))

    def settle(self, work: Work, verdict: Verdict, queues: Sequence[str]) -> tuple[Settled, Taken]:
        """Write the end of a job, and reserve the next one from `queues` (none: reserve nothing), in one move.

        A failure becomes an entry of the failed list; a requeued job goes back to the head of its queue and is counted
        no longer (`settle.lua`).
        """
        now = dates.recorded(self._clock())
        keys = *self._settle, self._keys.queue(work.queue), *map(self._keys.queue, queues)
        arguments = work.run, verdict.outcome.value, self._entry(work, verdict, now), work.queue, now, *queues
        reply = self._run(move("settle"), keys, arguments)
        assert isinstance(reply, list)
        assert isinstance(reply[0], bytes)
        return Settled(reply[0].decode()), _taken(reply[1:])

    def _entry(self, work: Work, verdict: Verdict, now: str) -> str:
        if verdict.outcome is not Outcome.FAILED:
            return ""
        return Failure(
            now, work.payload, verdict.exception, verdict.error, verdict.backtrace, self.worker, work.queue
        ).encode()

    def unregister(self) -> bool:
        """Leave no key behind. False if the slate still holds a job: then everything stays, for somebody to settle."""
        working, processed, failures = self._settle[1], self._settle[3], self._settle[7]
        workers, started, heartbeats, registrations = self._register
        keys = workers, working, started, processed, failures, heartbeats, registrations, self._settle[0]
        return self._run(move("unregister"), keys, (self.worker,)) == 1

    def _run(self, script: Move, keys: Sequence[Argument], arguments: Sequence[Argument]) -> Reply:
        return self._guarded(run, self._wire, script, keys, arguments)

    def _guarded(self, call: Callable[..., Reply], *arguments: object) -> Reply:
        """A key of the wrong type is a matter for a person; until then it is as if Redis were away."""
        try:
            return call(*arguments)
        except CommandRefused as refused:
            raise StoreUnavailable(str(refused)) from refused


def _taken(reply: Reply) -> Taken:
    match reply:
        case [int(run), bytes(queue), bytes(payload)]:
            return Work(run, queue.decode(), payload)
        case [b"paused"]:
            return Nothing.PAUSED
        case _:
            return Nothing.EMPTY


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True
