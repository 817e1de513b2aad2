"""Enqueues the jobs that come again and again, each once at its time."""

from collections.abc import Sequence
from math import inf

from resqued.errors import StoreUnavailable
from resqued.log import log
from resqued.protocol import dates
from resqued.protocol.payloads import Failure
from resqued.recurring import Recurring
from resqued.rhythm import BACK, Beat, beat
from resqued.store.timetable import Deposed, Timetable


class Metronome:
    """For some schedules. What it remembers of the last ticks is compared with what Redis knows at each."""

    def __init__(self, timetable: Timetable) -> None:
        self._timetable = timetable
        self._schedules: Sequence[Recurring] = ()
        self._until: dict[str, int | None] = {}
        self._next: dict[str, float] = {}
        self._seen = -inf  # the time

    def set(self, schedules: Sequence[Recurring]) -> None:
        """Go on with these. Raises StoreUnavailable."""
        self._schedules, last = (), self._timetable.ticks(schedules)
        self._until = {one.field: tick for one, tick in zip(schedules, last, strict=True)}
        self._next = dict.fromkeys(self._until, -inf)
        self._schedules = schedules

    def next(self) -> float:
        """When the next tick is due."""
        return min(self._next.values(), default=inf)

    def tick(self, now: float) -> None:
        """Whatever is due. Raises StoreUnavailable, and Deposed for those that only a leader may enqueue."""
        if now < self._seen - BACK:  # that clock was wrong: what has been worked out by it is, too
            self._next = dict.fromkeys(self._until, -inf)
        self._seen = now
        for one in self._schedules:
            if now >= self._next[one.field]:
                self._tick(one, int(now))

    def _tick(self, one: Recurring, now: int) -> None:
        until = self._until[one.field]
        due = Beat(0, now) if until is None else beat(one.rhythm, until, now, one.missed)
        if due:
            until = self._until[one.field] = self._perform(one, until, due)
        assert until is not None
        following = one.rhythm.after(until)
        self._next[one.field] = inf if following is None else following

    def _perform(self, one: Recurring, known: int | None, due: Beat) -> int:
        what, until = self._timetable.tick(one, known=known, until=due.until, jobs=due.ticks)
        if what == "deposed":
            raise Deposed
        if what == "refused":
            what, until = self._fail(one, known, due)
        if what == "ticked":
            _report(one, due)
        return until

    def _fail(self, one: Recurring, known: int | None, due: Beat) -> tuple[str, int]:
        log.warning("schedule.refused", name=one.name, queue=one.queue)
        entry = Failure(
            dates.recorded(due.until),
            one.payload.encode(),
            "Undeliverable",
            "there is something else in Redis where its queue should be",
            (),
            self._timetable.who,
            one.queue,
        )
        what, until = self._timetable.tick(one, known=known, until=due.until, jobs=due.ticks, entry=entry.encode())
        if what == "refused":  # for a person to put right; until then it is as if Redis were away
            raise StoreUnavailable(f"neither queue {one.queue} nor the failed list is a list")
        return what, until


def _report(one: Recurring, due: Beat) -> None:
    if due.missed is not None:
        log.warning("schedule.missed", name=one.name, since=dates.recorded(due.missed))
    if due.ticks:
        log.info("schedule.ticked", name=one.name, queue=one.queue, jobs=due.ticks)
