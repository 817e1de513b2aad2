"""Workers whose loop stands still are shown the door; who only waits, or has slept, is not."""

import os
import signal

import psutil
import pytest
from redis import Redis

from resqued import scoreboard
from resqued.scoreboard import Row, Scoreboard, State
from tests.support.daemon import Daemon, Daemons, failures, popped, push, texts
from tests.support.deployment import Deployment, pool
from tests.support.hurried import STUCK_SOON, hurried
from tests.support.redis_server import free_port
from tests.support.status import is_at_work
from tests.support.waiting import eventually

PATIENCE = 4000  # ms; somebody who stands still so long is stuck
STUCK_LATER = {**STUCK_SOON, "fleet.stuck.BENEFIT": 2.0}
MUCH_LATER = {**STUCK_SOON, "fleet.stuck.BENEFIT": 10.0}
HANGING = """
import time
import tracked
from resqued import hooks


@hooks.before_first_fork
def wait_for_godot(info):
    tracked.say("test:hook", "waits")
    time.sleep(60)
"""


def worker_of(deployment: Deployment) -> tuple[int, Row]:
    """The only one."""
    eventually(lambda: deployment.status().workers[0].pid)
    said = deployment.status()
    (worker,) = said.workers
    assert worker.pid
    return worker.pid, Scoreboard.open(deployment.run / said.boards[worker.board]).row(worker.row)


def is_replaced(master: Daemon, pid: int) -> bool:
    """By one that is registered."""
    return [worker.split(":")[1] for worker in master.worker_ids()] not in ([], [str(pid)])


def fates(master: Daemon, pid: int) -> list[str]:
    return [line["event"] for line in master.lines() if line.get("pid") == pid]


def test_a_worker_that_stands_still_is_replaced_and_its_job_settled(deployment: Deployment, redis: Redis) -> None:
    master = deployment.start(program=hurried(STUCK_SOON))
    push(redis, "Meet")
    job = int(popped(redis, "test:met"))
    pid, _ = worker_of(deployment)
    os.kill(pid, signal.SIGSTOP)

    eventually(lambda: is_replaced(master, pid), within=15)
    assert fates(master, pid) == ["worker.started", "worker.stuck", "worker.killed", "worker.died"]
    assert [entry["exception"] for entry in eventually(lambda: failures(redis))] == ["Resque::DirtyExit"]
    assert not psutil.pid_exists(job)
    assert not texts(redis, "test:done")


def test_a_worker_whose_hook_hangs_tells_where(deployment: Deployment, redis: Redis) -> None:
    deployment.write("hanging", HANGING)
    deployment.configure(modules=["hanging"])
    master = deployment.start(program=hurried(STUCK_SOON))
    push(redis, "Meet")
    popped(redis, "test:hook")
    pid, _ = worker_of(deployment)

    eventually(lambda: is_replaced(master, pid), within=15)
    assert "in wait_for_godot" in master.output()
    assert "in run_hooks" in master.output()
    assert len(master.logged("worker.stuck")) == 1


def test_a_worker_that_waits_for_its_job_is_not_stuck(deployment: Deployment, redis: Redis) -> None:
    master = deployment.start(program=hurried(STUCK_LATER))
    push(redis, "Meet", "patient")
    popped(redis, "test:met")
    _, row = worker_of(deployment)
    began = scoreboard.now()

    eventually(lambda: row.tick > began + PATIENCE, within=15)
    assert row.state is State.BUSY
    redis.rpush("test:go", "on")
    assert popped(redis, "test:done") == "patient"
    assert not master.logged("worker.stuck")


def test_a_worker_that_waits_for_redis_is_not_stuck(deployment: Deployment, daemons: Daemons) -> None:
    deployment.configure(redis=f'url = "redis://127.0.0.1:{free_port()}/0"', more="[shutdown]\nredis_timeout = 0.5")
    master = daemons.start(deployment.file, program=hurried(STUCK_LATER))
    eventually(lambda: master.logged("redis.lost"))
    _, row = worker_of(deployment)
    began = scoreboard.now()

    eventually(lambda: row.tick > began + PATIENCE, within=15)
    assert not master.logged("worker.stuck")
    assert master.stop() == 0


def test_after_a_machine_has_slept_nobody_is_taken_for_stuck(deployment: Deployment, redis: Redis) -> None:
    """The master may well be the first to wake, and sees old ticks everywhere."""
    master = deployment.start(program=hurried(MUCH_LATER))
    pid, row = worker_of(deployment)
    for process in (pid, master.pid):
        os.kill(process, signal.SIGSTOP)
    slept = scoreboard.now()
    eventually(lambda: scoreboard.now() > slept + PATIENCE)
    os.kill(master.pid, signal.SIGCONT)
    master.send(signal.SIGUSR1)
    eventually(lambda: master.logged("log.reopened"))
    assert not is_at_work(pid)
    os.kill(pid, signal.SIGCONT)

    eventually(lambda: row.tick > slept + PATIENCE)
    push(redis, "Say", "good morning")
    assert popped(redis, "test:said") == "good morning"
    assert fates(master, pid) == ["worker.started"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT], ids=lambda number: number.name)
def test_no_stop_waits_for_a_worker_that_stands_still(deployment: Deployment, redis: Redis, number: int) -> None:
    deployment.configure(pool(), more="[shutdown]\ngrace = 30")
    master = deployment.start(program=hurried(STUCK_SOON))
    pid, _ = worker_of(deployment)
    os.kill(pid, signal.SIGSTOP)

    assert master.stop(number) == 0
    assert fates(master, pid)[1:] == ["worker.stuck", "worker.killed", "worker.died"]
    assert not redis.smembers("resque:workers")
