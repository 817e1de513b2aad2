"""What the master does on signals, but for reloads: pause, resume, stop, and how long that may take."""

import os
import signal
import time

import psutil
import pytest
from redis import Redis

from tests.support.daemon import Daemon, Daemons, failures, popped, push, texts
from tests.support.deployment import Deployment, pool
from tests.support.hurried import hurried
from tests.support.status import deliver, spray
from tests.support.waiting import eventually

QUEUE = "resque:queue:work"
MOODS: dict[int, str] = {signal.SIGTERM: "stopping", signal.SIGINT: "hurrying"}
BUSY_WITH_IT = "[shutdown]\ngrace = {grace}\nterm_timeout = {term}\nredis_timeout = 3"
SLOW_IMPORT = """
import os
import time

os.mkdir(__file__ + ".begun." + str(os.getpid()))
time.sleep(60)
"""

WAITING_IMPORT = """
import tracked

with tracked.connection() as there:
    there.rpush("test:importing", "begun")
    there.blpop("test:go", timeout=30)
"""


def busy(deployment: Deployment, redis: Redis, job: str, *, grace: float = 60, term: float = 60) -> Daemon:
    """A daemon whose only worker performs `job`."""
    deployment.configure(more=BUSY_WITH_IT.format(grace=grace, term=term))
    master = deployment.start()
    push(redis, job)
    popped(redis, "test:met")
    return master


def hears(master: Daemon, number: int, count: int = 1) -> None:
    """It is sent this signal, and has begun to stop, for the `count`th time."""
    master.send(number)
    eventually(lambda: len(master.logged("master.stopping")) == count)


def states(deployment: Deployment) -> list[str]:
    """Of the workers, as `resquectl status` shows them."""
    shown = deployment.resquectl("status").out
    return [line.split()[2] for line in shown.splitlines() if line.split()[:1] and "." in line.split()[0]]


# Pause and resume


def test_usr2_pauses_all_pools_and_cont_resumes_them(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(pool(), pool("other", workers=2))
    master = deployment.start()
    master.wait_for_workers(3)
    master.send(signal.SIGUSR2)
    eventually(lambda: states(deployment) == ["paused"] * 3)
    eventually(lambda: [one.paused for one in deployment.status().pools.values()] == [True, True])
    for queue in ("work", "other"):
        push(redis, "Say", queue, queue=queue)

    master.send(signal.SIGCONT)
    assert {popped(redis, "test:said") for _ in range(2)} == {"work", "other"}
    eventually(lambda: states(deployment) == ["idle"] * 3)
    assert len(master.logged("master.paused")) == len(master.logged("master.resumed")) == 1


@pytest.mark.parametrize("how", ["killed", "added"])
def test_a_worker_that_is_born_during_a_pause_takes_no_job_before_its_end(
    deployment: Deployment, redis: Redis, how: str
) -> None:
    master = deployment.start()
    master.send(signal.SIGUSR2)
    eventually(lambda: states(deployment) == ["paused"])
    push(redis, "Say", "at last")
    if how == "killed":
        os.kill(master.workers()[0].pid, signal.SIGKILL)
    else:
        master.send(signal.SIGTTIN)
    eventually(lambda: len(master.logged("worker.ready")) == 2)
    eventually(lambda: set(states(deployment)) == {"paused"})
    assert redis.llen(QUEUE) == 1

    master.send(signal.SIGCONT)
    assert popped(redis, "test:said") == "at last"
    assert not failures(redis)


def test_a_worker_that_imports_the_application_when_a_pause_comes_takes_no_job_either(
    deployment: Deployment, daemons: Daemons, redis: Redis
) -> None:
    deployment.write("waiting", WAITING_IMPORT)
    deployment.configure(modules=["waiting"], jobs='preload = "worker"')
    push(redis, "Say", "at last")
    master = daemons.start(deployment.file)
    popped(redis, "test:importing")
    master.send(signal.SIGUSR2)
    eventually(lambda: master.logged("master.paused"))
    redis.rpush("test:go", "on")
    eventually(lambda: states(deployment) == ["paused"])
    assert redis.llen(QUEUE) == 1

    master.send(signal.SIGCONT)
    assert popped(redis, "test:said") == "at last"


def test_a_pause_lets_the_job_that_runs_finish(deployment: Deployment, redis: Redis) -> None:
    master = busy(deployment, redis, "Meet")
    master.send(signal.SIGUSR2)
    eventually(lambda: master.logged("master.paused"))
    redis.rpush("test:go", "on")

    assert popped(redis, "test:done") == "meet"
    eventually(lambda: states(deployment) == ["paused"])
    assert master.stop() == 0


def test_a_cont_does_not_bring_back_who_is_to_stop(deployment: Deployment, redis: Redis) -> None:
    """systemd sends one after each TERM."""
    master = busy(deployment, redis, "Meet")
    push(redis, "Say", "too late")
    hears(master, signal.SIGTERM)
    for process in (master.pid, master.workers()[0].pid):
        os.kill(process, signal.SIGCONT)
    redis.rpush("test:go", "on")

    assert master.wait() == 0
    assert (texts(redis, "test:done"), texts(redis, "test:said")) == (["meet"], [])


# How long a stop may take


@pytest.mark.parametrize(
    ("number", "job", "seconds"),
    [(signal.SIGTERM, "Meet", 60 + 70 + 3), (signal.SIGINT, "Stubborn", 70 + 3)],
    ids=["SIGTERM", "SIGINT"],
)
def test_the_status_says_when_the_last_worker_will_have_gone(
    deployment: Deployment, redis: Redis, number: int, job: str, seconds: float
) -> None:
    master = busy(deployment, redis, job, grace=60, term=70)
    before = time.time()
    hears(master, number)

    eventually(lambda: deployment.status().mood == MOODS[number])
    stops_by = deployment.status().stops_by
    assert stops_by is not None
    assert before + seconds < stops_by < time.time() + seconds + 20
    assert "gone in" in deployment.resquectl("status").out
    redis.rpush("test:go", "on")
    assert master.stop(signal.SIGINT) == 0


def test_the_status_of_a_drain_has_no_end_until_there_is_one(deployment: Deployment, redis: Redis) -> None:
    master = busy(deployment, redis, "Meet")
    hears(master, signal.SIGQUIT)
    eventually(lambda: deployment.status().mood == "draining")
    assert deployment.status().stops_by is None
    hears(master, signal.SIGTERM, 2)

    eventually(lambda: deployment.status().stops_by is not None)
    assert deployment.status().mood == "stopping"
    redis.rpush("test:go", "on")
    assert master.wait() == 0


def test_a_worker_that_does_not_leave_in_time_is_killed_and_what_it_had_is_settled(
    deployment: Deployment, redis: Redis
) -> None:
    deployment.configure(more="[shutdown]\ngrace = 0\nterm_timeout = 0.2\nredis_timeout = 0.5")
    master = deployment.start(program=hurried({"fleet.limits.GONE_BY": 0.5}))
    push(redis, "Meet")
    job = int(popped(redis, "test:met"))
    os.kill(master.workers()[0].pid, signal.SIGSTOP)

    assert master.stop() == 0
    assert len(master.logged("worker.killed")) == 1
    assert not psutil.pid_exists(job)
    assert [entry["exception"] for entry in failures(redis)] == ["Resque::DirtyExit"]
    assert not redis.smembers("resque:workers")


# Firmer, never softer


def test_a_term_after_an_int_gives_no_grace(deployment: Deployment, redis: Redis) -> None:
    master = busy(deployment, redis, "Stubborn")
    hears(master, signal.SIGINT)
    assert popped(redis, "test:swallowed") == "JobTerminated"
    for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
        master.send(number)

    assert popped(redis, "test:swallowed") == "JobTerminated"  # it is asked again each second
    assert len(master.logged("master.stopping")) == 1
    assert deployment.status().mood == "hurrying"
    assert master.stop(signal.SIGINT) == 0


def test_a_second_term_changes_nothing(deployment: Deployment, redis: Redis) -> None:
    master = busy(deployment, redis, "Meet")
    hears(master, signal.SIGTERM)
    end = eventually(lambda: deployment.status().stops_by)
    deliver(master.pid, signal.SIGTERM)
    deliver(master.pid, signal.SIGUSR1)
    eventually(lambda: master.logged("log.reopened"))  # which came after it

    assert deployment.status().stops_by == end
    assert len(master.logged("master.stopping")) == 1
    redis.rpush("test:go", "on")
    assert popped(redis, "test:done") == "meet"
    assert master.wait() == 0


def test_of_wishes_at_the_very_same_time_the_firmest_counts(deployment: Deployment, redis: Redis) -> None:
    master = busy(deployment, redis, "Careful", term=0.5)
    spray(master.pid, [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR2, signal.SIGCONT])

    assert popped(redis, "test:cleaned") == "up"
    assert master.wait() == 0
    assert redis.llen(QUEUE) == 1


# To the whole group


def test_a_term_for_the_group_of_the_master_and_of_the_job_kills_no_job(deployment: Deployment, redis: Redis) -> None:
    master = deployment.start()
    push(redis, "Meet")
    job = int(popped(redis, "test:met"))
    for group in (job, master.pid):
        assert os.getpgid(group) == group
        os.killpg(group, signal.SIGTERM)
    eventually(lambda: master.logged("master.stopping"))
    redis.rpush("test:go", "on")

    assert popped(redis, "test:done") == "meet"
    assert master.wait() == 0
    assert not failures(redis)
    assert not redis.llen(QUEUE)


# While the application is imported


@pytest.mark.parametrize("preload", ["master", "worker"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT], ids=lambda number: number.name)
def test_no_stop_waits_for_an_import(
    deployment: Deployment, daemons: Daemons, redis: Redis, preload: str, number: int
) -> None:
    deployment.write("slow", SLOW_IMPORT)
    deployment.configure(pool(workers=4), modules=["slow"], jobs=f'preload = "{preload}"')
    master = daemons.start(deployment.file)
    importers = 1 if preload == "master" else 4
    eventually(lambda: len(list(deployment.app.glob("slow.py.begun.*"))) == importers)

    assert master.stop(number, within=10) == 0
    assert not master.logged("worker.died")
    assert not master.logged("pool.degraded")
    assert not master.logged("config.refused")
    assert not redis.keys("resque*")


def test_a_first_start_takes_the_time_that_the_application_needs(deployment: Deployment) -> None:
    """Nothing runs yet that could be spoilt."""
    deployment.write("slow", "import time\ntime.sleep(0.5)\n")
    deployment.configure(modules=["slow"], daemon="reload_timeout = 0.1")
    master = deployment.start()

    assert master.logged("worker.ready")
    assert master.stop() == 0
