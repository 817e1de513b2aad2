"""One process for several jobs: what is promised of each of them, and when the process goes."""

import os
import signal
from collections.abc import Sequence

import psutil
import pytest
from redis import Redis

from tests.support.daemon import Daemon, Daemons, failures, popped, push, resque_keys, texts
from tests.support.waiting import eventually

PID = "os.getpid()"
TEN = "jobs_per_fork = 10"

THREAD = "__import__('threading').Thread(target=__import__('time').sleep, args=(60,), daemon=True).start()"
CHILD = "__import__('subprocess').Popen(['sleep', '1']) and None"
ZOMBIE = "os.fork() or os._exit(0)"
DEATH_BEFORE_THE_NEXT = "setattr(__import__('resqued.orders').orders, 'read', lambda pipe: os._exit(9))"


def performed(daemons: Daemons, redis: Redis, jobs: Sequence[tuple[object, ...]], pool: str = TEN) -> Daemon:
    """All these jobs, which wait before there is a worker, so that each follows at once on the one before."""
    for name, *args in jobs:
        push(redis, str(name), *args)
    master = daemons.start(pool=pool)
    master.wait_for_workers(1)
    eventually(lambda: redis.get("resque:stat:processed") == str(len(jobs)).encode())
    eventually(lambda: not redis.keys("resque:worker:*:[0-9]*:work"))
    return master


def pids(redis: Redis) -> list[int]:
    return [int(text) for text in texts(redis, "test:facts") if text.isdecimal()]


def test_a_process_performs_so_many_jobs_and_then_another_does(daemons: Daemons, redis: Redis) -> None:
    master = performed(daemons, redis, [("Fact", PID)] * 7, "jobs_per_fork = 3")
    eventually(lambda: len(pids(redis)) == 7)
    first, *_, last = found = pids(redis)

    assert found == [first] * 3 + [found[3]] * 3 + [last]
    assert len(set(found)) == 3
    assert not failures(redis)
    assert master.stop() == 0
    assert resque_keys(redis) == {"resque:queues", "resque:stat:processed"}


def test_each_job_finds_itself_to_be_the_current_one(daemons: Daemons, redis: Redis) -> None:
    run = "__import__('resqued').current_job().run"
    performed(daemons, redis, [("Fact", run)] * 3)
    eventually(lambda: len(pids(redis)) == 3)

    first = pids(redis)[0]
    assert pids(redis) == [first, first + 1, first + 2]


def test_a_process_goes_when_there_is_nothing_more_to_do(daemons: Daemons, redis: Redis) -> None:
    performed(daemons, redis, [("Fact", PID)] * 2)
    eventually(lambda: len(pids(redis)) == 2)

    eventually(lambda: not psutil.pid_exists(pids(redis)[0]))


@pytest.mark.parametrize("left", [THREAD, CHILD, ZOMBIE])
def test_a_process_in_which_a_job_has_left_something_gets_no_other(daemons: Daemons, redis: Redis, left: str) -> None:
    performed(daemons, redis, [("Fact", PID), ("Fact", left), ("Fact", PID)])
    eventually(lambda: len(pids(redis)) >= 2)

    assert len(set(pids(redis)[::2] if left is ZOMBIE else pids(redis))) == 2
    assert not failures(redis)


@pytest.mark.parametrize(
    ("job", "exception"),
    [(("Boom",), "ValueError"), (("Die",), "Resque::DirtyExit"), (("Leave", 3), "Resque::DirtyExit")],
)
def test_a_job_that_fails_takes_its_process_with_it_and_no_other_job(
    daemons: Daemons, redis: Redis, job: tuple[object, ...], exception: str
) -> None:
    performed(daemons, redis, [("Fact", PID), job, ("Fact", PID)])
    eventually(lambda: len(pids(redis)) == 2)
    (failure,) = failures(redis)

    assert failure["exception"] == exception
    assert failure["payload"]["class"] == job[0]
    assert len(set(pids(redis))) == 2
    assert redis.get("resque:stat:failed") == b"1"


def test_a_job_that_its_process_did_not_begin_is_performed_by_another(daemons: Daemons, redis: Redis) -> None:
    performed(daemons, redis, [("Fact", PID), ("Fact", DEATH_BEFORE_THE_NEXT), ("Fact", PID), ("Say", "after")])

    assert popped(redis, "test:said") == "after"
    assert len(set(pids(redis))) == 2
    assert not failures(redis)


def test_a_job_that_is_too_large_to_be_handed_over_has_a_process_of_its_own(daemons: Daemons, redis: Redis) -> None:
    performed(daemons, redis, [("Fact", PID), ("Fact", PID + " " * 40_000), ("Fact", PID)])
    eventually(lambda: len(pids(redis)) == 3)
    first, second, third = pids(redis)

    assert first != second == third


def test_what_is_no_job_does_not_end_the_process(daemons: Daemons, redis: Redis) -> None:
    push(redis, "Fact", PID)
    redis.rpush("resque:queue:work", "this is no job")
    push(redis, "Fact", PID)
    daemons.start(pool=TEN)
    eventually(lambda: len(pids(redis)) == 2, within=10)

    assert len(set(pids(redis))) == 1
    assert [failure["exception"] for failure in failures(redis)] == ["InvalidPayload"]


def test_the_timeout_is_of_each_job(daemons: Daemons, redis: Redis) -> None:
    jobs = [("Fact", PID), ("Careful",), ("Fact", PID)]
    performed(daemons, redis, jobs, f"{TEN}\ntimeout = 0.5")

    assert [failure["exception"] for failure in failures(redis)] == ["JobTimeout"]
    assert popped(redis, "test:cleaned") == "up"
    eventually(lambda: len(set(pids(redis))) == 2)


def test_usr1_to_the_worker_stops_the_job_at_hand(daemons: Daemons, redis: Redis) -> None:
    for name, *args in (("Fact", PID), ("Careful",), ("Fact", PID)):
        push(redis, name, *args)
    master = daemons.start(pool=TEN)
    job = int(popped(redis, "test:met"))
    os.kill(master.workers()[0].pid, signal.SIGUSR1)
    eventually(lambda: len(pids(redis)) == 2)

    assert pids(redis)[0] == job != pids(redis)[1]
    assert [failure["exception"] for failure in failures(redis)] == ["JobKilled"]


def test_a_stop_puts_the_job_at_hand_back_at_the_head(daemons: Daemons, redis: Redis) -> None:
    for name, *args in (("Fact", PID), ("Careful",), ("Say", "later")):
        push(redis, name, *args)
    master = daemons.start(pool=TEN, more="[shutdown]\ngrace = 0.1")
    popped(redis, "test:met")

    assert master.stop() == 0
    assert [b"Careful" in text for text in redis.lrange("resque:queue:work", 0, -1)] == [True, False]
    assert redis.get("resque:stat:processed") == b"1"
    assert not failures(redis)


def test_a_killed_worker_takes_the_process_and_the_job_at_hand_with_it(daemons: Daemons, redis: Redis) -> None:
    for name, *args in (("Fact", PID), ("Meet",), ("Say", "after")):
        push(redis, name, *args)
    master = daemons.start(pool=TEN)
    job = psutil.Process(int(popped(redis, "test:met")))
    os.kill(master.workers()[0].pid, signal.SIGKILL)

    assert popped(redis, "test:said") == "after"
    assert not job.is_running() or job.status() == psutil.STATUS_ZOMBIE
    eventually(lambda: [failure["payload"]["class"] for failure in failures(redis)] == ["Meet"])


def test_a_process_that_has_ended_before_its_worker_looks_is_believed(daemons: Daemons, redis: Redis) -> None:
    """Each failure ends its process, some of them while their worker still has something to say of the job before."""
    performed(daemons, redis, [("Fact", PID), ("Boom",)] * 20)

    assert [failure["exception"] for failure in failures(redis)] == ["ValueError"] * 20
    assert redis.get("resque:stat:failed") == b"20"
