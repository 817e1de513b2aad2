"""The loop of a scheduler."""

from collections.abc import Callable, Sequence
from math import inf
from time import monotonic
from typing import Protocol

from resqued.duty import Duty
from resqued.errors import StoreUnavailable
from resqued.log import log
from resqued.protocol.keys import Keys
from resqued.recurring import Recurring
from resqued.scheduler.clock import Clock
from resqued.scheduler.courier import Courier
from resqued.scheduler.metronome import Metronome
from resqued.scheduler.repertoire import Repertoire
from resqued.store.notice import Notice
from resqued.store.timetable import Deposed, Following, Leading, Timetable

LOOK_EVERY = 3.0  # s: a leader's locks last for ten; so late is noticed what a client of another kind has put there
LOOK_AGAIN = 5.0  # s at most until another look whether there is still a leader
ASIDE = 0.05  # s by which a look comes later than what it looks for


class Ears(Protocol):
    """All that wakes a process besides Redis: signals, and the end of its master. They are passed on to its duty."""

    def wait(self, until: float | None, *descriptors: int) -> set[int]:
        """Sleep until then (monotonic) or until one of these is readable. Returns those that are."""

    def hear(self) -> None:
        """Take in what has come, without waiting."""


class Scheduler:
    """`repertoire`: what schedules there are in Redis; None: delayed jobs and those are left to others.

    `entitle` is told in a few words what this process does.
    """

    def __init__(
        self,
        timetable: Timetable,
        keys: Keys,
        schedules: Sequence[Recurring],
        repertoire: Repertoire | None,
        *,
        notice: Notice,
        duty: Duty,
        ears: Ears,
        entitle: Callable[[str], None],
    ) -> None:
        self._timetable, self._keys, self._schedules, self._repertoire = timetable, keys, schedules, repertoire
        self._notice, self._duty, self._ears, self._entitle = notice, duty, ears, entitle
        self._clock, self._courier = Clock(), Courier(timetable)
        self._own, self._persistent = Metronome(timetable), Metronome(timetable)
        self._leads: bool | None = None  # None: nobody knows
        self._first: float | None = None  # the earliest epoch at which something is due
        self._looks_at = -inf
        self._has_begun = False
        self._is_stale = False  # the schedules in Redis have changed, and have not been read since

    def run(self) -> None:
        """Until asked to stop."""
        while not self._duty.over:
            wakes_at = self._try()
            if wakes_at > monotonic():
                self._sleep(wakes_at)
            else:
                self._ears.hear()
        self._leave()

    def _try(self) -> float:
        """Do what is due. When there is something to do again (monotonic)."""
        if not self._duty.may_try_redis(monotonic()):
            return self._duty.tries_redis_at()
        try:
            wakes_at = self._go_on()
        except StoreUnavailable as error:
            return self._lost(error)
        except Deposed:
            self._looks_at = -inf
            return -inf
        self._found()
        return wakes_at

    def _go_on(self) -> float:
        if monotonic() >= self._looks_at:
            self._look()
        now = self._clock.now(monotonic())
        self._own.tick(now)
        if self._leads:
            self._persistent.tick(now)
            if self._courier.has_due or (self._first is not None and self._first <= now):
                self._bring(now)
        return self._wakes_at()

    def _look(self) -> None:
        """At the clock, at who leads, and at what those see who lead."""
        began = monotonic()
        if self._repertoire:
            now, standing = self._timetable.lead()
            self._stands(standing)
        else:
            now, self._looks_at = self._timetable.now(), began + LOOK_EVERY
        self._clock.is_told(now, monotonic())
        if not self._has_begun:
            self._own.set(self._schedules)
            self._has_begun = True

    def _stands(self, standing: Leading | Following) -> None:
        if isinstance(standing, Following):
            self._follow(standing)
            return
        self._looks_at, self._first = monotonic() + LOOK_EVERY, standing.first
        is_new = not self._leads
        self._leads = True
        if is_new:
            self._entitle("leads")
            log.info("scheduler.leads")
        self._is_stale |= is_new or standing.changed
        if self._is_stale:
            assert self._repertoire is not None
            self._persistent.set(self._repertoire.read())
            self._is_stale = False

    def _follow(self, standing: Following) -> None:
        lapses_in = LOOK_AGAIN if standing.lapses_in is None else standing.lapses_in + ASIDE
        self._looks_at, self._first = monotonic() + min(lapses_in, LOOK_AGAIN), None
        if self._leads is not False:
            self._entitle("follows")
            log.info("scheduler.follows", leader=standing.leader)
        self._leads = False
        self._courier.rest()

    def _bring(self, now: float) -> None:
        self._courier.go(now)
        if not self._courier.has_due:
            self._looks_at = -inf  # what comes after all that is not known

    def _wakes_at(self) -> float:
        if self._leads and self._courier.has_due:
            return -inf
        ticks = min(self._own.next(), self._persistent.next() if self._leads else inf)
        first = self._first if self._leads else None
        return min(self._looks_at, self._clock.monotonic(first), self._clock.monotonic(ticks))

    def _sleep(self, until: float) -> None:
        try:
            if self._repertoire and self._duty.may_try_redis(monotonic()):
                self._notice.listen(self._keys.earlier if self._leads else self._keys.vacant, monotonic())
            if self._notice.heard(self._ears.wait(until, *self._notice.descriptors)):
                self._looks_at = -inf
        except StoreUnavailable as error:
            self._lost(error)

    # Redis comes and goes

    def _lost(self, error: StoreUnavailable) -> float:
        self._notice.drop()
        self._courier.rest()
        self._looks_at = -inf
        if self._duty.lost_redis(monotonic()):
            log.warning("redis.lost", error=str(error))
        return self._duty.tries_redis_at()

    def _found(self) -> None:
        if (away := self._duty.found_redis(monotonic())) is not None:
            log.warning("redis.back", away_s=round(away, 3))

    def _leave(self) -> None:
        """Somebody else may lead at once; if Redis is away, when our locks have lapsed."""
        self._courier.rest()
        self._notice.drop()
        if self._leads:
            try:
                self._timetable.vacate()
            except StoreUnavailable as error:
                log.warning("redis.lost", error=str(error))
        log.info("scheduler.left")
