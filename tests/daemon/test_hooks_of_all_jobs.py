"""What an application has done around all of its jobs, and a job that is a function, as a daemon runs them."""

import pytest
from redis import Redis

from tests.support.daemon import Daemon, failures, popped, push, title_of
from tests.support.deployment import Deployment, pool
from tests.support.waiting import eventually

HOOKED = """
import asyncio, os, signal
from contextlib import contextmanager

import resqued
from resqued import hooks
from tracked import say

@hooks.after_load
def note():
    os.environ["LOADED_BY"] = str(os.getpid())

@hooks.around_job
@contextmanager
def told(job):
    say("test:told", f"in {job.name}")
    yield
    say("test:told", "out")

@hooks.on_failure
def mourn(job, error):
    say("test:mourned", f"{job.queue} {job.name} {type(error).__name__} {os.getpid()}")

@resqued.job(queue="work", name="Ruby::First", timeout=20)
def first(text: str, times: int = 1):
    second.enqueue(text * times)

@resqued.job(queue="work")
async def second(text: str):
    say("test:said", f"{text} {os.environ['LOADED_BY']}")

@resqued.job(queue="work", timeout=0.1)
def slow():
    signal.pause()

@resqued.job(queue="work", timeout=0.2)
async def later():
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)
        say("test:said", "tidied up")

@resqued.job(queue="work")
def fatal():
    os.kill(os.getpid(), signal.SIGKILL)

@resqued.job(queue="work")
def wrong():
    say("test:pid", os.getpid())
    raise ValueError("boom")
"""


def started(deployment: Deployment, more: str = "") -> Daemon:
    deployment.write("hooked", HOOKED)
    deployment.configure(pool(more=more), modules=["hooked"])
    return deployment.start()


def test_a_function_is_performed_and_enqueues_another_to_the_redis_that_it_came_from(
    deployment: Deployment, redis: Redis
) -> None:
    master = started(deployment, "jobs_per_fork = 10")
    push(redis, "Ruby::First", "hello ", 2)

    assert popped(redis, "test:said") == f"hello hello  {master.pid}"
    told = [popped(redis, "test:told") for _ in range(4)]
    assert told == ["in Ruby::First", "out", "in hooked.second", "out"]
    assert not failures(redis)


@pytest.mark.parametrize("preload", ["master", "job"])
def test_every_failure_is_told_wherever_it_is_seen(deployment: Deployment, redis: Redis, preload: str) -> None:
    deployment.write("hooked", HOOKED)
    deployment.configure(modules=["hooked"], jobs=f'preload = "{preload}"')
    master = deployment.start()
    push(redis, "wrong")
    pid = popped(redis, "test:pid")
    assert popped(redis, "test:mourned") == f"work wrong ValueError {pid}"

    for name, error in (("fatal", "DirtyExit"), ("gone", "UnknownJob")):
        push(redis, name)
        told, _, by = popped(redis, "test:mourned").rpartition(" ")
        assert told == f"work {name} {error}"
        assert int(by) not in {master.pid, *(worker.pid for worker in master.workers())}
    eventually(lambda: len(failures(redis)) == 3)


def test_a_coroutine_that_takes_too_long_tidies_up(deployment: Deployment, redis: Redis) -> None:
    started(deployment)
    push(redis, "later")

    assert popped(redis, "test:said") == "tidied up"
    assert popped(redis, "test:mourned").startswith("work later JobTimeout ")


def test_a_job_that_took_too_long_and_what_is_no_job_are_told(deployment: Deployment, redis: Redis) -> None:
    started(deployment)
    push(redis, "slow")
    assert popped(redis, "test:mourned").startswith("work slow JobTimeout ")

    redis.rpush("resque:queue:work", "rubbish")
    assert popped(redis, "test:mourned").startswith("work InvalidPayload InvalidPayload ")


@pytest.mark.parametrize("more", ["", "jobs_per_fork = 10"], ids=["stands by", "performs several"])
def test_a_job_that_is_refused_and_mourned_leaves_no_process_behind(
    deployment: Deployment, redis: Redis, more: str
) -> None:
    master = started(deployment, more)
    (worker,) = master.workers()
    for _ in range(3):
        push(redis, "Say", "here")
        redis.rpush("resque:queue:work", "this is no job")
        popped(redis, "test:said")
        popped(redis, "test:mourned")
        eventually(lambda: [title_of(one).endswith("Standing by [work.0]") for one in worker.children()] == [True])
