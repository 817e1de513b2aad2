"""Settling what the dead left: who they are, what they held, and what becomes of it."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from resqued.digest import hexadecimal
from resqued.errors import DirtyExit, InvalidPayload, PrunedWorker
from resqued.protocol import dates, payloads
from resqued.protocol.identity import Registration
from resqued.protocol.keys import Keys
from resqued.protocol.moves import move
from resqued.protocol.payloads import Failure
from resqued.store import dues
from resqued.store.dues import Dues
from resqued.store.endings import end_of
from resqued.store.replies import integer, portions, texts
from resqued.store.scripts import execute, patiently, run
from resqued.verdict import Outcome, Verdict
from resqued.wire import Reply, Wire
from resqued.work import Work

OLD = 300  # s; Ruby's limit, too
UNCHANGED = 90  # s; three heartbeats
CLOSELY = 150  # s; a look each minute, and one may be late
LOOK_EVERY = 60  # s; and the longest for which Resque's lock is kept
LOOKED_AT = 500  # workers in one script: others are served in between
REMEMBERED = 7 * 86400  # s for which it is known how often a payload was lost


class Pruned(StrEnum):
    """What became of a dead worker's job (`prune.lua`)."""

    NONE = "none"  # it had none
    DONE = "done"  # it had ended well
    FAILED = "failed"
    AGAIN = "again"  # it failed, and is tried again
    REQUEUED = "requeued"
    RECORDED = "recorded"  # a peer had struck the worker off, and recorded the job as failed
    CHANGED = "changed"  # it is not what it was: somebody else settled it, or it lives


@dataclass(frozen=True, slots=True)
class Dead:
    """A worker of ours of which nothing is to be expected any more."""

    id: str
    registration: Registration
    text: str  # the registration as it stands
    beat: str = ""  # its last heartbeat; empty: that it is dead is known otherwise


Note = Callable[[Dead, Work], Verdict | None]  # what the dead worker itself knew of the end of its job


class Pruning:
    """Every method raises StoreUnavailable and may be repeated."""

    def __init__(self, wire: Wire, keys: Keys, *, clock: Callable[[], float] = time.time) -> None:
        self._wire, self._keys, self._clock = wire, keys, clock

    def registered(self) -> list[Dead]:
        """All workers of ours, as they would be if they were dead. What is not understood is left alone."""
        reply = patiently(self._wire.call, "HGETALL", self._keys.registrations)
        assert isinstance(reply, list)
        return list(dead_in(reply, 2))

    def prune(self, dead: Dead, note: Note, why: str) -> tuple[Pruned, Work | None]:
        """Settle the job of `dead` by what it noted, else as lost, and strike it from the register (`prune.lua`).

        `why` is the error of a job that fails for it, with `{worker}` and `{job}`. Raises CommandRefused for a key of a
        wrong type.
        """
        work, owed = self._held_by(dead)
        verdict = note(dead, work) if work else None
        keys, arguments = self._keys_for(dead, work), self._arguments(dead, work, owed, verdict, why)
        answer = execute(self._wire, move("prune"), keys, arguments)
        assert isinstance(answer, bytes)
        return Pruned(answer.decode()), work

    def unchanged(self, ids: Sequence[bytes]) -> list[tuple[bytes, int]]:
        """Of each worker its heartbeat, and for how many seconds that has been seen as it is now (`look.lua`).

        Only looks that follow closely on each other count, those of workers among them. This is one.
        """
        return [seen for portion in portions(ids, LOOKED_AT) for seen in self._unchanged(portion)]

    def _unchanged(self, ids: Sequence[bytes]) -> Iterator[tuple[bytes, int]]:
        keys = self._keys.sightings, self._keys.heartbeats
        seen = run(self._wire, move("look"), keys, (CLOSELY, *ids))
        assert isinstance(seen, list)
        return zip(texts(seen[::2]), map(integer, seen[1::2]), strict=True)

    def lock(self, pruner: str) -> bool:
        """Take the lock under which the dead of other hosts are pruned. False if somebody else has it."""
        taken = patiently(self._wire.call, "SET", self._keys.prune_lock, pruner, "EX", LOOK_EVERY, "NX")
        return taken is not None

    def release(self, pruner: str) -> None:
        """Give back the lock under which the dead of other hosts are pruned (`release.lua`)."""
        run(self._wire, move("release"), (self._keys.prune_lock,), (pruner,))

    def _held_by(self, dead: Dead) -> tuple[Work | None, Dues]:
        match self._wire.call("HMGET", self._keys.slate(dead.id), "run", "queue", "payload", "dues"):
            case [bytes(number), bytes(queue), bytes(payload), owing]:
                owed = dues.read(owing) if isinstance(owing, bytes) else Dues()
                return Work(int(number), queue.decode(), payload, owed.tried), owed
            case _:
                return None, Dues()

    def _keys_for(self, dead: Dead, work: Work | None) -> list[str]:
        k, queue, payload = self._keys, work.queue if work else "", work.payload if work else b""
        return [
            *(k.workers, k.worker(dead.id), k.started(dead.id), k.processed_by(dead.id), k.failures_of(dead.id)),
            *(k.heartbeats, k.registrations, k.slate(dead.id), k.failed, k.failures, k.processed, k.queues),
            *(k.queue(queue), k.lost(hexadecimal(payload)), *k.tries(_counted_as(payload))),
        ]

    def _arguments(
        self, dead: Dead, work: Work | None, owed: Dues, verdict: Verdict | None, why: str
    ) -> list[str | int]:
        if work is None:
            return [dead.id, dead.text, dead.beat, "", "", "", "", 0, REMEMBERED, "", "", "", ""]
        outcome = verdict.outcome if verdict else "lost"
        failed = verdict if verdict and verdict.outcome is Outcome.FAILED else _lost(dead, work, owed, verdict, why)
        now, may = dates.recorded(self._clock()), dead.registration.put_back
        entry = Failure(
            now, work.payload, failed.exception, failed.error, failed.backtrace, dead.id, work.queue, work.tried
        ).encode()
        settling = (dead.id, dead.text, dead.beat, work.run, outcome, entry, work.queue, may, REMEMBERED)
        again = "" if failed.again is None else repr(failed.again)
        trying = again, dues.item(work) if again else "", dues.failure(failed, dead.id, now)
        return [*settling, *trying, end_of(work, failed, self._keys)]


def dead_in(reply: Sequence[Reply], width: int) -> Iterator[Dead]:
    """The workers in an answer that has `width` texts for each: id, registration, perhaps a heartbeat."""
    for at in range(0, len(reply), width):
        texts = [fact.decode(errors="replace") for fact in reply[at : at + width] if isinstance(fact, bytes)]
        registration = Registration.decode(texts[1])
        if registration is not None:
            yield Dead(texts[0], registration, *texts[1:])


def _lost(dead: Dead, work: Work, owed: Dues, verdict: Verdict | None, why: str) -> Verdict:
    """As what its job fails, if that comes to nothing better, of whose end nobody knows anything."""
    error, result = PrunedWorker if dead.beat else DirtyExit, verdict.result if verdict else ""
    said = why.format(worker=dead.id, job=_name_of(work))
    return Verdict(Outcome.FAILED, str(error.recorded_as), said, again=owed.pause, result=result)


def _counted_as(payload: bytes) -> str:
    """Of a job: where its tries are counted, if they are. Empty for what is none."""
    from resqued.protocol import retries  # noqa: PLC0415  workers, which know this module, need not know how Ruby writes

    try:
        job = payloads.decode(payload)
        return retries.counted_as(job.name, job.args)
    except InvalidPayload:
        return ""


def _name_of(work: Work) -> str:
    try:
        return payloads.job_class(payloads.decode(work.payload).document)
    except InvalidPayload:
        return payloads.UNKNOWN_CLASS
