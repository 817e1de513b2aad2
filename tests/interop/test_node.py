"""A live node-resque beside us: each performs what the other enqueues, and neither harms the other."""

import json
from collections.abc import Iterator
from signal import SIGTERM
from socket import gethostname

import pytest
from redis import Redis

from bench.contestants.node import absence
from resqued import Resque
from resqued.verdict import DONE, Outcome, Verdict
from tests.cli.asking import Ask
from tests.interop.node import Node
from tests.interop.node import node as running_node
from tests.store.slates import WORKER, failures, slate_at, taken, waiting
from tests.support.daemon import Daemons, popped, push, texts
from tests.support.redis_server import RedisServer
from tests.support.waiting import eventually

pytestmark = pytest.mark.skipif(bool(absence()), reason=absence())

FAILED = Verdict(Outcome.FAILED, "ValueError", 'no "é"', ("app.py:1 in perform",))
JOBS = 30


@pytest.fixture(scope="module", name="node")
def one_for_all_tests(redis_server: RedisServer) -> Iterator[Node]:
    with running_node(redis_server.port) as node:
        yield node


@pytest.fixture(autouse=True)
def _beside_node(node: Node, redis: Redis) -> None:
    """Both are there, and Redis is empty."""


def test_what_we_enqueue_node_performs(node: Node, redis: Redis, redis_url: str) -> None:
    with Resque(redis=redis_url) as resque, node.running("worker", queues=["work"]):
        resque.enqueue_to("work", "Say", 1, "é😀", {"k": [None, 1.5]})
        resque.enqueue_to("work", "Say")
        heard = [json.loads(popped(redis, "test:node")) for _ in range(2)]

    assert heard == [[1, "é😀", {"k": [None, 1.5]}], []]
    assert redis.lrange("resque:failed", 0, -1) == []


def test_node_lists_and_retries_what_failed_here(node: Node, redis: Redis, redis_url: str) -> None:
    job = b'{"class":"Say","queue":"mail","args":[1,"\xc3\xa9"]}'
    with slate_at(redis_url) as slate:
        push_raw(redis, job)
        slate.settle(taken(slate), FAILED, ())
        (entry,) = node.queue("failed", 0, -1)
        node.queue("retryAndRemoveFailed", entry)

        assert (entry["exception"], entry["error"], entry["queue"]) == ("ValueError", 'no "é"', "mail")
        assert node.queue("failedCount") == 0
        assert json.loads(waiting(redis)[0]) == json.loads(job)
        assert slate.settle(taken(slate), DONE, ())


def test_node_does_not_stumble_over_what_we_record(node: Node, redis: Redis, redis_url: str) -> None:
    """It looks through all failures for those of workers that it has cleaned away, and reads each backtrace."""
    with slate_at(redis_url) as slate:
        push_raw(redis, b"no JSON", b'{"class":"Say"}', b"[]")
        for verdict in (FAILED, Verdict(Outcome.FAILED, "Resque::DirtyExit", "died"), FAILED):
            slate.settle(taken(slate), verdict, ())
        node.queue("retryStuckJobs")

    assert node.queue("failedCount") == 3
    assert len(node.queue("failed", 0, -1)) == 3


def test_what_failed_in_node_is_listed_and_retried_by_us(node: Node, redis: Redis, ctl: Ask) -> None:
    with node.running("worker", queues=["work"]):
        node.queue("enqueue", "work", "FailOnce", ["again"])
        eventually(lambda: redis.llen("resque:failed"), within=10)
        (listed,) = json.loads(ctl("failed", "list", "--json").out)
        retried = ctl("failed", "retry", "--all")
        performed = popped(redis, "test:node")

    assert (listed["class"], listed["exception"], listed["error"]) == ("FailOnce", "TypeError", "not yet")
    assert retried.status == 0
    assert performed == '["again"]'
    assert redis.llen("resque:failed") == 0


def test_what_failed_in_node_without_arguments_is_retried_without_arguments(node: Node, redis: Redis, ctl: Ask) -> None:
    """Redis' Lua, in which node writes it down, makes an object of an empty list."""
    with node.running("worker", queues=["work"]):
        node.queue("enqueue", "work", "FailOnce", [])
        eventually(lambda: redis.llen("resque:failed"), within=10)
        ctl("failed", "retry", "--all")

        assert popped(redis, "test:node") == "[]"


def test_workers_of_both_share_a_host_and_a_queue(node: Node, redis: Redis, daemons: Daemons, ctl: Ask) -> None:
    theirs = f"{gethostname()}:{node.pid}:work"
    with node.running("worker", queues=["work"]), node.running("scheduler"):
        daemon = daemons.start(workers=2)
        ours = daemon.wait_for_workers(2)
        assert {f"{name}:{queues}" for name, queues in node.queue("workers").items()} == {theirs, *ours}
        assert theirs in ctl("workers").out

        for number in range(JOBS):
            node.queue("enqueue", "work", "Say", [str(number)])
        node.queue("enqueueIn", 1, "work", "Say", [str(JOBS)])
        assert sorted(map(int, heard(redis, JOBS + 1))) == list(range(JOBS + 1))
    eventually(lambda: redis.smembers("resque:workers") == {one.encode() for one in ours})


def test_node_cleans_no_worker_of_ours_away(node: Node, redis: Redis, daemons: Daemons) -> None:
    daemon = daemons.start()
    (ours,) = daemon.wait_for_workers(1)
    with node.running("scheduler", stuckWorkerTimeout=1):
        push(redis, "Meet")
        popped(redis, "test:met")
        node.queue("cleanOldWorkers", 1)
        node.ask(call=["scheduler", "checkStuckWorkers"])
        redis.rpush("test:go", 1)
        popped(redis, "test:done")
        eventually(lambda: daemon.logged("job.done"))

    assert redis.smembers("resque:workers") == {ours.encode()}
    assert failures(redis) == []


def test_who_was_cleaned_away_by_hand_is_there_again_with_the_next_heartbeat(
    node: Node, redis: Redis, redis_url: str
) -> None:
    with slate_at(redis_url) as slate:
        push_raw(redis, b'{"class":"Say","args":[]}')
        work = taken(slate)
        node.queue("forceCleanWorker", WORKER.removesuffix(":mail,low"))
        assert redis.smembers("resque:workers") == set()
        assert slate.beat() == (True, [])
        slate.settle(work, DONE, ())

        assert redis.smembers("resque:workers") == {WORKER.encode()}


def test_a_worker_of_node_that_works_is_left_alone(node: Node, redis: Redis, daemons: Daemons, ctl: Ask) -> None:
    theirs = f"{gethostname()}:{node.pid}:slow"
    with node.running("worker", queues=["slow"]):
        node.queue("enqueue", "slow", "Wait", [])
        popped(redis, "test:node")
        shown = redis.get(f"resque:worker:{theirs}")
        daemon = daemons.start()
        daemon.wait_for_workers(1)
        ctl("prune", "--yes", theirs)
        daemon.send(SIGTERM)
        daemon.wait(10)

        assert redis.smembers("resque:workers") == {theirs.encode()}
        assert redis.get(f"resque:worker:{theirs}") == shown
        assert failures(redis) == []
        redis.rpush("test:node:go", 1)


def push_raw(redis: Redis, *jobs: bytes) -> None:
    redis.rpush("resque:queue:mail", *jobs)


def heard(redis: Redis, count: int) -> list[str]:
    """What so many jobs have said, wherever they were performed."""
    eventually(lambda: redis.llen("test:said") + redis.llen("test:node") == count, within=20)
    return texts(redis, "test:said") + [json.loads(text)[0] for text in texts(redis, "test:node")]
