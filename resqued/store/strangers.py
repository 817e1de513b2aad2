"""Workers of other implementations that somebody wants to be rid of."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from resqued.errors import PrunedWorker
from resqued.protocol import dates, payloads, records
from resqued.protocol.keys import Keys
from resqued.protocol.moves import move
from resqued.protocol.payloads import Failure
from resqued.protocol.records import Working
from resqued.store.census import shown
from resqued.store.pruning import Pruned
from resqued.store.replies import name_of, raw
from resqued.store.scripts import execute
from resqued.wire import Argument, Reply, Wire


@dataclass(frozen=True, slots=True)
class Stranger:
    """A registered worker of another implementation, as it was at one moment."""

    id: bytes
    beat: bytes  # empty: it has none
    record: bytes  # what it performs; empty: nothing
    pinged: datetime | None  # node-resque's kind of heartbeat

    @property
    def parts(self) -> tuple[str, int | None, tuple[str, ...]]:
        return records.parts(name_of(self.id))

    @property
    def working(self) -> Working | None:
        return records.working(self.record)


class Strangers:
    """Every method raises StoreUnavailable if Redis does not answer."""

    def __init__(self, wire: Wire, keys: Keys, *, clock: Callable[[], float] = time.time) -> None:
        self._wire, self._keys, self._clock = wire, keys, clock

    def find(self, worker: bytes) -> Stranger | None:
        """None if there is none with this id, or it is one of ours."""
        keys, name = self._keys, name_of(worker)
        host, pid, _ = records.parts(name)
        registered, ours, beat, record, ping = self._wire.pipeline(
            [
                ("SISMEMBER", keys.workers, worker),
                ("HEXISTS", keys.registrations, worker),
                ("HGET", keys.heartbeats, worker),
                ("GET", raw(keys.worker(name))),
                ("GET", raw(keys.ping(host, pid or 0))),
            ]
        )
        if registered != 1 or ours == 1:
            return None
        return Stranger(worker, _text(beat), _text(record), records.pinged(_text(ping)))

    def strike(self, stranger: Stranger) -> Pruned:
        """Strike it off, and fail its job, as Ruby does (`strike.lua`). CHANGED if it is not what it was."""
        name, k = name_of(stranger.id), self._keys
        of_it = k.worker(name), k.started(name), k.processed_by(name), k.failures_of(name)
        keys: list[Argument] = [k.workers, *map(raw, of_it), k.heartbeats, k.registrations, k.failed]
        entry = self._entry(stranger) if stranger.record else ""
        answer = execute(self._wire, move("strike"), keys, (stranger.id, stranger.beat, stranger.record, entry))
        assert isinstance(answer, bytes)
        return Pruned(answer.decode())

    def _entry(self, stranger: Stranger) -> str:
        """In Ruby's words. A record that nobody can read is kept as it is."""
        working, worker = stranger.working, shown(stranger.id)
        name = working.name if working else ""
        return Failure(
            failed_at=dates.recorded(self._clock()),
            payload=_payload(stranger.record, working),
            exception=str(PrunedWorker.recorded_as),
            error=f"Worker {worker} did not gracefully exit while processing {name or '?'}",
            backtrace=(),
            worker=worker,
            queue=working.queue if working else "",
        ).encode()


def _payload(record: bytes, working: Working | None) -> bytes:
    try:
        return payloads.dumps(working.payload).encode() if working and working.payload else record
    except ValueError:  # a number, or half a character, that is no JSON
        return record


def _text(reply: Reply) -> bytes:
    return reply if isinstance(reply, bytes) else b""
