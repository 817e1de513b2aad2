"""Jobs that take turns, and queues that give so many jobs in a time, with workers and masters that are real."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from redis import Redis

from resqued import Resque
from resqued.store.batches import Progress
from tests.support import proxy as proxies
from tests.support.daemon import Daemon, Daemons, daemons, failures, popped, push, resque_keys, text_of
from tests.support.proxy import Proxy
from tests.support.redis_server import RedisServer
from tests.support.waiting import eventually


class Add:
    """As a client knows a job of `tests/apps/turned.py`."""

    queue, resque_name, keep_result = "work", "Add", 60


class Odd(Add):
    resque_name = "Odd"


class Total(Add):
    resque_name = "Total"


@pytest.fixture
def proxy(redis_server: RedisServer) -> Iterator[Proxy]:
    with proxies.before(redis_server.port) as between:
        yield between


@pytest.fixture(name="fleet")
def three_workers(daemons: Daemons) -> Daemon:
    file = daemons.configured(workers=3, pool="interval = 3600", more="[log]\nlevel = 'debug'")
    return started(daemons, file, 3)


def started(daemons: Daemons, file: Path, workers: int) -> Daemon:
    file.write_text(file.read_text().replace('modules = ["tracked"]', 'modules = ["turned"]'))
    daemon = daemons.start(file)
    daemon.wait_for_workers(workers)
    return daemon


def go(redis: Redis, who: str) -> None:
    redis.rpush(f"test:go:{who}", 1)


def aside(redis: Redis) -> int:
    return int(redis.hget("resqued:resque:aside", "work") or 0)


def test_jobs_of_one_customer_take_turns_and_those_of_others_go_on(fleet: Daemon, redis: Redis) -> None:
    push(redis, "Send", "ann", 0)
    assert popped(redis, "test:met") == "ann0"
    push(redis, "Send", "ann", 1)
    eventually(lambda: aside(redis) == 1)  # for of two that two workers take nobody knows which comes first
    push(redis, "Send", "ann", 2)
    eventually(lambda: aside(redis) == 2)
    push(redis, "Send", "bob", 0)
    push(redis, "Say", "hello")

    assert popped(redis, "test:met") == "bob0"
    assert popped(redis, "test:said") == "hello"
    assert redis.llen("resque:queue:work") == 0
    go(redis, "ann0")
    assert popped(redis, "test:met") == "ann1"
    go(redis, "ann1")
    assert popped(redis, "test:met") == "ann2"
    go(redis, "ann2")
    go(redis, "bob0")
    eventually(lambda: not [key for key in resque_keys(redis) if ":limits" in key or ":aside" in key])
    eventually(lambda: len(fleet.logged("job.done")) == 5)
    assert redis.get("resque:stat:processed") == b"5"


def test_a_worker_that_is_killed_gives_its_turn_to_the_next(fleet: Daemon, redis: Redis) -> None:
    push(redis, "Send", "ann", 0)
    assert popped(redis, "test:met") == "ann0"
    push(redis, "Send", "ann", 1)
    eventually(lambda: aside(redis) == 1)
    [holder] = redis.hkeys('resqued:resque:limits:held:turned.Send["ann"]')
    psutil.Process(int(text_of(holder).split(":")[1])).kill()

    assert popped(redis, "test:met") == "ann1"
    assert [entry["payload"]["args"] for entry in failures(redis)] == [["ann", 0]]
    go(redis, "ann1")
    eventually(lambda: len(fleet.logged("job.done")) == 1)


def test_a_job_that_a_stop_interrupts_keeps_its_turn_for_the_next_start(
    daemons: Daemons, fleet: Daemon, redis: Redis
) -> None:
    push(redis, "Send", "ann", 0)
    assert popped(redis, "test:met") == "ann0"
    push(redis, "Send", "ann", 1)
    eventually(lambda: aside(redis) == 1)
    fleet.send(2)
    assert fleet.wait() == 0
    started(daemons, daemons.configured(workers=2), 2)

    assert popped(redis, "test:met") == "ann0"
    go(redis, "ann0")
    assert popped(redis, "test:met") == "ann1"
    go(redis, "ann1")
    eventually(lambda: redis.exists("resqued:resque:limits") == 0)


def test_where_no_worker_knows_a_job_before_its_process_a_limit_is_a_mistake(daemons: Daemons, redis: Redis) -> None:
    file = daemons.configured(jobs='preload = "job"')
    file.write_text(file.read_text().replace('modules = ["tracked"]', 'modules = ["turned"]'))
    command = [sys.executable, "-m", "resqued", "-t", "-c", str(file)]
    environment = {**os.environ, "TEST_REDIS_URL": daemons.url}
    checked = subprocess.run(command, env=environment, capture_output=True, check=False)
    daemon = daemons.start(file)
    push(redis, "Send", "ann", 0)

    eventually(lambda: redis.llen("resque:failed") == 1, within=10)
    [entry] = failures(redis)
    assert entry["exception"] == "PolicyNotKept"
    assert "turned.Send.concurrency: cannot be kept: a worker has to know the class before it forks" in entry["error"]
    assert checked.returncode == 78
    assert b"turned.Send.concurrency: cannot be kept" in checked.stderr
    assert daemon.stop() == 0


def test_workers_sleep_until_a_queue_gives_jobs_again(tmp_path: Path, redis: Redis, proxy: Proxy) -> None:
    """By the clock of Redis: with two in a second, the fifth comes two seconds after the first, and not before."""
    with daemons(tmp_path, redis, proxy.url) as fleet:
        more = '[limits.rates]\nwork = "2/second"'
        fleet.start(workers=3, pool="interval = 3600", more=more).wait_for_workers(3)
        before, asked = micros(redis), proxy.seen["EVALSHA"]
        for number in range(5):
            push(redis, "Say", number)
        assert sorted(popped(redis, "test:said") for _ in range(5)) == [str(number) for number in range(5)]

        last = redis.lindex("resqued:resque:rate:work", -1)
        assert isinstance(last, bytes)
        assert int(last) - before >= 2_000_000
        assert proxy.seen["EVALSHA"] - asked < 40  # nobody asks again and again


def micros(redis: Redis) -> int:
    seconds, rest = redis.time()
    return int(seconds) * 10**6 + int(rest)


def test_batches_and_results_come_from_real_jobs(daemons: Daemons, redis: Redis, redis_url: str) -> None:
    """In processes that perform several, too: one whose job has a result is as free as any."""
    daemon = started(daemons, daemons.configured(workers=2, pool="interval = 3600\njobs_per_fork = 5"), 2)
    with Resque(redis_url) as resque:
        receipts = [resque.submit(Add, number, 1) for number in range(6)]
        odd = [resque.submit(Odd, size) for size in (0, 70_000)]
        with resque.batch(Total) as batch:
            for number in range(4):
                batch.enqueue(Add, number)
            batch.enqueue(Add, "no number")

        results = resque.wait([receipt for receipt in receipts if receipt], timeout=20)
        assert [result.value for result in results] == [1, 2, 3, 4, 5, 6]
        reasons = [str(result.document["lost"]) for result in resque.wait([one for one in odd if one], timeout=20)]
        assert reasons[0] == "its result cannot be kept: it is a set, which JSON cannot say"
        assert reasons[1] == "its result is too large: 70002 bytes, not 65536"
        assert batch.wait(20) == Progress(total=5, left=0, failed=1)
    assert popped(redis, "test:total") == "all are done"
    assert [entry["exception"] for entry in failures(redis)] == ["TypeError"]
    assert daemon.stop() == 0
