"""Jobs that wait for their time, on a real Redis."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from redis import Redis

from resqued import address
from resqued.errors import CommandRefused
from resqued.protocol.keys import Keys
from resqued.store.delays import By, Delayed, Delays
from resqued.wire import pooled
from tests.golden import dump, seen

JOB = '{"class":"OkJob","args":[1,"é"]}'
ITEM = '{"class":"OkJob","args":[1,"é"],"queue":"ok"}'
THEN = 1795418621  # of the capture
FUTURE = 4102444800  # 2100
EARLIER = "resqued:resque:earlier"


@pytest.fixture(name="delays")
def delays_on_an_empty_redis(redis_url: str) -> Iterator[Delays]:
    with closing(pooled.connect(address.parse(redis_url))) as wire:
        yield Delays(wire, Keys())


# Putting


def test_what_is_left_in_redis_is_what_ruby_leaves(delays: Delays, redis: Redis) -> None:
    delays.put("ok", JOB, By.CALENDAR, FUTURE)
    redis.delete(EARLIER)

    ruby = seen("scheduler", "ruby delayed")
    assert dump(redis) == {
        f"resque:delayed:{FUTURE}": ruby[f"resque:delayed:{THEN}"],
        "resque:delayed_queue_schedule": {"type": "zset", "value": {str(FUTURE): str(FUTURE)}},
        f"resque:timestamps:{ITEM}": {"type": "set", "value": [f"delayed:{FUTURE}"]},
    }


def test_so_many_seconds_count_from_the_clock_of_the_server(delays: Delays, redis: Redis) -> None:
    before = redis.time()[0]
    delays.put("ok", JOB, By.NOW, 90.5)

    soon = redis.zcount("resque:delayed_queue_schedule", before + 91, redis.time()[0] + 92)
    assert soon == 1


@pytest.mark.parametrize(("by", "seconds"), [(By.CALENDAR, 0.0), (By.CALENDAR, 1.5e9), (By.NOW, 0), (By.NOW, -5)])
def test_what_is_due_already_goes_onto_its_queue(delays: Delays, redis: Redis, by: By, seconds: float) -> None:
    delays.put("ok", JOB, by, seconds)

    assert redis.lrange("resque:queue:ok", 0, -1) == [JOB.encode()]
    assert redis.smembers("resque:queues") == {b"ok"}
    assert redis.exists("resque:delayed_queue_schedule") == 0


def test_only_what_is_due_sooner_than_all_else_wakes_a_scheduler(delays: Delays, redis: Redis) -> None:
    woken = []
    for at in (FUTURE, FUTURE, FUTURE + 1, FUTURE - 1):
        delays.put("ok", JOB, By.CALENDAR, at)
        woken.append(redis.delete(EARLIER) == 1)

    assert woken == [True, False, False, True]


def test_two_wake_it_once_and_nothing_stays_where_there_is_none(delays: Delays, redis: Redis) -> None:
    delays.put("ok", JOB, By.CALENDAR, FUTURE)
    delays.put("ok", JOB, By.CALENDAR, FUTURE - 1)

    assert redis.llen(EARLIER) == 1
    assert 0 < redis.ttl(EARLIER) <= 60


@pytest.mark.parametrize("key", ["resque:delayed_queue_schedule", f"resque:delayed:{FUTURE}"])
def test_where_something_else_stands_nothing_is_done(delays: Delays, redis: Redis, key: str) -> None:
    redis.set(key, "x")

    with pytest.raises(CommandRefused, match=key):
        delays.put("ok", JOB, By.CALENDAR, FUTURE)
    assert redis.keys() == [key.encode()]


def test_an_index_that_is_none_loses_no_job(delays: Delays, redis: Redis) -> None:
    redis.set(f"resque:timestamps:{ITEM}", "x")
    delays.put("ok", JOB, By.CALENDAR, FUTURE)

    assert redis.lrange(f"resque:delayed:{FUTURE}", 0, -1) == [ITEM.encode()]
    assert redis.zscore("resque:delayed_queue_schedule", str(FUTURE)) == FUTURE


# Seeing them


def test_times_come_the_first_first_and_part_by_part(delays: Delays, redis: Redis) -> None:
    for seconds in (30, 10, 20):
        delays.put("ok", JOB, By.CALENDAR, FUTURE + seconds)
    redis.zadd("resque:delayed_queue_schedule", {"never": FUTURE + 40})

    assert delays.moments() == 4
    found = delays.upcoming(1, 3)
    assert [(moment.epoch, moment.size) for moment in found] == [
        (str(FUTURE + 20), 1),
        (str(FUTURE + 30), 1),
        ("never", 0),
    ]
    assert found[0].first == ITEM.encode()
    assert [moment.at is None for moment in found] == [False, False, True]


def test_of_a_time_whose_key_is_no_list_nobody_knows_the_size(delays: Delays, redis: Redis) -> None:
    redis.zadd("resque:delayed_queue_schedule", {"5": 5})
    redis.set("resque:delayed:5", "no list")

    assert [(moment.size, moment.first) for moment in delays.upcoming(0, 9)] == [(None, b"")]


def due(redis: Redis, count: int) -> list[Delayed]:
    items = [f'{{"class":"A","args":[{n}],"queue":"ok"}}'.encode() for n in range(count)]
    redis.rpush(f"resque:delayed:{FUTURE}", *items)
    return [Delayed(str(FUTURE), item) for item in items]


def test_what_was_seen_is_found_where_it_is_or_before(delays: Delays, redis: Redis) -> None:
    items = due(redis, 60)
    seen = {items[n].id: n for n in (17, 35, 59)}
    redis.lpop(f"resque:delayed:{FUTURE}", 16)

    assert sorted(delays.find(str(FUTURE), seen), key=lambda one: seen[one.id]) == [items[n] for n in (17, 35, 59)]


def test_what_is_gone_is_not_looked_for_without_end(
    delays: Delays, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resqued.store.delays.AS_FAR", 20)
    items = due(redis, 60)

    assert delays.find(str(FUTURE), {items[30].id: 55}) == []
    assert delays.find(str(FUTURE), {items[30].id: 50}) == [items[30]]


def test_what_is_the_same_is_found_once(delays: Delays, redis: Redis) -> None:
    (one, *_) = due(redis, 3)
    redis.rpush(f"resque:delayed:{FUTURE}", one.item)

    assert delays.find(str(FUTURE), {one.id: 3}) == [one]
