"""What a worker owes Redis: presence, and the truth about each job. An outage is weathered here."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf
from time import monotonic
from typing import ParamSpec, TypeVar

from resqued import coroner
from resqued.duty import Duty
from resqued.errors import StoreUnavailable
from resqued.log import log
from resqued.promises import Promise
from resqued.protocol.moves import Begun, Settled
from resqued.queues import QueueSet
from resqued.scoreboard import Row
from resqued.store.pruning import Pruning
from resqued.store.scripts import patiently
from resqued.store.slate import Held, Nothing, Slate
from resqued.verdict import REQUEUED, Verdict
from resqued.whereabouts import Whereabouts
from resqued.wire import Meanwhile, rest
from resqued.work import Work
from resqued.worker.ears import Ears
from resqued.worker.upkeep import Upkeep

P = ParamSpec("P")
T = TypeVar("T")
Taken = Work | Nothing


class Books:
    """`when_lost` is called when an outage begins: connections that were open then may never say so themselves."""

    def __init__(
        self,
        slate: Slate,
        pruning: Pruning,
        here: Whereabouts,
        upkeep: Upkeep,
        *,
        queues: QueueSet,
        duty: Duty,
        ears: Ears,
        redis_timeout: float,
        row: Row,
        when_lost: Callable[[], None],
    ) -> None:
        self._slate, self._pruning, self._here, self._upkeep = slate, pruning, here, upkeep
        self._queues, self._duty, self._ears = queues, duty, ears
        self._redis_timeout, self._row, self._when_lost = redis_timeout, row, when_lost
        self._registered = False
        self._may_be_registered = False  # an answer may have been lost
        self._unsettled: dict[int, Verdict] = {}  # runs that could not be settled in time
        self._looks_at = 0.0  # when to ask next which queues there are
        self._asked_for_scheduler = False
        self._gives_up_at: float | None = None

    def attend(self) -> bool:
        """Register, or beat, if it is time. False if Redis is away."""
        if not self._duty.beat_is_due(monotonic()):
            return self._duty.redis_lost_at is None
        return self._try(self._attend) is not None

    def reserve(self) -> Taken | None:
        """None if Redis is away."""
        return self._try(self._reserve)

    def begin(self, work: Work, promise: Promise) -> tuple[Begun, int] | None:
        """Write what a job owes at its end; how many tries there were before. Only what is BEGUN may run.

        Waits for Redis; None if the worker is to stop and may wait no longer.
        """
        while (answer := self._try(self._begin, work, promise)) is None:
            if not self._wait_for_redis():
                break
        return answer

    def _begin(self, work: Work, promise: Promise) -> tuple[Begun, int]:
        self._attend()
        return self._slate.begin(work, promise)

    def settle(self, work: Work, verdict: Verdict, meanwhile: Meanwhile = rest) -> tuple[Settled, Taken] | None:
        """Write the end of a job, and reserve the next one unless this worker is to stop.

        Waits for Redis as long as it takes; None if the worker is to stop and may wait no longer. The slate keeps the
        job then. `meanwhile` is called while Redis works, and while it is waited for, so perhaps more than once.
        """
        while (answer := self._try(self._settle, work, verdict, meanwhile)) is None:
            meanwhile()
            if not self._wait_for_redis():
                log.error("job.unsettled", queue=work.queue, run=work.run, outcome=verdict.outcome)
                self._unsettled[work.run] = verdict
                break
        return answer

    def leave(self) -> bool:
        """Unregister. Waits for Redis a little. Whether nothing of this worker is left."""
        if not self._may_be_registered:
            return True
        while (gone := self._try(self._unregister)) is None:
            if not self._wait_for_redis():
                break
        if not gone:
            log.error("worker.still_registered", worker=self._slate.worker)
        return bool(gone)

    def _unregister(self) -> bool:
        return self._slate.unregister() or (self._clear_slate() and self._slate.unregister())

    def _clear_slate(self) -> bool:
        """Settle what it still holds: a job that was taken by a call whose answer never came has not begun."""
        held = self._slate.reserve(())
        if isinstance(held, Work):
            verdict = self._unsettled.get(held.run)
            self._slate.settle(held, verdict or REQUEUED, ())
            if verdict:
                log.info("job.settled", queue=held.queue, run=held.run)
            else:
                log.info("job.put_back", queue=held.queue, run=held.run)
        return True

    def _attend(self) -> bool:
        if not self._duty.beat_is_due(monotonic()):
            return True
        if self._registered:
            self._beat()
        else:
            self._register()
            log.info("worker.ready", worker=self._slate.worker)
        self._duty.beat(monotonic())
        self._upkeep.after_a_beat()
        return True

    def _register(self) -> None:
        """A namesake that is dead is settled first; one that may live keeps the name, and this worker takes another."""
        self._may_be_registered = True
        number, wanted = 1, self._slate.id
        while (namesake := self._slate.register()) is not None:
            if coroner.is_dead(namesake, self._here):
                patiently(coroner.prune, self._pruning, namesake)
            else:
                number += 1
                self._slate.call(wanted.suffixed(number))
                log.warning("worker.renamed", worker=self._slate.worker, because=f"{wanted} is somebody else")
        self._registered = True

    def _beat(self) -> None:
        struck_off, dead = self._slate.beat()
        if struck_off:
            log.warning("worker.struck_off", worker=self._slate.worker, then="registered again")
        if dead:
            coroner.prune_each(self._pruning, dead)
            self._pruning.release(self._slate.worker)

    def _reserve(self) -> Taken:
        self._attend()
        self._look()
        taken = self._seen(self._slate.reserve(self._queues.in_order()))
        if taken is Nothing.EMPTY:
            self._upkeep.while_idle()
        return self._registered_again() if taken is Nothing.UNREGISTERED else taken

    def _look(self) -> None:
        """Patterns may stand for other queues than a while ago."""
        now = monotonic()
        if not self._queues.is_fixed and now >= self._looks_at:
            self._queues.know(self._slate.existing_queues())
            self._looks_at = now + self._duty.interval

    def _settle(self, work: Work, verdict: Verdict, meanwhile: Meanwhile) -> tuple[Settled, Taken]:
        self._attend()
        settled, found = self._slate.settle(work, verdict, self._next_queues(verdict), meanwhile)
        if verdict.again and not self._asked_for_scheduler:
            self._look_for_scheduler()
        taken = self._seen(found)
        if settled in (Settled.STRUCK, Settled.GONE) or taken is Nothing.UNREGISTERED:
            again = self._registered_again(run=work.run)
            return settled, taken if isinstance(taken, Work) else again
        return settled, taken

    def _look_for_scheduler(self) -> None:
        """Once, after the first job that it has to bring back."""
        self._asked_for_scheduler = True
        with suppress(StoreUnavailable):
            if not self._slate.has_scheduler():
                log.warning("retry.no_scheduler", worker=self._slate.worker)

    def _seen(self, found: Work | Nothing | Held) -> Taken:
        """Jobs on queues that are held are nobody's, until a later look finds that they are not held any more."""
        if not isinstance(found, Held):
            self._queues.hold(())
            self._duty.opens_at = inf
            return found
        self._queues.hold(found.queues)
        self._duty.opens_at = inf if found.opens_in is None else monotonic() + found.opens_in
        return Nothing.EMPTY

    def _registered_again(self, **of: int) -> Nothing:
        """After somebody has struck this worker off. There may be jobs, which it will see when it looks again."""
        log.warning("worker.struck_off", worker=self._slate.worker, then="registered again", **of)
        self._register()
        return Nothing.EMPTY

    def _next_queues(self, verdict: Verdict) -> Sequence[str]:
        """Where to take the next job from: nowhere if this worker is to take none, or has just put one back."""
        if not self._duty.takes_jobs or verdict is REQUEUED:
            return ()
        self._look()
        return self._queues.in_order()

    def _try(self, ask: Callable[P, T], *about: P.args, **how: P.kwargs) -> T | None:
        if not self._duty.may_try_redis(monotonic()):
            return None
        try:
            answer = ask(*about, **how)
        except StoreUnavailable as error:
            self.lost(error)
            return None
        if self._duty.redis_lost_at is not None and (away := self._duty.found_redis(monotonic())) is not None:
            self._row.found_redis()
            log.warning("redis.back", away_s=round(away, 3))
        return answer

    def lost(self, error: StoreUnavailable) -> None:
        """An outage is logged once when it begins, and once when it ends."""
        if self._duty.lost_redis(monotonic()):
            self._row.lost_redis()
            log.warning("redis.lost", error=str(error))
            self._when_lost()

    def _wait_for_redis(self) -> bool:
        """Sleep until Redis may be tried again. False if this worker is to stop and has waited long enough."""
        if self._duty.over and self._gives_up_at is None:
            self._gives_up_at = monotonic() + self._redis_timeout
        if self._gives_up_at is not None and monotonic() >= self._gives_up_at:
            return False
        self._ears.wait(min(self._duty.tries_redis_at(), self._gives_up_at or inf))
        return True
