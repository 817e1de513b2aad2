"""Cutting a failed list to its limits (`trim.lua`)."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from resqued.errors import CommandRefused
from resqued.protocol.dates import recorded
from resqued.store.failures import Failures
from resqued.store.trimming import AT_ONCE, Trimmed, Trimming
from tests.store.failed_lists import FAILED, fill, numbers

DAY = 86400


def trimming(failures: Failures, *, most: int = 0, max_age: float = 0.0) -> Trimming:
    return Trimming(failures.wire, failures.keys, most=most, max_age=max_age)


def aged(redis: Redis, *ages: float | str) -> None:
    """Entries that failed so many seconds ago, or at such a date."""
    for number, age in enumerate(ages):
        at = age if isinstance(age, str) else recorded(time.time() - age)
        redis.rpush(FAILED, f'{{"failed_at":"{at}","payload":{{"class":"A","args":[{number}]}}}}')


def left(redis: Redis, failures: Failures, max_age: float) -> list[int]:
    trimming(failures, max_age=max_age).portion("failed")
    return numbers(redis)


def test_the_oldest_beyond_a_number_go(redis: Redis, failures: Failures) -> None:
    fill(redis, 10)

    assert trimming(failures, most=4).portion("failed") == Trimmed(6, 4, has_more=False)
    assert numbers(redis) == [6, 7, 8, 9]


def test_a_list_within_its_limits_stays(redis: Redis, failures: Failures) -> None:
    aged(redis, DAY, 10)

    assert trimming(failures, most=2, max_age=2 * DAY).portion("failed") == Trimmed(0, 2, has_more=False)


def test_no_more_go_at_once_than_redis_can_do_in_a_moment(redis: Redis, failures: Failures) -> None:
    fill(redis, AT_ONCE + 20)

    assert trimming(failures, most=5).portion("failed") == Trimmed(AT_ONCE, 20, has_more=True)


def test_those_beyond_an_age_go(redis: Redis, failures: Failures) -> None:
    aged(redis, 5 * DAY, 3 * DAY, DAY, 10)

    assert left(redis, failures, 2 * DAY) == [2, 3]


def test_every_date_that_a_peer_writes_to_the_day_has_its_age(redis: Redis, failures: Failures) -> None:
    then = datetime.now(UTC) - timedelta(days=3)
    aged(
        redis,
        then.strftime("%Y/%m/%d %H:%M:%S"),
        then.strftime("%Y/%m/%d %H:%M:%S CEST"),
        then.strftime("%Y-%m-%dT%H:%M:%S.123456789Z"),
        then.strftime("%Y-%m-%dT%H:%M:%S+02:00"),
        then.strftime("%Y-%m-%d %H:%M:%S -0800"),
    )

    assert left(redis, failures, 4 * DAY) == [0, 1, 2, 3, 4]
    assert left(redis, failures, 2 * DAY) == []


@pytest.mark.parametrize(("zone", "hours"), [("UTC", 0), ("+02:00", -2), ("-0800", 8), ("CEST", 12)], ids=str)
def test_a_zone_counts_and_one_that_is_but_a_name_is_the_latest(
    redis: Redis, failures: Failures, zone: str, hours: int
) -> None:
    then = datetime.now(UTC) - timedelta(hours=48)
    aged(redis, then.strftime(f"%Y/%m/%d %H:%M:%S {zone}"))

    assert left(redis, failures, (48 - hours) * 3600 + 60) == [0]
    assert left(redis, failures, (48 - hours) * 3600 - 60) == []


def test_the_date_is_found_wherever_a_peer_writes_it(redis: Redis, failures: Failures) -> None:
    redis.rpush(FAILED, '{"payload":{"class":"A","args":[0]},"failed_at":"2001/01/01 00:00:00 UTC"}')

    assert left(redis, failures, DAY) == []


def test_what_has_no_date_goes_with_the_next_that_is_too_old(redis: Redis, failures: Failures) -> None:
    aged(redis, "", 5 * DAY, "Mon Nov 23 2026", 5 * DAY, "who knows", 10)

    assert left(redis, failures, DAY) == [4, 5]


def test_a_young_one_keeps_those_behind_it(redis: Redis, failures: Failures) -> None:
    aged(redis, 10, 5 * DAY)

    assert left(redis, failures, DAY) == [0, 1]


@pytest.mark.parametrize("text", ["", "garbage", "[1]", b"\xff", "[" * 5000, '{"failed_at":7}'])
def test_what_cannot_be_read_stops_nothing(redis: Redis, failures: Failures, text: str | bytes) -> None:
    redis.rpush(FAILED, text)
    aged(redis, 5 * DAY)

    assert left(redis, failures, DAY) == []


@pytest.mark.parametrize("day", ["1970/01/01", "2000/02/29", "2024/12/31", "2100/03/01"])
def test_days_are_counted_as_the_calendar_has_them(redis: Redis, failures: Failures, day: str) -> None:
    aged(redis, f"{day} 12:00:00 UTC")
    age = time.time() - datetime.strptime(f"{day} 12+0000", "%Y/%m/%d %H%z").timestamp()

    assert left(redis, failures, max(1, age + 60)) == [0]
    if age > 0:
        assert left(redis, failures, age - 60) == []


# Taking turns


def test_one_of_the_fleet_looks_each_minute(redis: Redis, failures: Failures) -> None:
    fill(redis, 3)
    trims = trimming(failures, most=2)

    assert trims.take_turn() == Trimmed(1, 2, has_more=False)
    fill(redis, 3)
    assert trims.take_turn() is None
    assert 0 < redis.ttl("resqued:resque:trim") <= 60


def test_while_there_is_more_to_go_the_next_goes_on(redis: Redis, failures: Failures) -> None:
    fill(redis, AT_ONCE + 3)
    trims = trimming(failures, most=1)

    assert trims.take_turn() == Trimmed(AT_ONCE, 3, has_more=True)
    assert trims.take_turn() == Trimmed(2, 1, has_more=False)
    assert trims.take_turn() is None


def test_a_key_of_another_type_keeps_no_worker_from_its_work(redis: Redis, failures: Failures) -> None:
    redis.set(FAILED, "x")

    assert trimming(failures, most=1).take_turn() is None
    with pytest.raises(CommandRefused, match="WRONGTYPE"):
        trimming(failures, most=1).portion("failed")


def test_without_a_limit_nobody_looks(redis: Redis, failures: Failures) -> None:
    fill(redis, 3)

    assert trimming(failures).take_turn() is None
    assert not redis.exists("resqued:resque:trim")
