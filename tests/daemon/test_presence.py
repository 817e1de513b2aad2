"""What a worker costs Redis while it idles, and that it beats while a job runs."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from resqued import duty
from resqued.api import Resque
from tests.support import proxy as proxies
from tests.support.daemon import Daemons, daemons, popped, push, resque_keys
from tests.support.proxy import Proxy
from tests.support.redis_server import RedisServer
from tests.support.waiting import eventually

HEARTBEATS = "resque:workers:heartbeat"


@pytest.fixture
def proxy(redis_server: RedisServer) -> Iterator[Proxy]:
    with proxies.before(redis_server.port) as between:
        yield between


def test_of_idle_workers_one_waits_for_redis_and_the_others_for_it(tmp_path: Path, redis: Redis, proxy: Proxy) -> None:
    """Requests, not time: each worker looks once, and one blocks. With an interval of an hour nothing more is sent."""
    with daemons(tmp_path, redis, proxy.url) as fleet:
        master = fleet.start(workers=8, pool="interval = 3600")
        master.wait_for_workers(8)
        eventually(lambda: proxy.seen["BLMOVE"] == 1)
        eventually(lambda: proxy.seen["EVALSHA"] >= 16)
        before = proxy.seen
        push(redis, "Say", "here")

        assert popped(redis, "test:said") == "here"
        eventually(lambda: proxy.seen["BLMOVE"] >= 2)
        sent = proxy.seen - before
        assert sent["EVALSHA"] <= 5  # whoever is woken reserves, and settles: at most two of eight
        assert sent["BLMOVE"] <= 3


def test_an_idle_worker_looks_again_after_each_interval(tmp_path: Path, redis: Redis, proxy: Proxy) -> None:
    with daemons(tmp_path, redis, proxy.url) as fleet:
        fleet.start(workers=1, pool="interval = 0.1")
        eventually(lambda: proxy.seen["EVALSHA"] >= 8)


class Meeting:
    """Lasts until it is told to go on."""

    queue = "work"

    @staticmethod
    def perform(url: str) -> None:
        with Redis.from_url(url) as there:
            there.rpush("test:met", os.getpid())
            there.blpop(["test:go"], timeout=20)


def test_a_lone_worker_beats_while_its_job_runs_and_leaves_nothing(
    redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duty, "BEAT_EVERY", 0.2)
    worker = Resque(redis_url).worker(Meeting)
    worker.add_queue("work")
    Resque(redis_url).enqueue_to(
        "work", "Meeting" if Meeting.__module__ == "__main__" else f"{__name__}.Meeting", redis_url
    )
    pid = os.fork()
    if pid == 0:
        try:
            worker.work()
        finally:
            os._exit(0)
    popped(redis, "test:met")
    (first,) = redis.hgetall(HEARTBEATS).values()

    eventually(lambda: list(redis.hgetall(HEARTBEATS).values()) != [first])
    os.kill(pid, 15)
    redis.rpush("test:go", "on")
    _, status = os.waitpid(pid, 0)
    assert status == 0
    assert not [key for key in resque_keys(redis) if "worker" in key or ":slate:" in key]


def test_a_heartbeat_is_the_servers_time(daemons: Daemons, redis: Redis) -> None:
    (worker,) = daemons.start().wait_for_workers(1)
    seconds, _ = redis.time()

    beat = redis.hget(HEARTBEATS, worker)
    assert beat in {time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds - late)).encode() for late in range(10)}
