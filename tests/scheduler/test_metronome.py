"""Schedules beaten by several hosts at once, for hours that pass in no time."""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial

import pytest
from redis import Redis

from resqued import address
from resqued.errors import StoreUnavailable
from resqued.protocol.keys import Keys
from resqued.recurring import Recurring
from resqued.rhythm import Every, Missed, Rhythm, cron
from resqued.scheduler.metronome import Metronome
from resqued.store.timetable import Timetable
from resqued.wire import lean
from tests.store.slates import failures

NOON = 1_790_000_000 - 1_790_000_000 % 86400 + 43200


def schedule(name: str, rhythm: Rhythm, missed: Missed = Missed.SKIP) -> Recurring:
    return Recurring(name, name, f'{{"class":"{name}","args":[]}}', rhythm, "", missed)


MINUTELY, OFTEN = schedule("minutely", cron("* * * * *", "Europe/Paris")), schedule("often", Every(7))

New = Callable[..., Metronome]


@pytest.fixture
def new(redis_url: str, redis: Redis) -> Iterator[New]:
    """Metronomes, each with a connection of its own."""
    with ExitStack() as stack:

        def made(*schedules: Recurring) -> Metronome:
            wire = stack.enter_context(closing(lean.connect(address.parse(redis_url))))
            metronome = Metronome(Timetable(wire, Keys(), "vm:1:x"))
            metronome.set(schedules)
            return metronome

        yield made


def enqueued(redis: Redis, one: Recurring) -> int:
    return redis.llen(f"resque:queue:{one.queue}")


def test_nothing_is_enqueued_for_times_before_anybody_beat_time(new: New, redis: Redis) -> None:
    new(MINUTELY).tick(NOON + 0.5)

    assert enqueued(redis, MINUTELY) == 0


def test_it_knows_when_the_next_tick_is_due(new: New) -> None:
    metronome = new(MINUTELY, OFTEN)
    metronome.tick(NOON + 3)

    assert metronome.next() == (NOON + 3) // 7 * 7 + 7


def test_an_hour_with_three_hosts_that_die_at_random_loses_no_tick_and_doubles_none(new: New, redis: Redis) -> None:
    chance = random.Random(7)
    reborn = partial(new, MINUTELY, OFTEN)
    hosts = [reborn() for _ in range(3)]
    for host in hosts:
        host.tick(NOON)
    now = float(NOON)
    while now < NOON + 3600:
        now += chance.random() * 2
        victim = chance.randrange(3)
        if chance.random() < 0.05:
            hosts[victim] = reborn()
        awake = [host for host in hosts if chance.random() < 0.6]
        for host in awake:
            host.tick(now - chance.random() * 3)  # one has read the clock a while ago
    hosts[0].tick(NOON + 3600)

    assert enqueued(redis, MINUTELY) == 60
    assert enqueued(redis, OFTEN) == (NOON + 3600) // 7 - NOON // 7


def test_a_day_on_which_clocks_are_set_back_has_each_fixed_time_once(new: New, redis: Redis) -> None:
    night = schedule("night", cron("30 2 * * *", "Europe/Paris"))
    start = 1792879200  # 2026-10-24 22:00 UTC
    hosts = [new(night), new(night)]
    for now in range(start, start + 6 * 3600, 20):
        for host in hosts:
            host.tick(now)

    assert enqueued(redis, night) == 1


@pytest.mark.parametrize(("missed", "jobs"), [(Missed.SKIP, 0), (Missed.ONCE, 1)])
def test_hours_without_anybody_are_missed(new: New, redis: Redis, missed: Missed, jobs: int) -> None:
    hourly = schedule("hourly", Every(3600), missed)
    new(hourly).tick(NOON + 1)
    for host in (new(hourly), new(hourly)):
        host.tick(NOON + 5 * 3600 + 1800)

    assert enqueued(redis, hourly) == jobs


@pytest.mark.parametrize("midnight", [1774738800, 1792879200], ids=["spring", "autumn"])  # 2026, before clocks are set
@pytest.mark.parametrize(("missed", "jobs"), [(Missed.SKIP, 0), (Missed.ONCE, 1)])
def test_a_night_without_anybody_is_one_time_though_clocks_are_set(
    new: New, redis: Redis, midnight: int, missed: Missed, jobs: int
) -> None:
    night = schedule("night", cron("30 2 * * *", "Europe/Paris"), missed)
    new(night).tick(midnight)
    for host in (new(night), new(night)):
        host.tick(midnight + 6 * 3600)

    assert enqueued(redis, night) == jobs


def test_a_clock_that_jumps_ahead_and_back_doubles_nothing(new: New, redis: Redis) -> None:
    host = new(MINUTELY)
    for now in (NOON, NOON + 61, NOON + 1800, NOON + 62, NOON + 130, NOON + 1790, NOON + 1801):
        host.tick(now)

    assert enqueued(redis, MINUTELY) == 2  # at 12:01, and at 12:30 for those that were missed


def test_a_clock_that_was_a_year_ahead_is_forgotten_when_it_is_right_again(new: New, redis: Redis) -> None:
    host = new(MINUTELY)
    host.tick(NOON + 365 * 86400)
    for now in (NOON + 1, NOON + 2, NOON + 60):
        host.tick(now)

    assert enqueued(redis, MINUTELY) == 1
    assert host.next() == NOON + 120


def test_a_schedule_whose_queue_is_none_fails_and_the_others_go_on(new: New, redis: Redis) -> None:
    redis.set("resque:queue:often", "x")
    host = new(OFTEN, MINUTELY)
    for now in (NOON, NOON + 7, NOON + 60):
        host.tick(now)

    (first, *_) = failures(redis)
    assert (first["exception"], first["queue"], first["payload"]) == (
        "Undeliverable",
        "often",
        {"class": "often", "args": []},
    )
    assert enqueued(redis, MINUTELY) == 1


def test_a_schedule_whose_job_can_go_nowhere_waits_as_if_redis_were_away(new: New, redis: Redis) -> None:
    redis.set("resque:queue:often", "x")
    redis.set("resque:failed", "x")
    host = new(OFTEN)
    host.tick(NOON)
    with pytest.raises(StoreUnavailable, match="queue often"):
        host.tick(NOON + 7)
    redis.delete("resque:queue:often", "resque:failed")
    host.tick(NOON + 7)

    assert enqueued(redis, OFTEN) == 1


def test_what_has_been_disabled_is_silent_until_it_is_enabled(new: New, redis: Redis) -> None:
    host = new(MINUTELY)
    redis.hset("resqued:resque:disabled", "minutely", "2026")
    for now in (NOON, NOON + 60, NOON + 120):
        host.tick(now)
    assert enqueued(redis, MINUTELY) == 0

    redis.delete("resqued:resque:disabled")
    host.tick(NOON + 180)
    assert enqueued(redis, MINUTELY) == 1
