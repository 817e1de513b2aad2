"""A daemon that was started in a terminal, as by somebody who tries it out."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from subprocess import TimeoutExpired

import psutil
import pytest
from redis import Redis

from tests.support.daemon import Daemon, Daemons, popped, push, texts
from tests.support.deployment import Deployment
from tests.support.status import is_at_work, status
from tests.support.terminal import CTRL_C, CTRL_Z, Terminal, terminal
from tests.support.waiting import eventually

PATIENT = "[shutdown]\ngrace = 1000\nterm_timeout = 1000"
QUEUE = "resque:queue:work"
Start = Callable[..., Daemon]


@pytest.fixture
def window() -> Iterator[Terminal]:
    with terminal() as opened:
        yield opened


@pytest.fixture
def start(window: Terminal, deployment: Deployment, daemons: Daemons, redis: Redis) -> Iterator[Start]:
    """A daemon in that terminal, whose worker is ready. It logs to a file."""
    deployment.configure(more=PATIENT)
    with ExitStack() as ends:
        yield partial(started, window, deployment, daemons, redis, ends)


def started(
    window: Terminal, deployment: Deployment, daemons: Daemons, redis: Redis, ends: ExitStack, *, nohup: bool = False
) -> Daemon:
    log = daemons.directory / "terminal.log"
    environment = {**os.environ, "TEST_REDIS_URL": daemons.url}
    argv = [sys.executable, "-m", "resqued", "-c", str(deployment.file)]
    daemon = Daemon(window.start(argv, environment, log, nohup=nohup), log, redis)
    ends.callback(end, daemon)
    eventually(lambda: log.exists() and daemon.logged("worker.ready"), within=10)
    return daemon


def end(daemon: Daemon) -> None:
    daemon.send(signal.SIGINT)
    daemon.send(signal.SIGINT)
    try:
        daemon.wait(10)
    except TimeoutExpired:
        daemon.process.kill()
        daemon.wait()


def perform(redis: Redis, job: str) -> int:
    push(redis, job)
    return int(popped(redis, "test:met"))


def test_ctrl_c_stops_at_once_and_puts_the_job_back(start: Start, window: Terminal, redis: Redis) -> None:
    master = start()
    perform(redis, "Careful")
    window.type(CTRL_C)

    assert popped(redis, "test:cleaned") == "up"
    assert master.wait() == 0
    assert redis.llen(QUEUE) == 1
    assert not redis.smembers("resque:workers")


def test_a_second_ctrl_c_kills_what_does_not_stop(start: Start, window: Terminal, redis: Redis) -> None:
    master = start()
    job = perform(redis, "Stubborn")
    window.type(CTRL_C)
    assert popped(redis, "test:swallowed") == "JobTerminated"
    assert psutil.pid_exists(job)
    window.type(CTRL_C)

    assert master.wait() == 0
    assert redis.llen(QUEUE) == 1
    assert not psutil.pid_exists(job)


def test_ctrl_z_stops_nobody(start: Start, window: Terminal, redis: Redis) -> None:
    master = start()
    window.type(CTRL_Z)
    everybody = [master.pid, *(worker.pid for worker in master.workers())]
    eventually(lambda: not any(int(status(pid)["ShdPnd"], 16) for pid in everybody))

    push(redis, "Say", "still here")
    assert popped(redis, "test:said") == "still here"
    assert all(is_at_work(pid) for pid in everybody)


def test_when_the_terminal_is_closed_it_stops_and_lets_the_job_finish(
    start: Start, window: Terminal, redis: Redis
) -> None:
    master = start()
    perform(redis, "Meet")
    window.close()
    eventually(lambda: master.logged("master.stopping"))
    redis.rpush("test:go", "on")

    assert popped(redis, "test:done") == "meet"
    assert master.wait() == 0
    assert [line["signal"] for line in master.logged("master.stopping")] == ["SIGHUP"]


def test_a_hup_while_the_terminal_is_there_is_a_reload_and_its_end_still_a_stop(start: Start, window: Terminal) -> None:
    master = start()
    master.send(signal.SIGHUP)
    eventually(lambda: master.logged("reload.accepted"), within=15)
    assert not master.logged("master.stopping")
    window.close()

    assert master.wait() == 0
    assert len(master.logged("reload.checking")) == 1


@pytest.mark.parametrize("reloads", [0, 1])
def test_under_nohup_the_end_of_the_terminal_stops_nothing(
    start: Start, window: Terminal, redis: Redis, reloads: int
) -> None:
    master = start(nohup=True)
    for _ in range(reloads):
        master.send(signal.SIGHUP)
        eventually(lambda: master.logged("rollout.done"), within=15)
    window.close()
    eventually(lambda: len(master.logged("reload.accepted")) > reloads, within=15)  # a HUP like any other

    push(redis, "Say", "still here")
    assert popped(redis, "test:said") == "still here"
    assert not master.logged("master.stopping")


def test_what_it_logs_to_a_terminal_is_for_people_and_does_no_harm_when_that_is_gone(
    window: Terminal, deployment: Deployment, daemons: Daemons, redis: Redis
) -> None:
    deployment.configure(more=PATIENT)
    argv = [sys.executable, "-m", "resqued", "-c", str(deployment.file)]
    with window.start(argv, {**os.environ, "TEST_REDIS_URL": daemons.url}) as process:
        perform(redis, "Careful")
        window.type(CTRL_C)
        shown = window.shown()

        assert process.wait(timeout=15) == 0
    assert "master.stopping" in shown
    assert "signal" in shown
    assert not [line for line in shown.splitlines() if line.startswith("{")]
    assert texts(redis, QUEUE)
