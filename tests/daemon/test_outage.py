"""Redis away: nobody exits, no verdict is lost, and the log says it once."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from resqued.protocol.moves import move
from tests.support import proxy, redis_server
from tests.support.daemon import Daemon, Daemons, daemons, failures, popped, push, resque_keys
from tests.support.proxy import Proxy
from tests.support.redis_server import RedisServer
from tests.support.waiting import eventually


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A Redis that may be stopped and continued."""
    with redis_server.running() as own:
        yield own
        os.kill(own.pid, signal.SIGCONT)


@pytest.fixture
def fleet(server: RedisServer, tmp_path: Path) -> Iterator[Daemons]:
    with server.client() as client, daemons(tmp_path, client, server.url) as started:
        yield started
        os.kill(server.pid, signal.SIGCONT)


def lost(master: Daemon) -> int:
    return len(master.logged("redis.lost"))


def test_workers_wait_for_a_redis_that_is_not_there_yet(tmp_path: Path) -> None:
    port = redis_server.free_port()
    nobody = Redis(port=port)
    with daemons(tmp_path, nobody, f"redis://127.0.0.1:{port}/0") as fleet:
        master = fleet.start()
        eventually(lambda: lost(master) == 1)
        with redis_server.running("--port", str(port)) as server, server.client() as client:
            push(client, "Say", "at last")
            assert popped(client, "test:said") == "at last"
            eventually(lambda: master.logged("redis.back"))
            assert master.stop() == 0
            assert lost(master) == 1
            assert len(master.logged("worker.started")) == 1


def test_the_end_of_a_job_is_kept_until_redis_is_back(fleet: Daemons, server: RedisServer) -> None:
    with server.client() as redis:
        master = fleet.start()
        master.wait_for_workers(1)
        push(redis, "Meet")
        job = int(popped(redis, "test:met"))
        redis.rpush("resque:queue:work", '{"class":"Say","args":["next"]}')
        os.kill(job, signal.SIGSTOP)  # its own connection ends, too, and it must not come to see that
        redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

        os.kill(job, signal.SIGKILL)

        assert popped(redis, "test:said") == "next"
        assert [entry["exception"] for entry in failures(redis)] == ["Resque::DirtyExit"]
        assert redis.get("resque:stat:processed") == b"2"
        assert len(master.logged("job.failed")) == 1
        assert redis.get("resque:stat:failed") == b"1"


@pytest.mark.parametrize(("ends", "comes_back"), [(Proxy.hold, Proxy.flow), (Proxy.go_away, Proxy.come_back)])
def test_the_end_of_a_job_is_told_of_while_redis_writes_it_and_while_it_is_away(
    tmp_path: Path,
    redis: Redis,
    redis_url: str,
    redis_server: RedisServer,
    *,
    ends: Callable[[Proxy], None],
    comes_back: Callable[[Proxy], None],
) -> None:
    with proxy.before(redis_server.port) as network, daemons(tmp_path, redis, network.url) as fleet:
        master = fleet.start(env={"TEST_REDIS_URL": redis_url})
        (worker,) = master.wait_for_workers(1)
        push(redis, "Meet")
        job = int(popped(redis, "test:met"))
        ends(network)
        redis.rpush("test:go", "on")
        eventually(lambda: master.logged("job.done"))
        assert redis.exists(f"resque:worker:{worker}")  # to everybody else it works on
        comes_back(network)

        push(redis, "Say", "next")
        assert popped(redis, "test:said") == "next"
        assert master.stop() == 0
        assert [line["pid"] for line in master.logged("job.done")][:1] == [job]
        assert len(master.logged("job.done")) == 2


def test_a_stop_ends_although_redis_does_not_answer(fleet: Daemons, server: RedisServer) -> None:
    master = fleet.start(more="[shutdown]\nredis_timeout = 0.5")
    master.wait_for_workers(1)
    os.kill(server.pid, signal.SIGSTOP)

    assert master.stop(within=20) == 0
    assert master.logged("worker.still_registered")
    assert [line["by"] for line in master.logged("worker.died")] == ["status 69"]


def test_a_worker_that_a_peer_has_struck_off_registers_again_and_its_job_counts_once(
    fleet: Daemons, server: RedisServer
) -> None:
    """As a Ruby worker prunes: it takes the register, and records the running job as failed."""
    with server.client() as redis:
        master = fleet.start()
        (worker,) = master.wait_for_workers(1)
        push(redis, "Meet")
        popped(redis, "test:met")
        redis.rpush("resque:failed", "{}")
        redis.delete(f"resque:worker:{worker}", f"resque:worker:{worker}:started", f"resque:stat:processed:{worker}")
        redis.srem("resque:workers", worker)
        redis.rpush("test:go", "on")

        eventually(lambda: redis.sismember("resque:workers", worker))
        assert redis.llen("resque:failed") == 1
        assert redis.get("resque:stat:processed") == b"1"
        assert master.logged("worker.struck_off")
        assert master.stop() == 0
        assert resque_keys(redis) == {"resque:queues", "resque:failed", "resque:stat:processed"}


def test_pause_all_workers_pauses_until_it_is_taken_back(fleet: Daemons, server: RedisServer) -> None:
    with server.client() as redis:
        redis.set("resque:pause-all-workers", " TRUE\n")
        master = fleet.start(pool="interval = 0.1")
        push(redis, "Say", "now")
        (worker,) = eventually(master.workers)
        eventually(lambda: "Paused" in " ".join(worker.cmdline()))
        assert redis.llen("resque:queue:work") == 1

        redis.delete("resque:pause-all-workers")
        assert popped(redis, "test:said") == "now"


def test_a_flushed_script_cache_and_a_killed_connection_go_unnoticed(fleet: Daemons, server: RedisServer) -> None:
    with server.client() as redis:
        master = fleet.start()
        master.wait_for_workers(1)
        redis.script_flush()
        redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        push(redis, "Say", "still here")

        assert popped(redis, "test:said") == "still here"
        assert len(master.logged("worker.started")) == 1


@pytest.fixture
def network(server: RedisServer) -> Iterator[Proxy]:
    """What lies between the workers and Redis."""
    with proxy.before(server.port) as relay:
        yield relay


@pytest.fixture
def remote(server: RedisServer, network: Proxy, tmp_path: Path) -> Iterator[Daemons]:
    with server.client() as client, daemons(tmp_path, client, network.url) as started:
        yield started
        network.behave()


TALKATIVE = '[log]\nlevel = "debug"'


def test_a_job_whose_worker_was_never_told_of_it_is_put_back_at_a_stop(
    remote: Daemons, server: RedisServer, network: Proxy
) -> None:
    with server.client() as redis:
        master = remote.start(more=TALKATIVE)
        (worker,) = master.wait_for_workers(1)
        network.lose_replies(10_000, of="EVALSHA")
        push(redis, "Say", "never")
        eventually(lambda: redis.exists(f"resque:worker:{worker}"))

        master.send(signal.SIGTERM)
        eventually(lambda: master.logged("signal.heard"))
        network.behave()

        assert master.wait() == 0
        assert redis.lrange("resque:queue:work", 0, -1) == [b'{"class": "Say", "args": ["never"]}']
        assert resque_keys(redis) == {"resque:queues", "resque:queue:work", "resque:stat:processed"}
        assert redis.get("resque:stat:processed") == b"0"
        assert not master.logged("worker.pruned")


def test_a_worker_that_does_not_know_whether_it_is_registered_leaves_nothing(
    remote: Daemons, server: RedisServer, network: Proxy
) -> None:
    with server.client() as redis:
        redis.script_load(move("register").text)
        network.lose_replies(10_000, of="EVALSHA")
        master = remote.start(more=TALKATIVE)
        eventually(lambda: redis.scard("resque:workers") == 1)

        master.send(signal.SIGTERM)
        eventually(lambda: master.logged("signal.heard"))
        network.behave()

        assert master.wait() == 0
        assert resque_keys(redis) == set()
        assert not master.logged("worker.pruned")


def test_what_a_worker_could_not_settle_before_it_left_is_settled_when_redis_is_back(
    remote: Daemons, server: RedisServer, network: Proxy
) -> None:
    """The worker alone is asked to leave: its master goes on, and sees to it."""
    with server.client() as redis:
        master = remote.start(more="[shutdown]\nredis_timeout = 0.2")
        master.wait_for_workers(1)
        (worker,) = master.workers()
        push(redis, "Meet")
        popped(redis, "test:met")
        network.go_away()  # which ends the job, too
        worker.send_signal(signal.SIGTERM)
        eventually(lambda: master.logged("worker.still_registered"))
        network.come_back()

        eventually(lambda: master.logged("worker.pruned"), within=15)
        assert [entry["exception"] for entry in failures(redis)] == ["redis.exceptions.ConnectionError"]
