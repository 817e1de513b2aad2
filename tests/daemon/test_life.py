"""A master, its workers and their jobs, from start to stop."""

import os
import signal

import psutil
import pytest
from redis import Redis

from tests.support.daemon import Daemons, failures, popped, push, resque_keys, text_of, texts, title_of
from tests.support.waiting import eventually


def test_a_master_forks_n_workers_restarts_any_that_die_and_a_signalled_worker_leaves_no_key(
    daemons: Daemons, redis: Redis
) -> None:
    """A master reads a config file, forks N worker children per queue set, and restarts any that die; each child loops
    dequeue → fork per job; a child that is signalled leaves no `resque:worker:*` key.
    """
    master = daemons.start(workers=2, more='[pools.other]\nqueues = ["other"]\nworkers = 1')
    first = master.wait_for_workers(3)
    assert sorted(worker.split(":")[2] for worker in first) == ["other", "work", "work"]

    push(redis, "Meet", "one")
    job = psutil.Process(int(popped(redis, "test:met")))
    assert job.ppid() in {worker.pid for worker in master.workers()}
    redis.rpush("test:go", "on")
    assert popped(redis, "test:done") == "one"

    signalled = master.workers()[0].pid
    os.kill(signalled, signal.SIGTERM)
    eventually(lambda: signalled not in {worker.pid for worker in master.workers()})
    second = master.wait_for_workers(3)
    assert len(set(first) & set(second)) == 2
    assert not [key for key in resque_keys(redis) if f":{signalled}:" in key]

    assert master.stop() == 0
    assert not [key for key in resque_keys(redis) if key.startswith(("resque:worker", "resqued:"))]


def test_a_killed_worker_is_replaced_and_its_job_dies_with_it(daemons: Daemons, redis: Redis) -> None:
    master = daemons.start()
    master.wait_for_workers(1)
    push(redis, "Meet")
    job = int(popped(redis, "test:met"))
    worker = master.workers()[0].pid

    os.kill(worker, signal.SIGKILL)

    eventually(lambda: not psutil.pid_exists(job))
    eventually(lambda: [process.pid for process in master.workers()] not in ([], [worker]))


def test_ten_workers_of_two_masters_perform_each_job_of_four_clients_once(daemons: Daemons, redis: Redis) -> None:
    for _ in range(2):
        daemons.start(workers=2)
    jobs = [f"{client}-{number}" for client in range(4) for number in range(100)]
    for job in jobs:
        push(redis, "Say", job)

    eventually(lambda: redis.llen("test:said") == len(jobs), within=30)
    assert sorted(texts(redis, "test:said")) == sorted(jobs)
    assert redis.get("resque:stat:processed") == str(len(jobs)).encode()
    assert not failures(redis)


def test_the_keys_of_a_working_worker_are_those_of_the_original(daemons: Daemons, redis: Redis) -> None:
    master = daemons.start(workers=1, queues='["echo"]')
    (worker,) = master.wait_for_workers(1)
    push(redis, "Boom", queue="echo")
    push(redis, "Meet", queue="echo")
    push(redis, "Say", "waits", queue="echo")
    popped(redis, "test:met")

    types = {key: text_of(redis.type(key)) for key in resque_keys(redis) if key.startswith("resque:")}
    redis.rpush("test:go", "on")
    assert types == {
        "resque:queues": "set",
        "resque:workers": "set",
        "resque:workers:heartbeat": "hash",
        "resque:queue:echo": "list",
        f"resque:worker:{worker}": "string",
        f"resque:worker:{worker}:started": "string",
        "resque:stat:processed": "string",
        f"resque:stat:processed:{worker}": "string",
        "resque:stat:failed": "string",
        f"resque:stat:failed:{worker}": "string",
        "resque:failed": "list",
    }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_whatever_the_signal_an_idle_daemon_leaves_nothing_and_exits_with_0(
    daemons: Daemons, redis: Redis, number: int
) -> None:
    master = daemons.start(workers=2)
    master.wait_for_workers(2)

    assert master.stop(number) == 0
    assert not resque_keys(redis)


def test_a_worker_under_a_master_ignores_the_int_of_a_terminal(daemons: Daemons, redis: Redis) -> None:
    master = daemons.start()
    master.wait_for_workers(1)
    worker = master.workers()[0].pid
    push(redis, "Meet", "one")
    popped(redis, "test:met")

    os.kill(worker, signal.SIGINT)
    redis.rpush("test:go", "on")

    assert popped(redis, "test:done") == "one"
    assert [process.pid for process in master.workers()] == [worker]


def test_titles_say_what_each_process_does(daemons: Daemons, redis: Redis) -> None:
    master = daemons.start(queues='["work", "other"]')
    master.wait_for_workers(1)
    (worker,) = master.workers()
    assert title_of(worker) == "resque-1.0.0: Waiting for work,other [work.0]"
    assert title_of(psutil.Process(master.pid)).startswith("resqued-1.0.0: master ")

    push(redis, "Meet")
    job = psutil.Process(int(popped(redis, "test:met")))
    assert title_of(worker).startswith(f"resque-1.0.0: Forked {job.pid} at ")
    assert title_of(job).startswith("resque-1.0.0: Processing work since ")
    assert title_of(job).endswith(" [Meet]")
    redis.rpush("test:go", "on")


def test_when_the_master_is_killed_its_workers_finish_their_jobs_and_leave(daemons: Daemons, redis: Redis) -> None:
    master = daemons.start(workers=2)
    master.wait_for_workers(2)
    workers = master.workers()
    push(redis, "Meet", "one")
    popped(redis, "test:met")

    os.kill(master.pid, signal.SIGKILL)
    master.wait()
    redis.rpush("test:go", "on")

    assert popped(redis, "test:done") == "one"
    eventually(lambda: not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers))
    assert resque_keys(redis) == {"resque:queues", "resque:stat:processed"}


def test_when_the_master_is_killed_a_job_has_no_more_than_the_grace(daemons: Daemons, redis: Redis) -> None:
    master = daemons.start(more="[shutdown]\ngrace = 0.2")
    master.wait_for_workers(1)
    push(redis, "Meet", "again")
    popped(redis, "test:met")

    os.kill(master.pid, signal.SIGKILL)
    master.wait()

    eventually(lambda: not redis.exists("resque:workers"))
    assert redis.llen("resque:queue:work") == 1
    assert not redis.exists("test:done")
    assert [line["then"] for line in master.logged("master.gone")] == ["leave, as on TERM"]
