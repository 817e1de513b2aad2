"""Workers that outlive their master, and a master that starts while they are still there."""

import os
import signal
from pathlib import Path

import psutil
from redis import Redis

from tests.support.daemon import Daemon, Daemons, failures, popped, push, text_of, title_of
from tests.support.waiting import eventually


def bereft(daemons: Daemons, redis: Redis) -> tuple[Path, psutil.Process, str]:
    """A worker at its job whose master has been killed: the configuration file, the process, the name."""
    master = daemons.start(file := daemons.configured())
    (name,) = master.wait_for_workers(1)
    (worker,) = master.workers()
    push(redis, "Meet")
    popped(redis, "test:met")
    os.kill(master.pid, signal.SIGKILL)
    master.wait()
    return file, worker, name


def successor(daemons: Daemons, file: Path) -> Daemon:
    """The next master, which has looked for once after what the last one left."""
    master = daemons.start(file)
    master.wait_for_workers(1)
    eventually(lambda: not pruners(master))
    return master


def pruners(master: Daemon) -> list[psutil.Process]:
    return [child for child in psutil.Process(master.pid).children() if "pruning" in title_of(child)]


def test_a_worker_that_outlived_its_master_is_settled_by_the_next_one_as_soon_as_it_dies(
    daemons: Daemons, redis: Redis
) -> None:
    file, orphan, name = bereft(daemons, redis)
    master = successor(daemons, file)
    assert redis.sismember("resque:workers", name)
    orphan.kill()

    eventually(lambda: failures(redis), within=15)
    assert [(entry["exception"], entry["worker"]) for entry in failures(redis)] == [("Resque::DirtyExit", name)]
    assert not redis.sismember("resque:workers", name)
    assert master.stop() == 0


def test_a_worker_that_outlived_its_master_ends_its_job_in_peace(daemons: Daemons, redis: Redis) -> None:
    file, orphan, name = bereft(daemons, redis)
    master = successor(daemons, file)
    redis.rpush("test:go", "on")

    assert popped(redis, "test:done") == "meet"
    orphan.wait(10)
    assert not redis.sismember("resque:workers", name)
    assert not failures(redis)
    assert redis.get("resque:stat:processed") == b"1"
    assert not master.logged("worker.pruned")
    assert master.stop() == 0


def test_while_an_orphan_lives_other_dead_are_settled_at_once(daemons: Daemons, redis: Redis) -> None:
    file, orphan, name = bereft(daemons, redis)
    master = successor(daemons, file)
    push(redis, "Meet")
    popped(redis, "test:met")
    (worker,) = master.workers()
    worker.kill()

    eventually(lambda: failures(redis))
    assert f":{worker.pid}:" in failures(redis)[0]["worker"]
    assert text_of(name) in {text_of(one) for one in redis.smembers("resque:workers")}
    orphan.kill()
    eventually(lambda: len(failures(redis)) == 2, within=15)


def test_a_master_does_not_stay_for_orphans(daemons: Daemons, redis: Redis) -> None:
    file, orphan, _ = bereft(daemons, redis)
    master = successor(daemons, file)

    assert master.stop() == 0
    assert orphan.is_running()
    redis.rpush("test:go", "on")
    orphan.wait(10)
