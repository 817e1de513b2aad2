"""What a worker should do next. Times are seconds on the monotonic clock."""

from math import inf

from resqued.backoff import Backoff
from resqued.escalation import Mood

RUNNING = Mood.RUNNING

BEAT_EVERY = 30.0  # Ruby prunes after 300 s without a heartbeat; two may be lost without anybody noticing
HOLD_OFF = 1.0  # s
LONGEST_PAUSE_LEAVING = 1.0  # s between trying Redis, for a worker that is to leave
UNSEEN = 240.0  # s; a worker is taken for dead after 300


class Duty:
    """The facts of one worker's life, and what follows from them."""

    def __init__(self, *, interval: float, backoff: Backoff, paused: bool = False) -> None:
        self.interval = interval
        self.mood = RUNNING
        self.paused = paused
        self.wants_job_stopped = False
        self.redis_lost_at: float | None = None
        self._backoff = backoff
        self._rests_until = 0.0
        self._away_until = 0.0  # Redis, which will not answer before
        self._failed_at = 0.0  # when it last did not answer
        self._holds_off_until = 0.0
        self.opens_at = inf  # a queue that has jobs, and gives none for a while
        self._beats_at = 0.0
        self._beat_at = inf  # when others last heard of this worker

    # facts

    def shut(self, mood: Mood) -> None:
        self.mood = max(self.mood, mood)
        if self.redis_lost_at is not None:  # there is little time left to find it
            self._away_until = min(self._away_until, self._failed_at + LONGEST_PAUSE_LEAVING)

    def pause(self) -> None:
        """Finish the job and take no more. A worker that pauses goes on to beat."""
        self.paused = True

    def resume(self) -> None:
        """After a pause, look at once. Who is to leave stays as he is: systemd sends CONT after each TERM."""
        if self.paused and not self.over:
            self.paused = False
            self._rests_until = 0.0

    def stop_job(self) -> None:
        """Somebody wants the job that runs to end, and no other."""
        self.wants_job_stopped = True

    def begins_job(self) -> None:
        self.wants_job_stopped = False

    def found_nothing(self, now: float) -> None:
        self._rests_until = now + self.interval

    def woken(self) -> None:
        self._rests_until, self.opens_at = 0.0, inf

    def spare_a_look(self, now: float) -> None:
        """Whoever only looks in case the one that watches misses something beats instead, if both are about due.

        At most every other look is spared.
        """
        is_due = 0 < self._rests_until < now + self.interval / 2
        if is_due and self.beat_is_due(now) and self.interval < BEAT_EVERY / 2:
            self._rests_until = now + self.interval

    def beat(self, now: float) -> None:
        self._beat_at, self._beats_at = now, now + BEAT_EVERY

    def lost_redis(self, now: float) -> bool:
        """True if this is news. The first thing to do when it is back is a heartbeat."""
        news = self.redis_lost_at is None
        if news:
            self.redis_lost_at = now
        pause = self._backoff.failed()
        self._failed_at, self._away_until = now, now + (min(pause, LONGEST_PAUSE_LEAVING) if self.over else pause)
        self._beats_at = 0.0
        return news

    def found_redis(self, now: float) -> float | None:
        """Seconds for which it was away, if this is news."""
        if self.redis_lost_at is None:
            return None
        away, self.redis_lost_at = now - self.redis_lost_at, None
        self._backoff.succeeded()
        self._away_until = 0.0
        return away

    def hold_off(self, now: float) -> None:
        """There can be no more processes just now: leave the jobs to others for a moment."""
        self._holds_off_until = now + HOLD_OFF

    # questions

    @property
    def over(self) -> bool:
        return self.mood is not RUNNING

    @property
    def takes_jobs(self) -> bool:
        return self.mood is RUNNING and not self.paused

    def may_try_redis(self, now: float) -> bool:
        return now >= self._away_until and (now >= self._holds_off_until or self.over)

    def tries_redis_at(self) -> float:
        """Who is to leave takes no jobs from others, and says goodbye without holding off."""
        return self._away_until if self.over else max(self._away_until, self._holds_off_until)

    def is_rested(self, now: float) -> bool:
        return now >= self._rests_until

    def beat_is_due(self, now: float) -> bool:
        return now >= self._beats_at and self.may_try_redis(now)

    def is_unseen(self, now: float) -> bool:
        """Whether it has not beaten for so long that another host may soon take it for dead, or has done so.

        Redis may be away; or this process stood still, with its whole machine, and knows that only by the clock.
        """
        return now - self._beat_at >= UNSEEN

    def wakes_at(self) -> float:
        """When an idle worker, or one that pauses, has something to do again."""
        if self.paused:
            return self.beats_at()
        return max(self.tries_redis_at(), min(self._rests_until, self._beats_at))

    def beats_at(self) -> float:
        """When a busy worker has something to do for Redis."""
        return max(self.tries_redis_at(), self._beats_at)
