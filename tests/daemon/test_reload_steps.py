"""Whatever step a reload has come to: a stop wins, a HUP is not forgotten, and a master that is killed loses nothing."""

import signal

import psutil
import pytest
from redis import Redis

from resqued import kin
from tests.support.daemon import Daemon, failures, popped, push, resque_keys, texts
from tests.support.deployment import Deployment, pool
from tests.support.reload_steps import STEPS
from tests.support.waiting import eventually

MIDDLE = ["the check has passed", "the master blocks signals", "it imports the application"]


def send(name: str) -> str:
    return f"os.kill(master, signal.{name})"


def busy(deployment: Deployment, redis: Redis, step: str, act: str, job: str = "Meet") -> Daemon:
    """A master with two workers, of which one has a job; `act` is what happens at the step."""
    deployment.configure(pool(workers=2))
    master = deployment.start_with(step, act)
    push(redis, job)
    popped(redis, "test:met")
    return master


def reload(deployment: Deployment, master: Daemon) -> None:
    """Until the step has been reached."""
    master.send(signal.SIGHUP)
    eventually(deployment.mark.exists, within=15)


def left_of(deployment: Deployment) -> list[str]:
    """What a master that has ended has left in its directory, but the lock, which is nobody's."""
    return sorted(file.name for file in deployment.run.iterdir() if file.name not in ("lock", "verdicts"))


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("step", STEPS)
def test_a_term_stops_the_daemon_when_the_job_has_ended(deployment: Deployment, redis: Redis, step: str) -> None:
    master = busy(deployment, redis, step, send("SIGTERM"))
    reload(deployment, master)
    eventually(lambda: master.logged("master.stopping"), within=15)
    redis.rpush("test:go", "on")

    assert master.wait() == 0
    assert texts(redis, "test:done") == ["meet"]
    assert resque_keys(redis) == {"resque:queues", "resque:stat:processed"}
    assert left_of(deployment) == []


@pytest.mark.parametrize("step", MIDDLE)
def test_a_quit_does_the_same(deployment: Deployment, redis: Redis, step: str) -> None:
    master = busy(deployment, redis, step, send("SIGQUIT"))
    reload(deployment, master)
    eventually(lambda: master.logged("master.stopping"), within=15)
    redis.rpush("test:go", "on")

    assert master.wait() == 0
    assert texts(redis, "test:done") == ["meet"]


@pytest.mark.parametrize("step", MIDDLE)
def test_an_int_puts_the_job_back(deployment: Deployment, redis: Redis, step: str) -> None:
    master = busy(deployment, redis, step, send("SIGINT"), "Careful")
    reload(deployment, master)

    assert master.wait() == 0
    assert redis.llen("resque:queue:work") == 1
    assert redis.get("resque:stat:processed") == b"0"
    assert not failures(redis)


@pytest.mark.parametrize("step", STEPS)
def test_another_hup_leads_to_exactly_one_more_check(deployment: Deployment, redis: Redis, step: str) -> None:
    master = busy(deployment, redis, step, send("SIGHUP"))
    reload(deployment, master)

    eventually(lambda: len(master.logged("reload.accepted")) == 2, within=15)
    redis.rpush("test:go", "on")
    deployment.wait_for_rollout(2)
    assert len(master.logged("reload.checking")) == 2
    assert texts(redis, "test:done") == ["meet"]


@pytest.mark.parametrize("step", STEPS)
def test_of_a_master_that_is_killed_nothing_is_left_and_nothing_lost(
    deployment: Deployment, redis: Redis, step: str
) -> None:
    master = busy(deployment, redis, step, send("SIGKILL"))
    family = [psutil.Process(pid) for pid in kin.descendants(master.pid)]
    reload(deployment, master)
    assert master.wait() == -signal.SIGKILL
    redis.rpush("test:go", "on")

    assert popped(redis, "test:done") == "meet"
    eventually(lambda: all(map(is_gone, family)))
    eventually(lambda: resque_keys(redis) == {"resque:queues", "resque:stat:processed"})


def test_a_new_master_takes_over_from_one_that_was_killed_while_it_became_new(
    deployment: Deployment, redis: Redis
) -> None:
    first = deployment.start_with("the new image begins", send("SIGKILL"))
    first.send(signal.SIGHUP)
    assert first.wait() == -signal.SIGKILL

    deployment.start()

    push(redis, "Say", "here")
    assert popped(redis, "test:said") == "here"
    assert deployment.status().generation == 0
    assert len(list(deployment.run.glob("scoreboard.*"))) == 1
