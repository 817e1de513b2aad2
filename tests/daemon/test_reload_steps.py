"""At whatever step of a reload: a stop wins, a HUP is not forgotten, a master that is killed loses nothing."""

import signal

import psutil
import pytest
from redis import Redis

from resqued import kin
from tests.support.daemon import Daemon, failures, popped, push, resque_keys, texts
from tests.support.deployment import Deployment, performs, pool
from tests.support.reload_steps import STEPS
from tests.support.waiting import eventually

MIDDLE = ["the check has passed", "the master blocks signals", "it imports the application"]
KILLS = [*MIDDLE, "the new image begins", "it inherits", "it has forked the first successor"]


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
    assert list(deployment.run.iterdir()) == []


def test_a_quit_does_the_same(deployment: Deployment, redis: Redis) -> None:
    master = busy(deployment, redis, "the master blocks signals", send("SIGQUIT"))
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


@pytest.mark.parametrize("step", MIDDLE[:2])
def test_another_hup_leads_to_exactly_one_more_check(deployment: Deployment, redis: Redis, step: str) -> None:
    master = busy(deployment, redis, step, send("SIGHUP"))
    reload(deployment, master)

    eventually(lambda: len(master.logged("reload.accepted")) == 2, within=15)
    redis.rpush("test:go", "on")
    deployment.wait_for_rollout(2)
    assert len(master.logged("reload.checking")) == 2
    assert texts(redis, "test:done") == ["meet"]


@pytest.mark.parametrize("step", KILLS)
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_check_that_hangs_and_will_not_hear_ends_with_its_master(deployment: Deployment, number: int) -> None:
    deployment.configure(modules=["deaf"])
    deployment.write("deaf", "")
    master = deployment.start()
    deaf = "import pathlib, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    deployment.write("deaf", f"{deaf}pathlib.Path({str(deployment.mark)!r}).touch()\ntime.sleep(60)")
    master.send(signal.SIGHUP)
    eventually(deployment.mark.exists, within=15)
    (check,) = [psutil.Process(line["pid"]) for line in master.logged("reload.checking")]

    master.send(number)

    master.wait()
    eventually(lambda: is_gone(check))


def test_a_new_master_takes_over_from_one_that_was_killed_while_it_became_new(
    deployment: Deployment, redis: Redis
) -> None:
    first = deployment.start_with("the new image begins", send("SIGKILL"))
    first.send(signal.SIGHUP)
    assert first.wait() == -signal.SIGKILL

    deployment.start()

    assert performs(redis)
    assert deployment.status().generation == 0
    assert len(list(deployment.run.glob("scoreboard.*"))) == 1


def test_where_no_file_can_be_made_the_new_image_does_without_a_scoreboard(
    deployment: Deployment, redis: Redis
) -> None:
    """A disk that is full is full for the next master, too."""
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))"
    master = deployment.start_with("it inherits", full)
    before = master.workers()
    master.send(signal.SIGHUP)
    eventually(lambda: master.workers() not in ([], before), within=15)

    psutil.Process(master.pid).rlimit(psutil.RLIMIT_FSIZE, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))
    assert performs(redis)
    assert deployment.reload().status == 0
    deployment.wait_for_rollout(2)
    assert master.stop() == 0


# Afterwards, while workers are replaced


def test_a_term_while_the_first_worker_is_asked_to_leave(deployment: Deployment, redis: Redis) -> None:
    master = deployment.start()
    push(redis, "Meet")
    popped(redis, "test:met")
    assert deployment.reload().status == 0
    eventually(lambda: master.logged("rollout.probing"))

    master.send(signal.SIGTERM)
    eventually(lambda: master.logged("master.stopping"))
    redis.rpush("test:go", "on")

    assert master.wait() == 0
    assert texts(redis, "test:done") == ["meet"]
    assert not failures(redis)


def test_an_int_while_the_rest_is_replaced(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(pool(workers=2))
    master = deployment.start()
    push(redis, "Careful")
    popped(redis, "test:met")
    assert deployment.reload().status == 0
    eventually(lambda: master.logged("rollout.replacing"))

    assert master.stop(signal.SIGINT) == 0
    assert redis.llen("resque:queue:work") == 1
    assert not failures(redis)
