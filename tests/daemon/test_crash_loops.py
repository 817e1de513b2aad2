"""Workers that die again and again: no machine is eaten up, and what works goes on."""

import os
import signal
from typing import Any

import psutil
import pytest
from redis import Redis

from resqued.scoreboard import Scoreboard, State
from tests.support import redis_server
from tests.support.daemon import Daemon, Daemons, failures, popped, push, resque_keys
from tests.support.deployment import Deployment, pool
from tests.support.redis_server import free_port
from tests.support.waiting import eventually

IN_WORKERS = 'preload = "worker"'
DEADLY = {
    "by an exit": "import sys; sys.exit(3)",
    "by an exit that nobody can catch": "import os; os._exit(3)",
    "by an exit that looks well": "import os; os._exit(0)",
    "by a signal": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
}
ONE_SURVIVES = """
import os
import tracked

try:
    os.mkdir(__file__ + ".taken")
except FileExistsError:
    os._exit(3)
with tracked.connection() as there:
    there.blpop("test:go", timeout=30)
"""
BAD_FOR_ONE_POOL = """
import os
from resqued.log import log

if log._carried["slot"].startswith("bad"):  # nothing else tells a module where it is imported
    os._exit(3)
"""

SHELL = """
import subprocess
import tracked

class Shell:
    @staticmethod
    def perform():
        with subprocess.Popen(["sleep", "60"], process_group=0) as process:
            tracked.say("test:started", process.pid)
"""


def broken(deployment: Deployment, daemons: Daemons, text: str, *pools: str) -> Daemon:
    deployment.write("broken", text)
    deployment.configure(*pools, modules=["broken"], jobs=IN_WORKERS)
    return daemons.start(deployment.file, env={"PYTHONDONTWRITEBYTECODE": "1"})


def idle(deployment: Deployment) -> list[int]:
    """The pids of the workers that wait for a job."""
    said = deployment.status()
    boards = [Scoreboard.open(deployment.run / file) for file in said.boards]
    there = [worker for worker in said.workers if worker.pid]
    return [one.pid for one in there if one.pid and boards[one.board].row(one.row).state is State.IDLE]


def since(master: Daemon, beginning: str, event: str) -> list[dict[str, Any]]:
    """Which of these events there have been after the beginning."""
    lines = master.lines()
    events = [line["event"] for line in lines]
    start = events.index(beginning) if beginning in events else len(events)
    return [line for line in lines[start:] if line["event"] == event]


# The first start


@pytest.mark.parametrize("text", DEADLY.values(), ids=list(DEADLY))
def test_a_first_start_of_which_no_worker_gets_ready_is_given_up(
    deployment: Deployment, daemons: Daemons, redis: Redis, text: str
) -> None:
    master = broken(deployment, daemons, text, pool(workers=4))

    assert master.wait() == 75
    assert [line["pool"] for line in master.logged("pool.degraded")] == ["work"]
    assert len(master.logged("master.hopeless")) == 1
    assert not resque_keys(redis)


def test_a_single_worker_has_three_tries(deployment: Deployment, daemons: Daemons) -> None:
    master = broken(deployment, daemons, DEADLY["by a signal"])

    assert master.wait() == 75
    assert [line["by"] for line in master.logged("worker.died")] == ["SIGSEGV (signal 11)"] * 3


def test_a_start_is_not_given_up_as_long_as_somebody_may_get_ready(
    deployment: Deployment, daemons: Daemons, redis: Redis
) -> None:
    master = broken(deployment, daemons, ONE_SURVIVES, pool(workers=5))
    eventually(lambda: master.logged("pool.degraded"))
    redis.rpush("test:go", "on")

    eventually(lambda: master.logged("pool.recovered"))
    push(redis, "Say", "ready")
    assert popped(redis, "test:said") == "ready"
    assert master.stop() == 0


def test_a_start_while_redis_is_away_is_not_given_up(deployment: Deployment, daemons: Daemons) -> None:
    port = free_port()
    deployment.configure(pool(workers=3), redis=f'url = "redis://127.0.0.1:{port}/0"', jobs=IN_WORKERS)
    master = daemons.start(deployment.file)
    eventually(lambda: len(master.logged("redis.lost")) == 3)
    with redis_server.running("--port", str(port)) as server, server.client() as client:
        eventually(lambda: client.scard("resque:workers") == 3, within=20)

        assert not master.logged("worker.died")
        assert not master.logged("pool.degraded")
        assert master.stop() == 0


# One pool of several


def test_a_pool_that_cannot_work_is_no_harm_to_another_and_recovers_when_it_is_repaired(
    deployment: Deployment, daemons: Daemons, redis: Redis
) -> None:
    master = broken(deployment, daemons, BAD_FOR_ONE_POOL, pool("good", "work"), pool("bad", workers=3))
    master.wait_for_workers(1)
    eventually(lambda: master.logged("pool.degraded"))
    push(redis, "Say", "good")
    assert popped(redis, "test:said") == "good"

    eventually(lambda: deployment.status().pools["bad"].degraded)
    shown = deployment.resquectl("status")
    assert (shown.status, "degraded" in shown.out) == (1, True)
    assert deployment.status().pools["bad"].reason.endswith("died before they were ready; the last: status 3")
    assert not deployment.status().pools["good"].degraded

    deployment.write("broken", "")
    master.wait_for_workers(4)
    eventually(lambda: deployment.resquectl("status").status == 0)
    assert [line["pool"] for line in master.logged("pool.degraded")] == ["bad"]
    assert [line["pool"] for line in master.logged("pool.recovered")] == ["bad"]
    assert master.stop() == 0


def test_in_a_pool_that_cannot_work_one_slot_goes_on_trying(deployment: Deployment, daemons: Daemons) -> None:
    master = broken(deployment, daemons, BAD_FOR_ONE_POOL, pool("good"), pool("bad", workers=3))
    eventually(lambda: len(since(master, "pool.degraded", "worker.started")) >= 3, within=15)

    assert {line["slot"] for line in since(master, "pool.degraded", "worker.started")} == {"bad.0"}
    assert len(master.logged("pool.degraded")) == 1


# Deaths of workers that have been ready


def test_a_worker_that_is_killed_now_and_then_is_back_at_once_and_one_that_is_killed_again_and_again_is_not(
    deployment: Deployment, redis: Redis
) -> None:
    master = deployment.start()
    killed: set[int] = set()
    for _ in range(3):
        (pid,) = eventually(lambda: set(idle(deployment)) - killed)
        os.kill(pid, signal.SIGKILL)
        killed.add(pid)
        eventually(lambda: len(master.logged("worker.died")) == len(killed))

    pauses = [line["restart_in_s"] for line in master.logged("worker.died")]
    assert pauses[:2] == [0, 0]
    assert pauses[2] > 0
    eventually(lambda: set(idle(deployment)) - killed)
    assert not master.logged("pool.degraded")
    assert not failures(redis)


def test_with_a_worker_that_is_killed_goes_all_of_the_session_of_its_job(deployment: Deployment, redis: Redis) -> None:
    deployment.write("shell", SHELL)
    deployment.configure(modules=["shell"])
    master = deployment.start()
    push(redis, "Shell")
    started = int(popped(redis, "test:started"))
    os.kill(master.workers()[0].pid, signal.SIGKILL)

    eventually(lambda: failures(redis))
    eventually(lambda: not psutil.pid_exists(started))
