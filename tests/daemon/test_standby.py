"""While a pool is idle, one process stands by for its next job."""

import ast
import os
import signal
from pathlib import Path

import psutil
from redis import Redis

from resqued.scoreboard import State
from tests.daemon.test_worker_signals import row_of
from tests.support.daemon import Daemon, Daemons, failures, popped, push, title_of
from tests.support.deployment import Deployment
from tests.support.hours import sleeps
from tests.support.waiting import eventually

PID = "os.getpid()"


def standing_by(master: Daemon) -> list[psutil.Process]:
    jobs = [job for worker in master.workers() for job in worker.children()]
    return [job for job in jobs if "Standing by" in title_of(job)]


def the_one(master: Daemon) -> psutil.Process:
    (process,) = eventually(lambda: standing_by(master))
    return process


def performed_by(redis: Redis) -> int:
    push(redis, "Fact", PID)
    return int(popped(redis, "test:facts"))


def test_the_process_that_stands_by_performs_the_next_job_and_no_other(daemons: Daemons, redis: Redis) -> None:
    master = daemons.start()
    master.wait_for_workers(1)
    first = the_one(master)
    assert title_of(first).startswith("resque-")
    assert title_of(first).endswith("Standing by [work.0]")

    assert performed_by(redis) == first.pid
    second = eventually(lambda: [job.pid for job in standing_by(master) if job.pid != first.pid])
    assert [performed_by(redis)] == second


def test_after_each_job_there_is_another_however_long_its_worker_would_sleep(daemons: Daemons, redis: Redis) -> None:
    master = daemons.start(pool="interval = 3600")
    master.wait_for_workers(1)
    for _ in range(10):
        process = the_one(master)
        assert performed_by(redis) == process.pid


def test_of_the_idle_workers_of_a_pool_one_has_such_a_process(daemons: Daemons, redis: Redis) -> None:
    master = daemons.start(workers=4)
    master.wait_for_workers(4)
    the_one(master)
    for _ in range(8):
        performed_by(redis)

    eventually(lambda: len(standing_by(master)) == 1)


def test_a_setting_turns_it_off(daemons: Daemons, redis: Redis) -> None:
    master = daemons.start(pool="standby = false")
    master.wait_for_workers(1)
    row = row_of(master, daemons.directory)
    eventually(lambda: row.leads)

    performed_by(redis)
    eventually(lambda: row.leads and row.state is State.IDLE)
    eventually(lambda: not master.workers()[0].children())


def test_one_that_is_killed_is_nobody_s_failure_and_not_forked_again_before_there_is_a_job(
    daemons: Daemons, redis: Redis
) -> None:
    master = daemons.start(pool="interval = 0.1")
    master.wait_for_workers(1)
    killed = the_one(master)
    killed.kill()
    eventually(lambda: not psutil.pid_exists(killed.pid))
    assert not standing_by(master)

    assert performed_by(redis) not in {killed.pid, master.pid}
    the_one(master)
    assert not failures(redis)


STATS = '[open(f"/proc/{pid}/stat").read() for pid in (os.getpid(), os.getppid())]'


def faults_in(stat: str) -> int:
    """Page faults so far. Nearly all of those after a fork are for pages that have to be copied."""
    return int(stat.rpartition(")")[2].split()[7])


def faults_of(process: psutil.Process) -> int:
    return faults_in(Path(f"/proc/{process.pid}/stat").read_text())


def are_at_rest(job: psutil.Process, worker: psutil.Process) -> bool:
    return "pipe_read" in Path(f"/proc/{job.pid}/wchan").read_text() and sleeps(worker.pid)


def test_most_pages_are_copied_while_there_is_no_job(daemons: Daemons, redis: Redis) -> None:
    master = daemons.start()
    master.wait_for_workers(1)
    (worker,) = master.workers()
    performed_by(redis)
    eventually(lambda: are_at_rest(the_one(master), worker))
    push(redis, "Fact", STATS)
    _, began = map(faults_in, ast.literal_eval(popped(redis, "test:facts")))
    eventually(lambda: are_at_rest(the_one(master), worker))
    of_job, of_worker = faults_of(the_one(master)), faults_of(worker)
    push(redis, "Fact", STATS)
    of_job_then, of_worker_then = map(faults_in, ast.literal_eval(popped(redis, "test:facts")))

    assert of_job_then - of_job < of_job
    assert of_worker_then - of_worker < of_worker - began


def test_it_goes_with_its_worker(daemons: Daemons, redis: Redis) -> None:
    master = daemons.start()
    master.wait_for_workers(1)
    process = the_one(master)
    os.kill(master.workers()[0].pid, signal.SIGKILL)

    eventually(lambda: not psutil.pid_exists(process.pid))
    performed_by(redis)


def test_it_goes_in_a_pause(daemons: Daemons, redis: Redis) -> None:
    master = daemons.start()
    master.wait_for_workers(1)
    process = the_one(master)
    master.send(signal.SIGUSR2)

    eventually(lambda: not psutil.pid_exists(process.pid))
    master.send(signal.SIGCONT)
    performed_by(redis)


def test_a_job_that_it_has_begun_fails_like_any_other(daemons: Daemons, redis: Redis) -> None:
    master = daemons.start()
    master.wait_for_workers(1)
    process = the_one(master)
    push(redis, "Die")
    eventually(lambda: failures(redis))

    assert f"job process {process.pid} ended without a verdict" in failures(redis)[0]["error"]
    assert redis.get("resque:stat:failed") == b"1"


HOOKED = """
import os
from resqued import hooks
from tracked import say

@hooks.before_fork
def note(job):
    say("test:before_fork", os.getpid())
"""


def test_a_hook_that_wants_to_know_the_job_before_the_fork_has_none_fork_ahead(
    deployment: Deployment, redis: Redis
) -> None:
    deployment.write("hooked", HOOKED)
    deployment.configure(modules=["hooked"])
    master = deployment.start()
    (worker,) = master.workers()
    row = row_of(master, deployment.run)
    eventually(lambda: row.leads)
    performed_by(redis)

    assert popped(redis, "test:before_fork") == str(worker.pid)
    eventually(lambda: row.leads and row.state is State.IDLE)
    assert not standing_by(master)


LENGTHY = """
import tracked
from resqued import hooks

@hooks.before_first_fork
def take_time(info):
    print("once")
    tracked.say("test:hook", "begins")
    with tracked.connection() as there:
        there.blpop("test:hook-ends", timeout=30)
"""


def lengthy(deployment: Deployment) -> Daemon:
    """A worker that has been asked to pause just before it forks who stands by, when there is a job already."""
    deployment.write("lengthy", LENGTHY)
    deployment.configure(modules=["lengthy"])
    return deployment.start(env={"PYTHONUNBUFFERED": ""})


def test_what_was_asked_while_it_was_forked_is_heard_before_a_job_is_taken(
    deployment: Deployment, redis: Redis
) -> None:
    master = lengthy(deployment)
    popped(redis, "test:hook")
    os.kill(master.workers()[0].pid, signal.SIGUSR2)
    push(redis, "Fact", PID)
    redis.rpush("test:hook-ends", "now")
    eventually(lambda: master.logged("worker.paused"))

    assert not master.logged("job.put_back")
    assert redis.llen("resque:queue:work") == 1


def test_what_a_hook_prints_in_the_worker_is_not_printed_by_each_job(deployment: Deployment, redis: Redis) -> None:
    master = lengthy(deployment)
    redis.rpush("test:hook-ends", "now")
    for _ in range(3):
        performed_by(redis)
    master.stop()

    assert master.output().count("once") == 1
