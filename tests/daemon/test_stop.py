"""How a stop treats the job that runs."""

import json
import os
import signal
from typing import Any

import psutil
from redis import Redis

from tests.support.daemon import Daemon, Daemons, failures, popped, push, resque_keys
from tests.support.waiting import eventually

NO_GRACE = "[shutdown]\ngrace = 0\nterm_timeout = 0.5"
QUEUE = "resque:queue:work"


def busy(daemons: Daemons, redis: Redis, job: str, **settings: Any) -> tuple[Daemon, int]:
    """A daemon whose only worker performs `job`; the pid of that job."""
    master = daemons.start(**settings)
    master.wait_for_workers(1)
    push(redis, job)
    return master, int(popped(redis, "test:met"))


def queued(redis: Redis) -> list[str]:
    return [json.loads(text)["class"] for text in redis.lrange(QUEUE, 0, -1)]


def test_term_lets_the_running_job_finish_and_takes_no_other(daemons: Daemons, redis: Redis) -> None:
    master, _ = busy(daemons, redis, "Meet")
    push(redis, "Say", "not now")
    master.send(signal.SIGTERM)
    eventually(lambda: master.logged("master.stopping"))
    redis.rpush("test:go", "on")

    assert master.wait() == 0
    assert redis.lrange("test:done", 0, -1) == [b"meet"]
    assert queued(redis) == ["Say"]


def test_a_job_that_outlasts_the_grace_is_asked_to_stop_and_put_back_at_the_head_uncounted(
    daemons: Daemons, redis: Redis
) -> None:
    master, _ = busy(daemons, redis, "Careful", more=NO_GRACE)
    push(redis, "Say", "later")

    assert master.stop() == 0
    assert popped(redis, "test:cleaned") == "up"
    assert queued(redis) == ["Careful", "Say"]
    assert redis.get("resque:stat:processed") == b"0"
    assert not failures(redis)
    assert resque_keys(redis) == {"resque:queues", QUEUE, "resque:stat:processed"}


def test_a_job_that_will_not_stop_is_killed_and_put_back(daemons: Daemons, redis: Redis) -> None:
    master, job = busy(daemons, redis, "Stubborn", more=NO_GRACE)

    assert master.stop() == 0
    assert popped(redis, "test:swallowed") == "JobTerminated"
    assert not psutil.pid_exists(job)
    assert queued(redis) == ["Stubborn"]


def test_where_interrupted_is_fail_a_job_cut_short_is_a_failure(daemons: Daemons, redis: Redis) -> None:
    master, _ = busy(daemons, redis, "Careful", more=NO_GRACE, pool='interrupted = "fail"')

    assert master.stop() == 0
    assert [entry["exception"] for entry in failures(redis)] == ["JobInterrupted"]
    assert queued(redis) == []


def test_int_asks_at_once_whatever_the_grace(daemons: Daemons, redis: Redis) -> None:
    master, _ = busy(daemons, redis, "Careful", more="[shutdown]\ngrace = 1000")

    assert master.stop(signal.SIGINT) == 0
    assert queued(redis) == ["Careful"]


def test_a_second_int_kills_at_once(daemons: Daemons, redis: Redis) -> None:
    master, _ = busy(daemons, redis, "Stubborn", more="[shutdown]\nterm_timeout = 1000")
    master.send(signal.SIGINT)
    assert popped(redis, "test:swallowed") == "JobTerminated"

    assert master.stop(signal.SIGINT) == 0
    assert queued(redis) == ["Stubborn"]


def test_quit_waits_for_the_job_however_short_the_grace(daemons: Daemons, redis: Redis) -> None:
    master, _ = busy(daemons, redis, "Meet", more=NO_GRACE)
    worker = master.workers()[0]
    master.send(signal.SIGQUIT)
    eventually(lambda: master.logged("master.stopping"))
    assert worker.is_running()
    redis.rpush("test:go", "on")

    assert master.wait() == 0
    assert redis.lrange("test:done", 0, -1) == [b"meet"]


def test_term_makes_a_quit_firmer(daemons: Daemons, redis: Redis) -> None:
    master, _ = busy(daemons, redis, "Careful", more=NO_GRACE)
    master.send(signal.SIGQUIT)
    eventually(lambda: master.logged("master.stopping"))

    assert master.stop(signal.SIGTERM) == 0
    assert queued(redis) == ["Careful"]


def test_a_quit_does_not_soften_a_term(daemons: Daemons, redis: Redis) -> None:
    master, _ = busy(daemons, redis, "Careful", more="[shutdown]\ngrace = 0.3\nterm_timeout = 0.5")
    master.send(signal.SIGTERM)
    eventually(lambda: master.logged("master.stopping"))
    master.send(signal.SIGQUIT)

    assert master.wait() == 0
    assert queued(redis) == ["Careful"]


def test_signals_that_are_sprayed_over_a_job_do_nothing_to_it(daemons: Daemons, redis: Redis) -> None:
    _, job = busy(daemons, redis, "Meet")
    for name in ("SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGTSTP", "SIGTTIN", "SIGTTOU"):
        os.killpg(job, signal.Signals[name])
    redis.rpush("test:go", "on")

    assert popped(redis, "test:done") == "meet"
    assert not failures(redis)
