"""Reading failed lists."""

import pytest
from redis import Redis

from resqued.errors import CommandRefused
from resqued.protocol.failed import Entry
from resqued.store.failures import FIRST, MOST, MOST_BYTES, Failures, Portion
from tests.store.failed_lists import FAILED, fill, numbers, text


def args(entries: list[Entry]) -> list[int]:
    return [int(entry.payload.split(b"[")[1].split(b"]")[0]) for entry in entries]


def test_the_newest_come_first(redis: Redis, failures: Failures) -> None:
    fill(redis, 3 * FIRST)

    assert args(list(failures.newest_first("failed"))) == list(range(3 * FIRST - 1, -1, -1))


def test_or_the_oldest(redis: Redis, failures: Failures) -> None:
    fill(redis, 3 * FIRST)

    assert args(list(failures.oldest_first("failed"))) == list(range(3 * FIRST))


def test_what_fails_meanwhile_is_left_alone(redis: Redis, failures: Failures) -> None:
    fill(redis, FIRST + 10)
    oldest, newest = failures.oldest_first("failed"), failures.newest_first("failed")
    found = [next(oldest)], [next(newest)]
    fill(redis, 10, start=1000)

    assert args(found[0] + list(oldest)) == list(range(FIRST + 10))
    assert args(found[1] + list(newest)) == list(range(FIRST + 9, -1, -1))


def test_a_list_that_is_not_there_is_empty(redis: Redis, failures: Failures) -> None:
    assert list(failures.newest_first("failed")) == list(failures.oldest_first("failed")) == []


def test_a_portion_is_smaller_where_entries_are_large() -> None:
    portion = Portion()
    portion.saw([Entry(b"x" * (MOST_BYTES // 4))] * 2)
    assert portion.count == 3
    portion.saw([Entry(b"x" * MOST_BYTES * 2)])
    assert portion.count == 1
    portion.saw([Entry(b"x")])

    assert portion.count == MOST


def test_the_lists_of_ruby_s_redis_multi_queue_are_failed_lists_too(redis: Redis, failures: Failures) -> None:
    redis.sadd("resque:failed_queues", "mail_failed", "low_failed")
    fill(redis, 2, key="resque:mail_failed")
    fill(redis, 3)

    assert failures.sizes() == {"failed": 3, "low_failed": 0, "mail_failed": 2}


def test_a_list_of_jobs_is_never_taken_for_a_failed_list(redis: Redis, failures: Failures) -> None:
    redis.sadd("resque:failed_queues", "queue:mail_failed", "queues", "queue:mail", b"\xff")

    assert failures.sizes() == {"failed": 0}


def test_the_name_of_a_list_need_not_be_utf8(redis: Redis, failures: Failures) -> None:
    redis.sadd("resque:failed_queues", b"\xff_failed")
    redis.rpush(b"resque:\xff_failed", text(1))
    ((name, size),) = list(failures.sizes().items())[1:]

    assert (size, args(list(failures.newest_first(name)))) == (1, [1])


def test_a_key_of_another_type_is_refused(redis: Redis, failures: Failures) -> None:
    redis.set(FAILED, "x")

    with pytest.raises(CommandRefused, match="WRONGTYPE"):
        failures.sizes()


def test_a_list_is_emptied_and_its_entries_counted(redis: Redis, failures: Failures) -> None:
    fill(redis, 3)
    fill(redis, 1, key="resque:mail_failed")

    assert failures.clear("failed") == 3
    assert failures.clear("failed") == 0
    assert numbers(redis, "resque:mail_failed") == [0]
