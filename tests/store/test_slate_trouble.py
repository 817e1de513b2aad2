"""What Redis can do to a worker, short of going away: no job is lost, and nothing raises but StoreUnavailable."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from redis import Redis

from resqued.errors import StoreUnavailable
from resqued.protocol.moves import Settled
from resqued.store.slate import Nothing, Slate, Taken
from resqued.verdict import DONE, REQUEUED, Verdict
from resqued.work import Work
from tests.store.slates import (
    FAILED,
    QUEUES,
    SHOWN,
    SLATE,
    WORKER,
    counted,
    job,
    push,
    slate_at,
    taken,
    waiting,
)
from tests.support import redis_server
from tests.support.proxy import Proxy

VERDICTS = pytest.mark.parametrize("verdict", [DONE, FAILED, REQUEUED], ids=lambda verdict: verdict.outcome.value)
KEYS = {
    "resque:queues": "string",
    "resque:queue:mail": "string",
    "resque:queue:low": "hash",
    "resque:failed": "set",
    "resque:pause-all-workers": "list",
    "resque:workers": "string",
    "resque:workers:heartbeat": "set",
    "resque:stat:processed": "hash",
    f"resque:stat:processed:{WORKER}": "word",
    "resque:stat:failed": "list",
    f"resque:stat:failed:{WORKER}": "word",
    "resqued:resque:workers": "list",
    "resqued:resque:paused": "list",
    SHOWN: "list",
    f"{SHOWN}:started": "hash",
    SLATE: "string",
}
EVERY_KEY = pytest.mark.parametrize("key", KEYS)


@contextmanager
def broken(redis: Redis, key: str) -> Iterator[None]:
    """Something is at `key` that nobody could have put there; what was there is back afterwards."""
    if redis.exists(key):
        redis.rename(key, "aside")
    match KEYS[key]:
        case "string" | "word":
            redis.set(key, "word")
        case "list":
            redis.rpush(key, "x")
        case "set":
            redis.sadd(key, "x")
        case "hash":
            redis.hset(key, "x", "y")
    yield
    redis.delete(key)
    if redis.exists("aside"):
        redis.rename("aside", key)


def places(redis: Redis, payload: bytes) -> list[str]:
    """Where a job is: on its queue, on the slate, among the failures."""
    found = ["queue"] * waiting(redis).count(payload)
    found += ["slate"] if redis.hget(SLATE, "payload") == payload else []
    return found + ["failed" for entry in redis.lrange("resque:failed", 0, -1) if payload in entry]


def tried(call: Callable[[], object]) -> bool:
    """Whether `call` succeeded. It may find that Redis is unavailable, and nothing else."""
    with suppress(StoreUnavailable):
        call()
        return True
    return False


# Keys that are something else than they should be


@EVERY_KEY
def test_a_job_is_not_lost_when_it_is_reserved_and_a_key_is_broken(slate: Slate, redis: Redis, key: str) -> None:
    push(redis, job())
    with broken(redis, key):
        tried(lambda: slate.reserve(QUEUES))

    assert taken(slate).payload == job()
    assert places(redis, job()) == ["slate"]


@EVERY_KEY
@VERDICTS
def test_a_job_is_not_lost_when_it_is_settled_and_a_key_is_broken(
    slate: Slate, redis: Redis, key: str, verdict: Verdict
) -> None:
    push(redis, job())
    work = taken(slate)
    with broken(redis, key):
        tried(lambda: slate.settle(work, verdict, QUEUES[1:]))

    assert slate.settle(work, verdict, QUEUES[1:])[0] in (Settled.NOW, Settled.ALREADY)
    assert places(redis, job()) == {DONE: [], FAILED: ["failed"], REQUEUED: ["queue"]}[verdict]


@EVERY_KEY
@pytest.mark.parametrize("write", [Slate.register, Slate.beat, Slate.unregister, Slate.existing_queues])
def test_nobody_falls_over_a_broken_key(slate: Slate, redis: Redis, key: str, write: Callable[[Slate], object]) -> None:
    slate.register()
    with broken(redis, key):
        tried(lambda: write(slate))

    assert tried(lambda: write(slate))


def test_jobs_of_other_queues_go_on_where_a_queue_is_no_list(slate: Slate, redis: Redis) -> None:
    redis.set("resque:queue:mail", "no list")
    push(redis, job(), queue="low")

    assert taken(slate).queue == "low"


def test_a_pause_that_is_no_text_pauses_nobody(slate: Slate, redis: Redis) -> None:
    redis.rpush("resque:pause-all-workers", "true")
    push(redis, job())

    assert taken(slate).payload == job()


@pytest.mark.parametrize("counter", ["processed", f"processed:{WORKER}", "failed", f"failed:{WORKER}"])
def test_a_counter_that_is_no_number_stops_no_job(slate: Slate, redis: Redis, counter: str) -> None:
    redis.set(f"resque:stat:{counter}", "many")
    push(redis, job())

    assert slate.settle(taken(slate), FAILED, QUEUES) == (Settled.NOW, Nothing.EMPTY)
    assert places(redis, job()) == ["failed"]
    assert redis.get(f"resque:stat:{counter}") == b"many"


# Answers that do not arrive


@pytest.fixture(name="deaf")
def slate_that_will_miss_an_answer(proxy: Proxy) -> Iterator[Slate]:
    with slate_at(proxy.url) as slate:
        slate.settle(Work(0, "mail", b""), DONE, ())
        slate.reserve(())  # the server knows the scripts now
        yield slate


def test_a_reserve_whose_answer_was_lost_is_repeated_without_harm(deaf: Slate, redis: Redis, proxy: Proxy) -> None:
    push(redis, job("Same"), job("Same"))
    proxy.lose_replies(of="EVALSHA")
    with pytest.raises(StoreUnavailable):
        deaf.reserve(QUEUES)

    assert deaf.reserve(QUEUES) == Work(1, "mail", job("Same"))
    assert (waiting(redis), counted(redis)) == ([job("Same")], (1, 1))


@VERDICTS
def test_a_settle_whose_answer_was_lost_is_repeated_without_harm(
    deaf: Slate, redis: Redis, proxy: Proxy, verdict: Verdict
) -> None:
    push(redis, job("Same"), job("Same"))
    work = taken(deaf)
    proxy.lose_replies(of="EVALSHA")
    with pytest.raises(StoreUnavailable):
        deaf.settle(work, verdict, QUEUES)

    assert deaf.settle(work, verdict, QUEUES) == (Settled.ALREADY, Work(2, "mail", job("Same")))
    assert redis.llen("resque:failed") == (verdict is FAILED)


# A server that has forgotten, or is full


def test_a_server_that_has_forgotten_its_scripts_is_told_them_again(slate: Slate, redis: Redis) -> None:
    push(redis, job(), job())
    work: Taken = taken(slate)
    for _ in range(2):
        redis.script_flush()
        assert isinstance(work, Work)
        _, work = slate.settle(work, DONE, QUEUES)

    assert (work, counted(redis)) == (Nothing.EMPTY, (2, 2))


@pytest.fixture(name="full", scope="module")
def server_of_our_own() -> Iterator[redis_server.RedisServer]:
    with redis_server.running() as server:
        yield server


@pytest.fixture(name="limited")
def client_that_may_limit_its_server(full: redis_server.RedisServer) -> Iterator[Redis]:
    with full.client() as client:
        client.config_set("maxmemory", 0)
        client.flushall()
        yield client


@pytest.fixture(name="cramped")
def slate_on_a_server_that_gets_full(full: redis_server.RedisServer, limited: Redis) -> Iterator[Slate]:
    with slate_at(full.url) as slate:
        yield slate


def test_a_full_server_keeps_the_job_on_its_queue(cramped: Slate, limited: Redis) -> None:
    push(limited, job())
    limited.config_set("maxmemory", 1)
    with pytest.raises(StoreUnavailable, match="OOM"):
        cramped.reserve(QUEUES)

    assert (places(limited, job()), counted(limited)) == (["queue"], (0, 0))


@pytest.mark.parametrize("verdict", [FAILED, REQUEUED], ids=lambda verdict: verdict.outcome.value)
def test_a_full_server_keeps_the_job_on_its_slate(cramped: Slate, limited: Redis, verdict: Verdict) -> None:
    push(limited, job())
    work = taken(cramped)
    limited.config_set("maxmemory", 1)
    with pytest.raises(StoreUnavailable, match="OOM"):
        cramped.settle(work, verdict, ())
    assert places(limited, job()) == ["slate"]
    limited.config_set("maxmemory", 0)

    assert cramped.settle(work, verdict, ())[0] is Settled.NOW


def test_a_full_server_takes_back_what_needs_no_room(cramped: Slate, limited: Redis) -> None:
    cramped.register()
    push(limited, job())
    work = taken(cramped)
    limited.config_set("maxmemory", 1)

    assert cramped.settle(work, DONE, ()) == (Settled.NOW, Nothing.EMPTY)
    assert cramped.unregister() is True
