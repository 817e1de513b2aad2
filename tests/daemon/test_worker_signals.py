"""What a worker does when somebody sends it a signal, and what its row of the scoreboard then says."""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from redis import Redis

from resqued.scoreboard import Row, Scoreboard, State
from tests.support import proxy as proxies
from tests.support.daemon import Daemon, Daemons, daemons, failures, popped, push, texts, title_of
from tests.support.lone import PROGRAM, lone, wait_until_registered
from tests.support.redis_server import RedisServer, free_port, running
from tests.support.status import deliver
from tests.support.waiting import eventually

QUEUE = "resque:queue:work"
PATIENT = "interval = 3600"


def row_of(master: Daemon, directory: Path, number: int = 0) -> Row:
    (file,) = directory.rglob(f"scoreboard.{master.pid}.*")
    return Scoreboard.open(file).row(number)


def waits_for_an_answer(pid: int) -> bool:
    """Asleep, and not where it is when it waits for whatever may come."""
    return (
        psutil.Process(pid).status() == psutil.STATUS_SLEEPING and "poll" not in Path(f"/proc/{pid}/wchan").read_text()
    )


class Started:
    """A daemon with one worker, which looks for jobs of itself only once an hour."""

    def __init__(self, daemons: Daemons, redis: Redis, pool: str = PATIENT, **settings: Any) -> None:
        self.redis = redis
        self.master = daemons.start(pool=pool, more='[log]\nlevel = "debug"', **settings)
        self.master.wait_for_workers(1)
        self.pid = self.master.workers()[0].pid
        self.row = row_of(self.master, daemons.directory)
        self.becomes(State.IDLE)

    def send(self, *numbers: int) -> None:
        """One after the other."""
        for number in numbers:
            deliver(self.pid, number)

    def becomes(self, state: State) -> None:
        eventually(lambda: self.row.state is state)

    def met(self) -> int:
        """The pid of a job that runs until something is pushed to `test:go`."""
        push(self.redis, "Meet")
        return int(popped(self.redis, "test:met"))

    def done(self) -> str:
        self.redis.rpush("test:go", "on")
        return popped(self.redis, "test:done")

    def story(self) -> list[str]:
        """What became of jobs and pauses, in order."""
        told = ("job.started", "job.done", "worker.paused", "worker.resumed")
        return [line["event"].partition(".")[2] for line in self.master.lines() if line["event"] in told]

    def said(self, text: str) -> str:
        push(self.redis, "Say", text)
        return popped(self.redis, "test:said")


@pytest.fixture
def worker(daemons: Daemons, redis: Redis) -> Started:
    return Started(daemons, redis)


def is_waiting(redis: Redis, count: int) -> bool:
    """Whether so many jobs stay in the queue."""
    return redis.llen(QUEUE) == count


# USR1


def test_usr1_stops_the_job_and_the_worker_goes_on(worker: Started, redis: Redis) -> None:
    push(redis, "Careful")
    popped(redis, "test:met")
    worker.send(signal.SIGUSR1)

    assert popped(redis, "test:cleaned") == "up"
    assert worker.said("next") == "next"
    assert [failure["exception"] for failure in failures(redis)] == ["JobKilled"]
    assert worker.master.workers()[0].pid == worker.pid


def test_usr1_without_a_job_does_nothing_to_the_next(worker: Started, redis: Redis) -> None:
    worker.send(signal.SIGUSR1)

    assert worker.said("unharmed") == "unharmed"
    assert not failures(redis)


# USR2 and CONT


def test_a_worker_that_pauses_takes_no_job_until_it_resumes(worker: Started, redis: Redis) -> None:
    worker.send(signal.SIGUSR2)
    worker.becomes(State.PAUSED)
    eventually(lambda: title_of(psutil.Process(worker.pid)).endswith("Paused [work.0]"))
    push(redis, "Say", "at last")
    worker.send(signal.SIGCONT)

    assert popped(redis, "test:said") == "at last"
    worker.becomes(State.IDLE)
    assert worker.story() == ["paused", "resumed", "started", "done"]


def test_a_worker_that_pauses_finishes_its_job_and_takes_no_other(worker: Started, redis: Redis) -> None:
    worker.met()
    push(redis, "Say", "later")
    worker.send(signal.SIGUSR2)
    assert worker.row.state is State.BUSY
    assert worker.done() == "meet"
    worker.becomes(State.PAUSED)
    worker.send(signal.SIGCONT)

    assert popped(redis, "test:said") == "later"
    worker.becomes(State.IDLE)
    assert worker.story() == ["started", "done", "paused", "resumed", "started", "done"]


def test_a_pause_that_is_taken_back_while_a_job_runs_has_never_been(worker: Started, redis: Redis) -> None:
    worker.met()
    worker.send(signal.SIGUSR2, signal.SIGCONT)
    worker.done()

    assert worker.said("next") == "next"
    assert "paused" not in worker.story()


def test_a_pause_and_its_end_at_the_very_same_time_leave_nobody_paused(worker: Started) -> None:
    """The kernel says nothing of the order in which they were sent."""
    os.kill(worker.pid, signal.SIGSTOP)
    os.kill(worker.pid, signal.SIGUSR2)
    os.kill(worker.pid, signal.SIGCONT)

    assert worker.said("here") == "here"


def test_a_worker_that_pauses_leaves_when_asked_to(worker: Started) -> None:
    worker.send(signal.SIGUSR2)
    worker.becomes(State.PAUSED)

    assert worker.master.stop() == 0


def test_a_worker_that_is_to_leave_does_not_resume(worker: Started, redis: Redis) -> None:
    """systemd sends CONT after TERM."""
    worker.met()
    push(redis, "Say", "not by this one")
    worker.send(signal.SIGUSR2, signal.SIGQUIT, signal.SIGCONT)
    worker.master.send(signal.SIGQUIT)
    worker.done()

    assert worker.master.wait() == 0
    assert is_waiting(redis, 1)


def test_a_job_that_was_taken_by_the_very_call_during_which_a_pause_arrived_is_put_back_unstarted(
    tmp_path: Path, redis: Redis, redis_url: str, redis_server: RedisServer
) -> None:
    with proxies.before(redis_server.port) as network, daemons(tmp_path, redis, network.url) as fleet:
        worker = Started(fleet, redis, env={"TEST_REDIS_URL": redis_url})
        worker.met()
        push(redis, "Say", "later")
        network.hold()  # the end of this job, and the wish for the next
        worker.done()
        eventually(lambda: waits_for_an_answer(worker.pid))
        worker.send(signal.SIGUSR2)
        network.flow()
        worker.becomes(State.PAUSED)

        assert [json.loads(payload)["args"] for payload in redis.lrange(QUEUE, 0, -1)] == [["later"]]
        assert redis.get("resque:stat:processed") == b"1"
        assert len(worker.master.logged("job.put_back")) == 1
        worker.send(signal.SIGCONT)
        assert popped(redis, "test:said") == "later"


def test_a_pause_while_redis_is_away_holds_when_it_is_back(
    tmp_path: Path, redis: Redis, redis_server: RedisServer
) -> None:
    with proxies.before(redis_server.port) as network, daemons(tmp_path, redis, network.url) as fleet:
        worker = Started(fleet, redis, pool="interval = 0.1")
        network.go_away()
        eventually(lambda: worker.master.logged("redis.lost"))
        worker.send(signal.SIGUSR2)
        worker.becomes(State.PAUSED)
        push(redis, "Say", "later")
        network.come_back()
        eventually(lambda: worker.master.logged("redis.back"))
        worker.send(signal.SIGCONT)

        assert popped(redis, "test:said") == "later"
        assert worker.story()[:3] == ["paused", "resumed", "started"]


PAUSES_AT_ONCE = """
import os, signal
from resqued.store.slate import Slate

reserve = Slate.reserve

def during_the_first(slate, queues):
    Slate.reserve = reserve
    os.kill(os.getpid(), signal.SIGUSR2)
    return reserve(slate, queues)

Slate.reserve = during_the_first
from resqued import __main__
"""


def test_a_pause_during_the_first_look_for_jobs_is_seen_at_once(daemons: Daemons, redis: Redis) -> None:
    master = daemons.start(program=[sys.executable, "-c", PAUSES_AT_ONCE], pool=PATIENT)
    eventually(lambda: master.logged("worker.paused"))

    eventually(lambda: row_of(master, daemons.directory).state is State.PAUSED)


def test_a_worker_that_is_born_paused_registers_and_takes_no_job(tmp_path: Path, redis: Redis, redis_url: str) -> None:
    program = PROGRAM.replace("worker.work()", "from functools import partial; from resqued import standalone")
    program += "standalone.work = partial(standalone.work, paused=True)\nworker.work()\n"
    push(redis, "Say", "later")
    with lone(tmp_path, redis, redis_url, program=program) as worker:
        eventually(lambda: worker.logged("worker.paused"))
        assert redis.scard("resque:workers") == 1
        deliver(worker.pid, signal.SIGCONT)

        assert popped(redis, "test:said") == "later"
        eventually(lambda: worker.logged("job.done"))
        events = [line["event"] for line in worker.lines()]
        assert events.index("worker.resumed") < events.index("job.done")
        assert worker.stop() == 0


# The row


def test_a_row_tells_what_its_worker_does_and_has_done(worker: Started, redis: Redis) -> None:
    born = worker.row.since
    job = worker.met()
    assert (worker.row.state, worker.row.job_name, worker.row.job) == (State.BUSY, "Meet", job)
    assert worker.row.since >= born
    worker.done()
    push(redis, "Boom")
    worker.becomes(State.IDLE)
    eventually(lambda: worker.row.failed == 1)

    assert worker.row.done == 1
    assert worker.row.job != job
    assert worker.row.tick >= born
    assert psutil.Process(worker.pid).memory_info().rss / 2 < worker.row.rss < 1 << 30


def test_a_worker_is_offline_until_redis_has_answered_once(tmp_path: Path) -> None:
    port = free_port()
    with Redis(port=port) as nobody, daemons(tmp_path, nobody, f"redis://127.0.0.1:{port}/0") as fleet:
        master = fleet.start()
        eventually(lambda: master.logged("redis.lost"))
        row = row_of(master, tmp_path)
        eventually(lambda: row.state is State.OFFLINE)
        assert row.tick > 0
        with running("--port", str(port)):
            eventually(lambda: row.state is State.IDLE, within=20)

            assert master.stop() == 0


LOUD = """
from resqued import standalone
from resqued.lifeline import Bell

class Loud(Bell):
    def ring(self):
        super().ring()
        print("rung:", row.state.name, flush=True)

def work(*what, row, bell=Loud(), then=standalone.work, **how):
    globals()["row"] = row
    then(*what, row=row, bell=bell, **how)

standalone.work = work
"""


@pytest.mark.parametrize("pushed", [0, 1])
def test_a_worker_rings_when_it_has_reached_redis(tmp_path: Path, redis: Redis, redis_url: str, pushed: int) -> None:
    for _ in range(pushed):
        push(redis, "Say", "at once")
    with lone(tmp_path, redis, redis_url, program=LOUD + PROGRAM) as worker:
        wait_until_registered(redis)
        eventually(lambda: worker.output().count("rung") == 1)
        push(redis, "Say", "here")
        assert popped(redis, "test:said") == ("at once" if pushed else "here")
        assert worker.stop() == 0

        rung = [line for line in worker.output().splitlines() if line.startswith("rung")]
        assert rung == ["rung: BUSY" if pushed else "rung: IDLE"]


def test_a_worker_that_finds_redis_away_rings_for_that_too(tmp_path: Path) -> None:
    port = free_port()
    with (
        Redis(port=port) as nobody,
        lone(tmp_path, nobody, f"redis://127.0.0.1:{port}/0", program=LOUD + PROGRAM) as worker,
    ):
        eventually(lambda: "rung: OFFLINE" in worker.output())
        with running("--port", str(port)):
            eventually(lambda: "rung: IDLE" in worker.output(), within=20)
            assert worker.stop() == 0


@pytest.mark.parametrize(("pool", "pipes"), [("standby = false", 1), ("", 2)])
def test_a_job_holds_no_pipe_but_those_to_its_worker(daemons: Daemons, redis: Redis, pool: str, pipes: int) -> None:
    worker = Started(daemons, redis, pool)
    eventually(lambda: worker.row.leads)
    job = worker.met()
    held = [str(file.readlink()) for file in Path(f"/proc/{job}/fd").iterdir()]

    assert len([what for what in held if what.startswith("pipe")]) == pipes


# Recycling


def recycled(master: Daemon) -> list[str]:
    return [line["reason"] for line in master.logged("worker.recycled")]


def test_after_so_many_jobs_a_worker_makes_room_for_a_fresh_one(daemons: Daemons, redis: Redis) -> None:
    for number in range(4):
        push(redis, "Say", str(number))
    master = daemons.start(pool="max_jobs = 2")
    assert [popped(redis, "test:said") for _ in range(4)] == ["0", "1", "2", "3"]
    eventually(lambda: len(master.logged("worker.stopped")) == 2)

    assert recycled(master) == ["max_jobs", "max_jobs"]
    assert not master.logged("worker.died")
    assert redis.get("resque:stat:processed") == b"4"


def test_a_worker_that_is_old_enough_makes_room_without_a_job(daemons: Daemons) -> None:
    master = daemons.start(pool="max_age = 0.3\ninterval = 0.05")
    eventually(lambda: len(master.logged("worker.stopped")) >= 1)

    assert recycled(master)[0] == "max_age"
    assert not master.logged("worker.died")


def test_a_worker_that_has_grown_makes_room_after_a_job(daemons: Daemons, redis: Redis) -> None:
    for number in range(2):
        push(redis, "Say", str(number))
    master = daemons.start(pool='max_memory = "1MiB"')
    assert [popped(redis, "test:said") for _ in range(2)] == ["0", "1"]
    eventually(lambda: len(master.logged("worker.stopped")) == 2)

    assert recycled(master) == ["max_memory", "max_memory"]
    assert all(line["rss"] > 1 << 20 for line in master.logged("worker.recycled"))


def test_a_worker_that_pauses_is_not_recycled(daemons: Daemons, redis: Redis) -> None:
    """Its successor would take jobs."""
    worker = Started(daemons, redis, pool="max_jobs = 1\ninterval = 0.05")
    worker.met()
    worker.send(signal.SIGUSR2)
    worker.done()
    worker.becomes(State.PAUSED)
    assert not recycled(worker.master)
    worker.send(signal.SIGCONT)

    eventually(lambda: recycled(worker.master) == ["max_jobs"])


# Standalone


def test_a_standalone_worker_pauses_resumes_and_stops_its_job(tmp_path: Path, redis: Redis, redis_url: str) -> None:
    with lone(tmp_path, redis, redis_url) as worker:
        wait_until_registered(redis)
        deliver(worker.pid, signal.SIGUSR2)
        eventually(lambda: worker.logged("worker.paused"))
        push(redis, "Careful")
        deliver(worker.pid, signal.SIGCONT)
        popped(redis, "test:met")
        deliver(worker.pid, signal.SIGUSR1)
        eventually(lambda: [failure["exception"] for failure in failures(redis)] == ["JobKilled"])

        assert worker.stop() == 0


@pytest.mark.parametrize("ints", [1, 2])
def test_a_standalone_worker_obeys_a_terminal_at_once_and_a_second_time_at_any_price(
    tmp_path: Path, redis: Redis, redis_url: str, ints: int
) -> None:
    job: Callable[[], str] = lambda: popped(redis, "test:cleaned" if ints == 1 else "test:swallowed")  # noqa: E731
    with lone(tmp_path, redis, redis_url) as worker:
        push(redis, "Careful" if ints == 1 else "Stubborn")
        popped(redis, "test:met")
        deliver(worker.pid, signal.SIGINT)
        assert job() in ("up", "JobTerminated")
        if ints == 2:
            deliver(worker.pid, signal.SIGINT)

        assert worker.wait() == 0
        assert is_waiting(redis, 1)


def test_when_a_standalone_worker_has_left_signals_mean_what_they_did_before(
    tmp_path: Path, redis: Redis, redis_url: str
) -> None:
    before = "import signal\nsignal.signal(signal.SIGTERM, lambda *_: print('mine', flush=True))\n"
    after = "os.kill(os.getpid(), signal.SIGTERM)\nprint(signal.getsignal(signal.SIGINT).__name__, flush=True)\n"
    with lone(tmp_path, redis, redis_url, program=before + PROGRAM + after) as worker:
        wait_until_registered(redis)

        assert worker.stop() == 0
        assert worker.output().splitlines()[-2:] == ["mine", "default_int_handler"]
        assert texts(redis, "test:said") == []
