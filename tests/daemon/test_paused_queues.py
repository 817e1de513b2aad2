"""A queue that is paused for the whole fleet, and the workers that serve it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.support import proxy as proxies
from tests.support.daemon import Daemons, daemons, popped, push
from tests.support.proxy import Proxy
from tests.support.redis_server import RedisServer
from tests.support.waiting import eventually

PAUSED = "resqued:resque:paused"


@pytest.fixture
def proxy(redis_server: RedisServer) -> Iterator[Proxy]:
    with proxies.before(redis_server.port) as between:
        yield between


@pytest.fixture(name="fleet")
def fleet_behind_a_proxy(tmp_path: Path, redis: Redis, proxy: Proxy) -> Iterator[Daemons]:
    with daemons(tmp_path, redis, proxy.url) as fleet:
        yield fleet


@pytest.mark.parametrize("workers", [1, 3])
def test_jobs_on_a_paused_queue_wake_nobody_twice(fleet: Daemons, redis: Redis, proxy: Proxy, workers: int) -> None:
    """Requests, not time: while the test asks Redis a thousand times, the workers do not ask at all."""
    fleet.start(workers=workers, queues='["held", "work"]', pool="interval = 3600").wait_for_workers(workers)
    redis.hset(PAUSED, "held", "since")
    push(redis, "Say", "not yet", queue="held")
    for number in range(workers):  # each learns that the queue is held when it looks, which work makes it do
        push(redis, "Say", f"here {number}")
        assert popped(redis, "test:said") == f"here {number}"
    eventually(lambda: asks_nothing(redis, proxy), within=15)

    assert redis.llen("resque:queue:held") == 1
    push(redis, "Say", "still here")
    assert popped(redis, "test:said") == "still here"


def asks_nothing(redis: Redis, proxy: Proxy) -> bool:
    before = proxy.seen
    for _ in range(1000):
        redis.ping()
    return proxy.seen == before


def test_a_queue_that_is_resumed_is_noticed_after_an_interval(fleet: Daemons, redis: Redis) -> None:
    redis.hset(PAUSED, "work", "since")
    push(redis, "Say", "at last")
    fleet.start(workers=2, pool="interval = 0.2").wait_for_workers(2)
    eventually(lambda: redis.info("commandstats")["cmdstat_hexists"]["calls"] > 8)
    assert redis.llen("resque:queue:work") == 1
    redis.hdel(PAUSED, "work")

    assert popped(redis, "test:said") == "at last"


def test_where_no_queue_is_paused_a_job_costs_one_request(fleet: Daemons, redis: Redis, proxy: Proxy) -> None:
    redis.hset(PAUSED, "other", "since")
    fleet.start(workers=1, pool="interval = 3600\nstandby = false").wait_for_workers(1)
    eventually(lambda: proxy.seen["BLMOVE"] == 1)
    before = proxy.seen
    with redis.pipeline(transaction=True) as pipeline:
        pipeline.sadd("resque:queues", "work")
        for number in range(20):
            pipeline.rpush("resque:queue:work", f'{{"class":"Say","args":[{number}]}}')
        pipeline.execute()

    assert [popped(redis, "test:said") for _ in range(20)] == [str(number) for number in range(20)]
    eventually(lambda: proxy.seen["BLMOVE"] == 2)
    assert (proxy.seen - before)["EVALSHA"] == 21  # one to begin with
