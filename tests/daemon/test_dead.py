"""What becomes of the work of those who die."""

import json
import os
import signal
from typing import Any

import psutil
from redis import Redis

from tests.support.daemon import Daemon, Daemons, failures, popped, push, resque_keys, text_of
from tests.support.waiting import eventually

QUEUE = "resque:queue:work"
REQUEUE = 'worker_lost = "requeue"\nworker_lost_limit = 2'


def busy(daemons: Daemons, redis: Redis, job: str = "Meet", **settings: Any) -> tuple[Daemon, psutil.Process, int]:
    """A daemon whose only worker performs `job`: the master, the worker, the pid of the job."""
    master = daemons.start(daemons.configured(**settings))
    master.wait_for_workers(1)
    push(redis, job)
    job_pid = int(popped(redis, "test:met"))
    return master, master.workers()[0], job_pid


def is_gone(pid: int) -> bool:
    """It may still have to be reaped."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def keys_of(redis: Redis, worker: psutil.Process) -> list[str]:
    return [key for key in resque_keys(redis) if f":{worker.pid}:" in key]


def test_the_job_of_a_killed_worker_is_failed_at_once_and_the_worker_struck_off(daemons: Daemons, redis: Redis) -> None:
    master, worker, job = busy(daemons, redis)
    (name,) = master.worker_ids()
    os.kill(worker.pid, signal.SIGKILL)

    eventually(lambda: failures(redis))
    (failure,) = failures(redis)
    assert is_gone(job)
    assert failure["exception"] == "Resque::DirtyExit"
    assert failure["error"] == "worker died while processing Meet"
    assert failure["worker"] == name
    assert (redis.get("resque:stat:processed"), redis.get("resque:stat:failed")) == (b"1", b"1")
    eventually(lambda: not keys_of(redis, worker))
    assert not redis.sismember("resque:workers", name)
    assert not redis.hexists("resque:workers:heartbeat", name)
    eventually(lambda: [line["job_is"] for line in master.logged("worker.pruned")] == ["failed"])


def test_nothing_of_a_job_runs_any_more_when_it_is_put_back(daemons: Daemons, redis: Redis) -> None:
    """Its process group is killed with it: a grandchild in it too."""
    master, worker, job = busy(daemons, redis, "Parent", pool=REQUEUE)
    grandchild = int(popped(redis, "test:grandchild"))
    os.kill(worker.pid, signal.SIGKILL)

    again = int(popped(redis, "test:met"))
    assert is_gone(job)
    assert is_gone(grandchild)
    assert again != job
    master.stop(signal.SIGINT)


def test_an_idle_worker_that_is_killed_leaves_nothing(daemons: Daemons, redis: Redis) -> None:
    master = daemons.start()
    (name,) = master.wait_for_workers(1)
    (worker,) = master.workers()
    os.kill(worker.pid, signal.SIGKILL)

    eventually(lambda: not keys_of(redis, worker) and not redis.sismember("resque:workers", name))
    assert not failures(redis)


def test_where_worker_lost_is_requeue_the_job_runs_again_but_not_for_ever(daemons: Daemons, redis: Redis) -> None:
    master, worker, _ = busy(daemons, redis, pool=REQUEUE)
    for _ in range(2):
        os.kill(worker.pid, signal.SIGKILL)
        popped(redis, "test:met")
        eventually(master.workers)
        (worker,) = master.workers()
    assert not failures(redis)
    os.kill(worker.pid, signal.SIGKILL)

    eventually(lambda: [entry["exception"] for entry in failures(redis)] == ["Resque::DirtyExit"])
    assert redis.llen(QUEUE) == 0
    assert redis.get("resque:stat:processed") == b"1"
    (lost,) = [key for key in resque_keys(redis) if ":lost:" in key]
    assert 0 < redis.ttl(lost) <= 7 * 86400


def test_a_job_that_had_ended_before_its_worker_was_killed_counts_as_what_it_was(
    daemons: Daemons, redis: Redis
) -> None:
    """The worker cannot write the end, because it is stopped before it learns of it."""
    master, worker, job = busy(daemons, redis, pool=REQUEUE)
    redis.client_pause(1500, all=False)
    os.kill(job, signal.SIGKILL)
    eventually(lambda: is_gone(job))
    home = daemons.directory
    eventually(lambda: any(note.stat().st_size for note in home.glob("*/verdicts/*")))
    os.kill(worker.pid, signal.SIGKILL)

    eventually(lambda: failures(redis), within=10)
    (failure,) = failures(redis)
    assert "SIGKILL" in failure["error"]
    eventually(lambda: len(list(home.glob("*/verdicts/*"))) <= 1)  # that of the new worker
    master.stop()
    assert not list(home.glob("*/verdicts/*"))


def test_a_new_master_settles_what_the_old_one_and_its_workers_left(daemons: Daemons, redis: Redis) -> None:
    file = daemons.configured()
    old = daemons.start(file)
    old.wait_for_workers(1)
    push(redis, "Meet")
    popped(redis, "test:met")
    (worker,) = old.workers()
    os.kill(old.pid, signal.SIGKILL)
    os.kill(worker.pid, signal.SIGKILL)
    old.wait()

    new = daemons.start(file)
    eventually(lambda: [entry["exception"] for entry in failures(redis)] == ["Resque::DirtyExit"])
    assert not keys_of(redis, worker)
    assert new.stop() == 0


def test_the_dead_of_another_configuration_are_left_to_it(daemons: Daemons, redis: Redis) -> None:
    other = daemons.start()
    (name,) = other.wait_for_workers(1)
    (worker,) = other.workers()
    os.kill(other.pid, signal.SIGSTOP)  # it cannot settle its own
    os.kill(worker.pid, signal.SIGKILL)
    mine = daemons.start(queues='["mine"]')
    mine.wait_for_workers(1)
    os.kill(mine.workers()[0].pid, signal.SIGKILL)

    eventually(lambda: mine.logged("worker.pruned"))
    assert redis.hexists("resqued:resque:workers", name)
    os.kill(other.pid, signal.SIGCONT)
    eventually(lambda: other.logged("worker.pruned"))


def test_a_worker_that_dies_during_a_stop_is_settled_before_the_master_leaves(daemons: Daemons, redis: Redis) -> None:
    master, worker, _ = busy(daemons, redis)
    master.send(signal.SIGTERM)
    eventually(lambda: master.logged("master.stopping"))
    os.kill(worker.pid, signal.SIGKILL)

    assert master.wait() == 0
    assert [entry["exception"] for entry in failures(redis)] == ["Resque::DirtyExit"]
    assert not keys_of(redis, worker)


def test_a_worker_of_another_client_is_never_touched(daemons: Daemons, redis: Redis) -> None:
    foreign = f"{os.uname().nodename}:1:work"
    redis.sadd("resque:workers", foreign)
    redis.hset("resque:workers:heartbeat", foreign, "2001-01-01T00:00:00Z")
    work = {"queue": "work", "run_at": "2001/01/01 00:00:00 UTC", "payload": {"class": "X", "args": []}}
    redis.set(f"resque:worker:{foreign}", json.dumps(work))
    master = daemons.start()
    master.wait_for_workers(1)
    os.kill(master.workers()[0].pid, signal.SIGKILL)
    eventually(lambda: master.logged("worker.pruned"))

    assert redis.sismember("resque:workers", foreign)
    assert redis.exists(f"resque:worker:{foreign}")
    assert not failures(redis)


def namesakes(redis: Redis, name: str, **who: object) -> int:
    """Register somebody under every id that the next worker may get, each with a job on its slate. How many."""
    host, pid, queues = name.split(":")
    text = json.dumps({"pool": "work", "slot": 0, "version": "1.0.0", "nonce": "n", "schema": 1, **who})
    ids = [f"{host}:{number}:{queues}" for number in range(int(pid) + 1, int(pid) + 2001)]
    for one in ids:
        redis.hset("resqued:resque:workers", one, text)
        redis.hset(
            f"resqued:resque:slate:{one}", mapping={"run": 1, "queue": "work", "payload": '{"class":"X","args":[]}'}
        )
        redis.set(f"resque:worker:{one}", "{}")
    return len(ids)


def test_a_namesake_that_cannot_be_seen_from_here_keeps_its_name_and_its_slate(daemons: Daemons, redis: Redis) -> None:
    """As in containers that share a host name and their pids."""
    first = daemons.start()
    (name,) = first.wait_for_workers(1)
    first.stop()
    others = namesakes(redis, name, boot="another", pids="pid:[1]", pid=1, born=1)
    push(redis, "Say", "mine")
    second = daemons.start()

    assert popped(redis, "test:said") == "mine"
    assert second.logged("worker.renamed")
    assert ".2:" in second.logged("worker.ready")[0]["worker"]
    assert not failures(redis)
    assert second.stop() == 0
    assert redis.hlen("resqued:resque:workers") == others


def test_a_namesake_that_had_the_pid_before_is_settled_first(daemons: Daemons, redis: Redis) -> None:
    first = daemons.start()
    (name,) = first.wait_for_workers(1)
    mine = json.loads(redis.hget("resqued:resque:workers", name) or "")
    first.stop()
    others = namesakes(redis, name, boot=mine["boot"], pids=mine["pids"], pid=mine["pid"], born=mine["born"])
    push(redis, "Say", "mine")
    second = daemons.start()

    assert popped(redis, "test:said") == "mine"
    (namesake,) = {entry["worker"] for entry in failures(redis)}
    assert second.worker_ids() == [namesake]
    assert second.stop() == 0
    assert redis.hlen("resqued:resque:workers") == others - 1


def test_a_worker_that_was_stopped_and_is_continued_goes_on(daemons: Daemons, redis: Redis) -> None:
    """Meanwhile another host has taken it for dead, and failed its job; which then ends well, and counts once."""
    _, worker, _ = busy(daemons, redis)
    (name,) = texts_of_set(redis, "resque:workers")
    os.kill(worker.pid, signal.SIGSTOP)
    redis.rpush("test:go", "on")
    assert popped(redis, "test:done") == "meet"
    strike_off(redis, name)
    os.kill(worker.pid, signal.SIGCONT)
    push(redis, "Say", "next")

    assert popped(redis, "test:said") == "next"
    eventually(lambda: redis.sismember("resque:workers", name))
    assert redis.get("resque:stat:processed") == b"2"
    assert redis.llen("resque:failed") == 1


def texts_of_set(redis: Redis, key: str) -> list[str]:
    return [text_of(member) for member in redis.smembers(key)]


def strike_off(redis: Redis, name: str) -> None:
    """What `prune.lua` leaves of a worker whose job is failed."""
    redis.srem("resque:workers", name)
    redis.hdel("resque:workers:heartbeat", name)
    redis.hdel("resqued:resque:workers", name)
    redis.delete(f"resque:worker:{name}", f"resque:worker:{name}:started", f"resqued:resque:slate:{name}")
    redis.rpush("resque:failed", "{}")
