"""Delayed jobs on their way to their queues, with all that may lie among them."""

import json

import pytest
from redis import Redis

from resqued.errors import StoreUnavailable
from resqued.scheduler.courier import Courier
from resqued.store.timetable import Deposed, Timetable
from tests.golden import restore, seen
from tests.store.slates import failures

NOW = 1_800_000_000
SCHEDULE = "resque:delayed_queue_schedule"


def delay(redis: Redis, *items: object, epoch: int = NOW - 5) -> None:
    texts = [item if isinstance(item, bytes) else json.dumps(item, separators=(",", ":")).encode() for item in items]
    redis.rpush(f"resque:delayed:{epoch}", *texts)
    redis.zadd(SCHEDULE, {str(epoch): epoch})


def job(number: int, queue: str = "q") -> dict[str, object]:
    return {"class": "A", "args": [number], "queue": queue}


def arrived(redis: Redis, queue: str = "q") -> list[int]:
    return [json.loads(text)["args"][0] for text in redis.lrange(f"resque:queue:{queue}", 0, -1)]


def deliver(timetable: Timetable) -> int:
    """All that is due; how many requests that took."""
    courier, ways = Courier(timetable), 1
    courier.go(NOW)
    while courier.has_due:
        courier.go(NOW)
        ways += 1
    return ways


@pytest.mark.parametrize(
    ("delayed", "moved"),
    [("ruby delayed", "ruby delayed moved"), ("node delayed", None)],
)
def test_what_ruby_and_node_have_delayed_comes_to_its_queue(
    timetable: Timetable, redis: Redis, delayed: str, moved: str | None
) -> None:
    before = seen("scheduler", delayed)
    restore(redis, before)
    deliver(timetable)

    (item,) = next(entry["value"] for key, entry in before.items() if ":delayed:" in key)
    there = seen("scheduler", moved)["resque:queue:ok"]["value"] if moved else [item]
    assert redis.lrange("resque:queue:ok", 0, -1) == [text.encode() for text in there]
    assert redis.keys("resque:delayed*") + redis.keys("resque:timestamps*") == []


def test_jobs_come_in_the_order_of_their_times_and_of_their_coming(timetable: Timetable, redis: Redis) -> None:
    delay(redis, *map(job, range(3, 600)), epoch=NOW)
    delay(redis, *map(job, range(3)), epoch=NOW - 9)
    deliver(timetable)

    assert arrived(redis) == list(range(600))
    assert redis.exists(SCHEDULE) == 0


def test_many_jobs_at_once_take_few_requests(timetable: Timetable, redis: Redis) -> None:
    delay(redis, *map(job, range(5000)))

    assert deliver(timetable) <= 5000 / 250 + 1
    assert arrived(redis) == list(range(5000))


def test_many_times_at_once_take_few_requests(timetable: Timetable, redis: Redis) -> None:
    for number in range(1000):
        delay(redis, job(number), epoch=NOW - 1000 + number)

    assert deliver(timetable) <= 1000 / 100 + 1
    assert arrived(redis) == list(range(1000))


@pytest.mark.parametrize(
    ("item", "exception", "payload"),
    [
        (b"not json", "InvalidPayload", {"class": "InvalidPayload", "args": ["not json"]}),
        (b"\xff\xfe", "InvalidPayload", {"class": "InvalidPayload", "args": ["\\xff\\xfe"]}),
        (b"", "InvalidPayload", {"class": "InvalidPayload", "args": [""]}),
        ({"class": "A", "args": [1]}, "InvalidPayload", {"class": "A", "args": [1]}),
        ({"class": "A", "args": [1], "queue": 5}, "InvalidPayload", {"class": "A", "args": [1], "queue": 5}),
        (job(1, "wrong"), "Undeliverable", {"class": "A", "args": [1]}),
    ],
)
def test_what_can_go_nowhere_fails_and_stops_nobody(
    timetable: Timetable, redis: Redis, item: object, exception: str, payload: object
) -> None:
    redis.set("resque:queue:wrong", "x")
    delay(redis, job(1), item, job(2), item, job(3))
    delay(redis, item, epoch=NOW - 4)
    delay(redis, job(4), epoch=NOW - 3)
    deliver(timetable)

    assert sorted(arrived(redis)) == [1, 2, 3, 4]
    assert [(entry["exception"], entry["payload"]) for entry in failures(redis)] == [(exception, payload)] * 3
    assert redis.get("resque:stat:failed") == b"3"
    assert redis.exists(SCHEDULE) == 0


def test_a_queue_that_is_none_is_tried_once_for_all_its_jobs(timetable: Timetable, redis: Redis) -> None:
    redis.set("resque:queue:wrong", "x")
    delay(redis, *(job(number, "wrong") for number in range(2000)))

    assert deliver(timetable) <= 2000 / 250 + 2
    assert len(failures(redis)) == 2000


def test_a_failure_has_the_shape_of_all_failures(timetable: Timetable, redis: Redis) -> None:
    delay(redis, b"not json")
    deliver(timetable)

    (entry,) = failures(redis)
    assert list(entry) == ["failed_at", "payload", "exception", "error", "backtrace", "worker", "queue"]
    assert (entry["worker"], entry["queue"], entry["backtrace"]) == ("vm:1:resqued-x", "delayed", [])
    assert entry["failed_at"] == "2027/01/15 08:00:00 UTC"


def test_something_that_is_no_list_is_named(timetable: Timetable, redis: Redis) -> None:
    redis.set(f"resque:delayed:{NOW}", "x")
    redis.zadd(SCHEDULE, {str(NOW): NOW})
    delay(redis, job(1), epoch=NOW - 1)
    deliver(timetable)

    (entry,) = failures(redis)
    assert entry["payload"] == {"class": "InvalidPayload", "args": [f"delayed:{NOW}"]}
    assert "a string where the jobs of that time should be" in str(entry["error"])
    assert arrived(redis) == [1]


def test_without_a_list_of_failures_it_waits_for_one_and_loses_nothing(timetable: Timetable, redis: Redis) -> None:
    redis.set("resque:failed", "x")
    delay(redis, b"bad", job(1))
    delay(redis, job(2), epoch=NOW)
    with pytest.raises(StoreUnavailable, match="resque:failed is no list"):
        deliver(timetable)

    assert arrived(redis) == [2]
    redis.delete("resque:failed")
    deliver(timetable)
    assert (arrived(redis), len(failures(redis))) == ([2, 1], 1)


def test_who_is_deposed_on_the_way_has_lost_nothing(timetable: Timetable, redis: Redis) -> None:
    delay(redis, *map(job, range(1000)))
    courier = Courier(timetable)
    for _ in range(3):
        courier.go(NOW)
    redis.set("resque:resque_scheduler_leader_lock", "another")
    with pytest.raises(Deposed):
        courier.go(NOW)

    redis.delete("resque:resque_scheduler_leader_lock")
    timetable.lead()
    deliver(timetable)
    assert arrived(redis) == list(range(1000))


def test_what_somebody_takes_meanwhile_comes_once(timetable: Timetable, redis: Redis) -> None:
    delay(redis, *map(job, range(1000)))
    courier = Courier(timetable)
    courier.go(NOW)
    for _ in range(7):
        redis.lpop(f"resque:delayed:{NOW - 5}")
    while courier.has_due:
        courier.go(NOW)

    assert arrived(redis) == list(range(7, 1000))
