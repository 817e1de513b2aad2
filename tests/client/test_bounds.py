"""Queues that must not get longer than they may: refuse, drop the oldest, wait."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from redis import Redis

from resqued import Bound, QueueFull, Resque
from resqued.bounds import Bounds
from resqued.store.slate import Slate
from resqued.verdict import DONE
from tests.store.slates import slate_at, taken
from tests.support.waiting import eventually

SOMEBODY_WAITS = 1


class Echo:
    queue = "mail"
    refused: list[int]

    @classmethod
    def after_enqueue(cls, number: int) -> None:
        cls.refused.append(number)

    @staticmethod
    def perform(number: int) -> None: ...


@contextmanager
def client(url: str, **bounds: Bound) -> Iterator[Resque]:
    with Resque(url, bounds=bounds) as resque:
        yield resque


def queued(redis: Redis, queue: str = "mail") -> list[int]:
    return [json.loads(text)["args"][0] for text in redis.lrange(f"resque:queue:{queue}", 0, -1)]


def fill(resque: Resque, *numbers: int) -> None:
    for number in numbers:
        resque.enqueue_to("mail", "Echo", number)


def test_a_job_for_which_there_is_no_room_is_refused(redis: Redis, redis_url: str) -> None:
    with client(redis_url, mail=Bound(2)) as resque:
        fill(resque, 1, 2)
        with pytest.raises(QueueFull, match="queue 'mail' is full: it has 2 jobs and may have 2; try again later"):
            fill(resque, 3)

    assert queued(redis) == [1, 2]


def test_a_refused_job_has_no_hooks_after_it(redis: Redis, redis_url: str) -> None:
    Echo.refused = []
    with client(redis_url, mail=Bound(1)) as resque:
        resque.enqueue(Echo, 1)
        with pytest.raises(QueueFull):
            resque.enqueue(Echo, 2)

    assert Echo.refused == [1]


def test_many_who_push_at_once_do_not_get_past_it(redis: Redis, redis_url: str) -> None:
    def push(number: int) -> bool:
        try:
            fill(resque, number)
        except QueueFull:
            return False
        return True

    with client(redis_url, mail=Bound(10)) as resque, ThreadPoolExecutor(8) as threads:
        came_through = list(threads.map(push, range(50)))

    assert sum(came_through) == 10
    assert sorted(queued(redis)) == [number for number, came in enumerate(came_through) if came]


def test_a_job_that_waits_aside_has_its_place_on_the_queue(redis: Redis, redis_url: str) -> None:
    redis.hset("resqued:resque:aside", "mail", 1)
    with client(redis_url, mail=Bound(2)) as resque:
        fill(resque, 1)
        with pytest.raises(QueueFull, match="it has 2 jobs"):
            fill(resque, 2)


def test_a_queue_without_a_bound_is_pushed_to_as_ever(redis: Redis, redis_url: str) -> None:
    with client(redis_url, other=Bound(1)) as resque:
        fill(resque, 1, 2)

    assert queued(redis) == [1, 2]
    assert redis.keys("resqued:*") == []


def test_what_is_no_queue_is_refused_by_name(redis: Redis, redis_url: str) -> None:
    redis.set("resque:queue:mail", "no list")
    with client(redis_url, mail=Bound(1)) as resque, pytest.raises(Exception, match="resque:queue:mail is not what"):
        fill(resque, 1)


@pytest.mark.parametrize(
    ("queue", "most"), [("mail", 1), ("api-eu", 2), ("api-us", 2), ("other", 3), (".hidden", 3), ("mails", 3)]
)
def test_a_name_counts_before_a_glob_and_the_first_glob_before_others(queue: str, most: int) -> None:
    bounds = Bounds({"api-*": Bound(2), "*": Bound(3), "mail": Bound(1)})

    assert bounds.of(queue) == Bound(most)


@pytest.mark.parametrize(
    ("stated", "complaint"),
    [
        ({"most": 0}, "most: expected a number of jobs ≥ 1, got 0"),
        ({"most": True}, "most: expected a number of jobs ≥ 1, got True"),
        ({"most": 1, "when_full": "wait"}, "when_full: expected one of refuse, drop-oldest, block, got 'wait'"),
        ({"most": 1, "patience": -1}, "patience: expected a number of seconds ≥ 0, got -1"),
        ({"most": 1, "patience": float("nan")}, "patience: expected a number of seconds ≥ 0, got nan"),
    ],
)
def test_a_bound_that_means_nothing_is_refused(stated: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Bound(**stated)  # type: ignore[arg-type]  # that is the point


# Drop the oldest


def test_the_oldest_makes_room_and_is_recorded_as_failed(redis: Redis, redis_url: str) -> None:
    with client(redis_url, mail=Bound(2, "drop-oldest")) as resque:
        fill(resque, 1, 2, 3, 4)

    assert queued(redis) == [3, 4]
    entries = [json.loads(text) for text in redis.lrange("resque:failed", 0, -1)]
    assert [entry["payload"] for entry in entries] == [{"class": "Echo", "args": [number]} for number in (1, 2)]
    assert [*entries[0]] == ["failed_at", "payload", "exception", "error", "backtrace", "worker", "queue", "wrapped"]
    assert {entry["exception"] for entry in entries} == {"JobDropped"}
    assert entries[0]["error"] == "dropped to make room: there were 2 jobs on its queue, the most that may be there"
    assert entries[0]["worker"].endswith(":mail")


def test_what_is_dropped_is_counted(redis: Redis, redis_url: str) -> None:
    with client(redis_url, mail=Bound(1, "drop-oldest")) as resque:
        fill(resque, 1, 2, 3)

    assert redis.get("resque:stat:failed") == b"2"
    assert redis.hgetall("resqued:resque:dropped") == {b"mail": b"2"}


def test_a_queue_that_is_far_too_long_already_is_cut_to_its_bound(redis: Redis, redis_url: str) -> None:
    with client(redis_url) as resque:
        fill(resque, *range(1, 8))
    with client(redis_url, mail=Bound(3, "drop-oldest")) as resque:
        fill(resque, 8)

    assert queued(redis) == [6, 7, 8]


def test_a_payload_that_would_harm_peers_is_dropped_wrapped(redis: Redis, redis_url: str) -> None:
    redis.rpush("resque:queue:mail", b"\xff no job")
    with client(redis_url, mail=Bound(1, "drop-oldest")) as resque:
        fill(resque, 1)

    [entry] = redis.lrange("resque:failed", 0, -1)
    assert json.loads(entry)["payload"] == {"class": "InvalidPayload", "args": ["\\xff no job"]}


# Wait


@pytest.fixture(name="slate")
def worker_of_mail(redis_url: str) -> Iterator[Slate]:
    with slate_at(redis_url) as slate:
        yield slate


def test_a_job_waits_until_a_worker_takes_one(redis: Redis, redis_url: str, slate: Slate) -> None:
    with client(redis_url, mail=Bound(1, "block", patience=50)) as resque, ThreadPoolExecutor(1) as thread:
        fill(resque, 1)
        waiting = thread.submit(fill, resque, 2)
        eventually(lambda: redis.zcard("resqued:resque:room") == SOMEBODY_WAITS)
        eventually(lambda: redis.info("clients")["blocked_clients"] == SOMEBODY_WAITS)
        taken(slate)
        waiting.result(5)

    assert queued(redis) == [2]


def test_each_that_waits_gets_its_turn(redis: Redis, redis_url: str, slate: Slate) -> None:
    with client(redis_url, mail=Bound(1, "block", patience=50)) as resque, ThreadPoolExecutor(3) as threads:
        fill(resque, 0)
        waiting = [threads.submit(fill, resque, number) for number in (1, 2, 3)]
        eventually(lambda: redis.info("clients")["blocked_clients"] == 3)
        for _ in range(3):
            work = taken(slate)
            slate.settle(work, DONE, ())
            eventually(lambda: redis.llen("resque:queue:mail") == 1)
        for one in waiting:
            one.result(5)

    assert redis.get("resque:stat:processed") == b"3"
    assert redis.llen("resque:queue:mail") == 1


def test_who_has_waited_for_so_long_is_refused(redis: Redis, redis_url: str) -> None:
    with client(redis_url, mail=Bound(1, "block", patience=0.05)) as resque:
        fill(resque, 1)
        with pytest.raises(QueueFull):
            fill(resque, 2)

    assert queued(redis) == [1]


def test_room_that_others_make_is_found_too(redis: Redis, redis_url: str) -> None:
    with client(redis_url, mail=Bound(1, "block", patience=50)) as resque, ThreadPoolExecutor(1) as thread:
        fill(resque, 1)
        waiting = thread.submit(fill, resque, 2)
        eventually(lambda: redis.info("clients")["blocked_clients"] == SOMEBODY_WAITS)
        redis.lpop("resque:queue:mail")  # as a worker of Ruby's does, who tells nobody
        waiting.result(10)

    assert queued(redis) == [2]


def test_nobody_is_told_when_nobody_waits_any_more(redis: Redis, redis_url: str, slate: Slate) -> None:
    with client(redis_url) as resque:
        fill(resque, 1)
    redis.zadd("resqued:resque:room", {"mail": 1})
    taken(slate)

    assert redis.keys("resqued:resque:room*") == []


@pytest.mark.parametrize(
    ("stated", "said"),
    [({"mail": 5}, "expected a Bound for 'mail', got 5: write Bound"), (5, "expected a mapping such as .*, got 5")],
)
def test_what_is_no_bound_is_refused(stated: Any, said: str) -> None:
    with pytest.raises(TypeError, match=f"bounds: {said}"):
        Resque(bounds=stated)
