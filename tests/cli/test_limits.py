"""`resquectl limits`, and what `resquectl queues` says of limits."""

import json
import time

import pytest
from redis import Redis

from tests.cli.asking import Ask, lines

LIMITS = "resqued:resque:limits"
ANN = 'Send["ann"]'


@pytest.fixture(autouse=True)
def _somebody_waits(redis: Redis) -> None:
    redis.hset(LIMITS, ANN, 2)
    redis.hset(f"{LIMITS}:held:{ANN}", "vm:1:mail", 7)
    redis.rpush(f"{LIMITS}:called:{ANN}", '1790000000 4:mail{"class":"Send","args":[1]}')
    redis.rpush(f"{LIMITS}:aside:{ANN}", '4:mail{"class":"Send","args":[2]}', '3:low{"class":"Send","args":[3]}')
    redis.hset("resqued:resque:aside", mapping={"mail": 1, "low": 1})
    redis.sadd("resque:queues", "mail", "low")
    redis.sadd("resque:workers", "vm:1:*")


def test_limits_are_listed_with_who_runs_and_who_waits(ctl: Ask) -> None:
    answer = ctl("limits", "list")

    assert lines(answer.out) == [["LIMIT", "MAY", "RUN", "CALLED", "ASIDE"], [ANN, "2", "1", "1", "2"]]


def test_a_program_gets_the_same(ctl: Ask) -> None:
    answer = ctl("--json", "limits", "list")

    assert json.loads(answer.out) == [{"limit": ANN, "may": 2, "running": 1, "called": 1, "aside": 2}]


def test_a_hostile_name_commands_no_terminal(ctl: Ask, redis: Redis) -> None:
    redis.hset(LIMITS, "evil\x1b[2J", 1)

    assert "\x1b" not in ctl("limits", "list").out


def test_who_waits_can_be_put_back(ctl: Ask, redis: Redis) -> None:
    assert ctl("limits", "release", ANN) == (0, "put 2 jobs back\n", "")
    assert redis.lrange("resque:queue:mail", 0, -1) == [b'{"class":"Send","args":[2]}']
    assert redis.lrange("resque:queue:low", 0, -1) == [b'{"class":"Send","args":[3]}']
    assert redis.exists("resqued:resque:aside") == 0


def test_where_nobody_waits_there_is_nothing_to_put_back(ctl: Ask) -> None:
    answer = ctl("limits", "release", "Nobody")

    assert answer.status == 1
    assert answer.err == "resquectl: no job waits under Nobody; `resquectl limits list` shows where some do\n"


def test_queues_say_how_many_wait_aside(ctl: Ask) -> None:
    assert "1 more wait aside" in ctl("queues", "mail").out
    assert json.loads(ctl("--json", "queues", "mail").out)[0]["aside"] == 1


def test_queues_say_how_many_were_dropped(ctl: Ask, redis: Redis) -> None:
    redis.hset("resqued:resque:dropped", "mail", 12)

    assert "12 were dropped" in ctl("queues", "mail").out


def test_queues_say_that_their_rate_is_reached(ctl: Ask, redis: Redis) -> None:
    redis.hset("resqued:resque:slowed", mapping={"mail": int(time.time()) + 500, "low": int(time.time()) - 500})

    assert "its rate is reached for 8m" in ctl("queues", "mail").out
    assert "rate" not in ctl("queues", "low").out
