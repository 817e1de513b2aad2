"""Striking off a worker of another implementation: `strike.lua`."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from redis import Redis

from resqued import address
from resqued.protocol.keys import Keys
from resqued.store.pruning import Pruned
from resqued.store.strangers import Stranger, Strangers
from resqued.wire import pooled

WORKER = b"web9:1:ruby"
BEAT = "2026-11-23T07:00:00Z"
RECORD = '{"queue":"ruby","payload":{"class":"J","args":[]}}'


@pytest.fixture(name="strangers")
def strangers_in_a_redis(redis_url: str, redis: Redis) -> Iterator[Strangers]:
    redis.sadd("resque:workers", WORKER)
    redis.hset("resque:workers:heartbeat", WORKER, BEAT)
    redis.set(b"resque:worker:" + WORKER, RECORD)
    with closing(pooled.connect(address.parse(redis_url))) as wire:
        yield Strangers(wire, Keys())


def found(strangers: Strangers) -> Stranger:
    stranger = strangers.find(WORKER)
    assert stranger is not None
    return stranger


def test_its_job_fails_once(strangers: Strangers, redis: Redis) -> None:
    stranger = found(strangers)

    assert [strangers.strike(stranger), strangers.strike(stranger)] == [Pruned.FAILED, Pruned.CHANGED]
    assert redis.llen("resque:failed") == 1


def test_an_idle_one_is_only_struck_off(strangers: Strangers, redis: Redis) -> None:
    redis.delete(b"resque:worker:" + WORKER)

    assert strangers.strike(found(strangers)) is Pruned.NONE
    assert redis.keys() == []


def test_who_beats_meanwhile_is_left(strangers: Strangers, redis: Redis) -> None:
    stranger = found(strangers)
    redis.hset("resque:workers:heartbeat", WORKER, "2026-11-23T07:01:00Z")

    assert strangers.strike(stranger) is Pruned.CHANGED
    assert redis.smembers("resque:workers") == {WORKER}


def test_who_takes_another_job_meanwhile_is_left(strangers: Strangers, redis: Redis) -> None:
    stranger = found(strangers)
    redis.set(b"resque:worker:" + WORKER, RECORD.replace("J", "K"))

    assert strangers.strike(stranger) is Pruned.CHANGED
    assert redis.llen("resque:failed") == 0


def test_one_of_ours_is_no_stranger(strangers: Strangers, redis: Redis) -> None:
    stranger = found(strangers)
    redis.hset("resqued:resque:workers", WORKER, "whatever it says")

    assert strangers.find(WORKER) is None
    assert strangers.strike(stranger) is Pruned.CHANGED
