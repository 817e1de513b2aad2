"""Taking jobs off queues again, looking at them, and what comes back for something that is no job."""

import json
from typing import Any

import pytest
from redis import Redis

from resqued import NotEncodable, Resque
from tests.golden import restore, seen

POISON = b'{"class":"Echo"'


class Echo:
    queue = "echo"
    resque_name = "Echo"

    @staticmethod
    def perform(*args: object) -> None: ...


def texts(redis: Redis) -> list[Any]:
    return redis.lrange("resque:queue:echo", 0, -1)


# Dequeue


def test_with_arguments_every_such_job_goes(resque: Resque) -> None:
    for argument in ("a", "b", "a"):
        resque.enqueue(Echo, argument)

    assert resque.dequeue(Echo, "a") == 2
    assert resque.peek("echo", count=9) == [{"class": "Echo", "args": ["b"]}]


def test_a_job_that_ruby_enqueued_is_found(resque: Resque, redis: Redis) -> None:
    restore(redis, seen("ruby", "after enqueue"))
    ok = type("OkJob", (), {"queue": "ok", "resque_name": "OkJob", "perform": staticmethod(print)})

    assert resque.dequeue(ok, 1, "two", {"k": None, "u": "é😀"}) == 1
    assert resque.size("ok") == 0


def test_without_arguments_every_job_of_the_class_goes(resque: Resque, redis: Redis) -> None:
    redis.rpush(
        "resque:queue:echo",
        '{"class":"Echo","args":[1]}',
        '{"class":"Other","args":[]}',
        '{ "args": [2], "x": 1, "class": "Echo" }',  # in another client's spelling
        '{"class":"Echo"}',
    )

    assert resque.dequeue(Echo) == 3
    assert texts(redis) == [b'{"class":"Other","args":[]}']


def test_what_is_no_job_is_nobodys_to_dequeue(resque: Resque, redis: Redis) -> None:
    redis.rpush("resque:queue:echo", POISON, "null", "[]", b"\xff")

    assert resque.dequeue(Echo) == 0
    assert texts(redis) == [POISON, b"null", b"[]", b"\xff"]


def test_arguments_that_cannot_be_encoded_are_on_no_queue(resque: Resque) -> None:
    with pytest.raises(NotEncodable):
        resque.dequeue(Echo, float("nan"))


def test_hooks_are_asked_and_told(resque: Resque) -> None:
    heard: list[Any] = []

    class Watched(Echo):
        resque_name = "Watched"

        @staticmethod
        def before_dequeue(*args: object) -> None:
            heard.append(("before", resque.size("echo"), *args))

        @staticmethod
        def after_dequeue(*args: object) -> None:
            heard.append(("after", resque.size("echo"), *args))

    resque.enqueue(Watched, 1)
    resque.dequeue(Watched, 1)

    assert heard == [("before", 1, 1), ("after", 0, 1)]


def test_false_from_a_hook_keeps_the_job_on_its_queue(resque: Resque) -> None:
    class Kept(Echo):
        resque_name = "Kept"

        @staticmethod
        def before_dequeue(*_args: object) -> bool:
            return False

    resque.enqueue(Kept)

    assert resque.dequeue(Kept) == 0
    assert resque.size("echo") == 1


# Pop and peek


def test_pop_takes_the_head(resque: Resque) -> None:
    resque.enqueue(Echo, 1)
    resque.enqueue(Echo, 2)

    assert resque.pop("echo") == {"class": "Echo", "args": [1]}
    assert resque.size("echo") == 1


def test_pop_of_an_empty_queue_is_none(resque: Resque) -> None:
    assert resque.pop("echo") is None


def test_pop_returns_all_of_a_job_as_others_wrote_it(resque: Resque, redis: Redis) -> None:
    restore(redis, seen("pyres", "after enqueue"))

    assert resque.pop("ok") == {
        "args": [1, "two", {"k": None, "u": "é"}],
        "class": "OkJob.OkJob",
        "enqueue_timestamp": 1795418618.869223,
    }


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (POISON, POISON.decode()),
        (b"null", "null"),
        (b'{"args":[]}', '{"args":[]}'),
        (b"\xff", "\\xff"),
        (b"", ""),
    ],
)
def test_what_is_no_job_is_not_lost_by_a_pop(resque: Resque, redis: Redis, raw: bytes, shown: str) -> None:
    redis.rpush("resque:queue:echo", raw)

    assert resque.pop("echo") == {"class": "InvalidPayload", "args": [shown]}


def test_peek_shows_jobs_as_pop_would_return_them(resque: Resque, redis: Redis) -> None:
    redis.rpush("resque:queue:echo", '{"class":"A","args":[1]}', POISON)

    assert resque.peek("echo", 0, 5) == [
        {"class": "A", "args": [1]},
        {"class": "InvalidPayload", "args": [POISON.decode()]},
    ]
    assert resque.size("echo") == 2


def test_peek_shows_one_job_unless_asked_for_more(resque: Resque) -> None:
    resque.enqueue(Echo, 1)
    resque.enqueue(Echo, 2)

    assert resque.peek("echo") == [{"class": "Echo", "args": [1]}]
    assert resque.peek("echo", 1) == [{"class": "Echo", "args": [2]}]


def test_numbers_come_back_exactly(resque: Resque, redis: Redis) -> None:
    text = json.dumps({"class": "Echo", "args": [2**63, -(2**63), 0.1, 12345678901234567890]})
    redis.rpush("resque:queue:echo", text)
    job = resque.pop("echo")

    assert job is not None
    assert job["args"] == [2**63, -(2**63), 0.1, 12345678901234567890]
