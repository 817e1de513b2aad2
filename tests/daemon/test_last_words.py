"""What a worker leaves for others to settle when Redis is away, and stays away until it has gone."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.support.daemon import Daemons, daemons, failures, popped, push, resque_keys
from tests.support.proxy import Proxy
from tests.support.waiting import eventually

IMPATIENT = "[shutdown]\nredis_timeout = 0.2"


@pytest.fixture(name="daemons")
def daemons_behind_a_proxy(tmp_path: Path, redis: Redis, proxy: Proxy) -> Iterator[Daemons]:
    with daemons(tmp_path, redis, proxy.url) as started:
        yield started


@pytest.mark.parametrize("worker_lost", ["fail", "requeue"])
def test_a_job_that_was_taken_by_a_call_whose_answer_never_came_has_not_begun(
    daemons: Daemons, redis: Redis, proxy: Proxy, worker_lost: str
) -> None:
    """Only the worker knows, for whoever finds it on the slate sees a job that is under way."""
    file = daemons.configured(pool=f'interval = 60\nstandby = false\nworker_lost = "{worker_lost}"', more=IMPATIENT)
    first = daemons.start(file)
    first.wait_for_workers(1)
    eventually(lambda: redis.info("clients")["blocked_clients"] == 1)
    proxy.lose_replies(of="EVALSHA", how="silence")
    push(redis, "Say", "begun")
    eventually(lambda: [key for key in resque_keys(redis) if ":slate:" in key])
    proxy.go_away()
    assert first.stop() == 0
    assert first.logged("worker.still_registered")
    assert not redis.exists("test:said")
    proxy.come_back()
    second = daemons.start(file)

    assert popped(redis, "test:said") == "begun"
    eventually(lambda: [line["job_is"] for line in second.logged("worker.pruned")] == ["requeued"])
    assert not failures(redis)
    assert second.stop() == 0
    assert redis.get("resque:stat:processed") == b"1"
    assert not [key for key in resque_keys(redis) if ":lost:" in key]


def test_a_stop_ends_although_the_pruner_that_it_needs_does_not_find_redis(
    daemons: Daemons, redis: Redis, proxy: Proxy
) -> None:
    """What is left is settled at the next start."""
    file = daemons.configured(more=IMPATIENT)
    first = daemons.start(file)
    (name,) = first.wait_for_workers(1)
    (worker,) = first.workers()
    worker.suspend()
    first.send(signal.SIGTERM)
    eventually(lambda: first.logged("master.stopping"))
    proxy.go_away()
    worker.kill()
    assert first.wait() == 0
    assert redis.sismember("resque:workers", name)
    proxy.come_back()
    second = daemons.start(file)

    eventually(lambda: not redis.sismember("resque:workers", name))
    assert second.stop() == 0
