"""`redis.embedded = true`: a Redis of the daemon's own."""

import os
import signal
from pathlib import Path

import psutil
import pytest
from redis import Redis

from resqued import places
from tests.support.daemon import APPS, Daemon, Daemons, popped, push
from tests.support.waiting import eventually

EMBEDDED = """
[redis]
embedded = true
[jobs]
path = ["{apps}"]
modules = ["tracked"]
[pools.work]
queues = ["work"]
[daemon]
run_dir = "{directory}"
state_dir = "{directory}"
"""


@pytest.fixture
def tmp_path(short_path: Path) -> Path:
    """There must be room for the path of the server's socket."""
    return short_path


@pytest.fixture
def file(daemons: Daemons) -> Path:
    return daemons.written(EMBEDDED.format(apps=APPS, directory=daemons.directory))


def started(daemons: Daemons, file: Path) -> tuple[Daemon, Redis]:
    """A daemon with its own Redis, and a client of that; the jobs talk to the test's Redis as ever."""
    master = daemons.start(file)
    socket = places.redis_address(places.configuration(file), file).path
    eventually(lambda: Path(socket).exists())
    return master, Redis(unix_socket_path=socket)


def test_it_is_started_with_the_daemon_and_ends_with_it(daemons: Daemons, redis: Redis, file: Path) -> None:
    master, own = started(daemons, file)
    push(own, "Say", "hello")
    assert popped(redis, "test:said") == "hello"
    server = master.own_redis()
    assert server is not None
    assert os.getpgid(server.pid) == server.pid

    assert master.stop() == 0
    assert not server.is_running()
    assert not master.logged("redis.lost")


def test_jobs_survive_a_restart(daemons: Daemons, redis: Redis, file: Path) -> None:
    master, own = started(daemons, file)
    push(own, "Say", "kept", queue="work-of-later")
    master.stop()

    _, own = started(daemons, file)
    eventually(own.ping)
    assert own.llen("resque:queue:work-of-later") == 1


def test_a_killed_redis_is_started_again_with_its_jobs(daemons: Daemons, redis: Redis, file: Path) -> None:
    master, own = started(daemons, file)
    push(own, "Meet", "one")
    popped(redis, "test:met")
    server = master.own_redis()
    assert server is not None
    os.kill(server.pid, signal.SIGKILL)
    eventually(lambda: master.own_redis() not in (None, server))
    redis.rpush("test:go", "on")

    assert popped(redis, "test:done") == "one"
    eventually(lambda: own.get("resque:stat:processed") == b"1")
    assert len([line for line in master.logged("worker.started") if line["slot"] == "work.0"]) == 1


def test_one_that_is_killed_during_a_stop_is_there_again_for_those_who_are_to_leave(
    daemons: Daemons, redis: Redis, file: Path
) -> None:
    master, own = started(daemons, file)
    push(own, "Meet", "last")
    popped(redis, "test:met")
    master.send(signal.SIGTERM)
    eventually(lambda: master.logged("master.stopping"))
    server = master.own_redis()
    assert server is not None
    os.kill(server.pid, signal.SIGKILL)
    eventually(lambda: master.own_redis() not in (None, server))
    redis.rpush("test:go", "on")

    assert master.wait() == 0
    assert [len(master.logged(event)) for event in ("redis.died", "redis.stopped", "job.unsettled")] == [1, 1, 0]


def test_it_dies_with_a_master_that_is_killed(daemons: Daemons, redis: Redis, file: Path) -> None:
    master, _ = started(daemons, file)
    server = eventually(master.own_redis)
    assert server is not None
    os.kill(master.pid, signal.SIGKILL)
    master.wait()

    eventually(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)


def test_what_a_job_leaves_behind_does_not_keep_the_directory_locked(
    daemons: Daemons, redis: Redis, file: Path
) -> None:
    master, own = started(daemons, file)
    push(own, "Grandchild")
    eventually(lambda: own.get("resque:stat:processed") == b"1")
    master.stop()

    _, own = started(daemons, file)
    eventually(own.ping)
    redis.rpush("test:go", "on")
