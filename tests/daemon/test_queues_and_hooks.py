"""Which queue a job comes from, and what the application has done around it."""

import os
import signal

from redis import Redis

from tests.support.daemon import Daemons, failures, popped, push, texts
from tests.support.waiting import eventually

HOOKED = """
import os, redis
from resqued import DontPerform, hooks

def say(text):
    with redis.Redis.from_url(os.environ["TEST_REDIS_URL"]) as there:
        there.rpush("test:said", text)

MASTER = os.getpid()
def place():
    return "worker" if os.getppid() == MASTER else "job"

for name in ("before_first_fork", "queue_empty", "before_pause", "after_pause", "shutdown", "worker_exit"):
    getattr(hooks, name)(lambda worker, name=name: say(f"{name} {place()} {worker.pool}"))
for name in ("before_fork", "after_fork"):
    getattr(hooks, name)(lambda job, name=name: say(f"{name} {place()} {job.name}"))

class Hooked:
    @staticmethod
    def before_perform_a(*args): say("before_perform")
    @staticmethod
    def around_perform_a(perform, *args):
        say("around in")
        perform()
        say("around out")
    @staticmethod
    def perform(*args): say("perform")
    @staticmethod
    def after_perform_a(*args): say("after_perform")

class Mourned:
    @staticmethod
    def perform(how): eval(how)
    @staticmethod
    def on_failure_tell(error, *args): say(f"on_failure {place()} {type(error).__name__}")

class Refused:
    @staticmethod
    def before_perform_no(): raise DontPerform
    @staticmethod
    def perform(): say("never")
"""


def started_with_hooks(daemons: Daemons, more: str = "") -> None:
    (daemons.directory / "hookedjobs.py").write_text(HOOKED)
    file = daemons.configured(pool="interval = 0.2\n" + more)
    text = file.read_text().replace(
        'modules = ["tracked"]', f'modules = ["hookedjobs"]\npath = ["{daemons.directory}"]'
    )
    lines = [line for line in text.splitlines() if not line.startswith("path =") or str(daemons.directory) in line]
    daemons.start(daemons.written("\n".join(lines)))


def said(redis: Redis, count: int) -> list[str]:
    return [popped(redis, "test:said") for _ in range(count)]


def test_hooks_run_where_and_when_resque_runs_them(daemons: Daemons, redis: Redis) -> None:
    started_with_hooks(daemons)
    push(redis, "Hooked", 1)

    assert said(redis, 9) == [
        "before_first_fork worker work",
        "before_fork worker Hooked",
        "after_fork job Hooked",
        "before_perform",
        "around in",
        "perform",
        "around out",
        "after_perform",
        "queue_empty worker work",
    ]


def test_worker_hooks_see_pause_and_leaving(daemons: Daemons, redis: Redis) -> None:
    started_with_hooks(daemons)
    redis.set("resque:pause-all-workers", "true")
    assert said(redis, 1) == ["before_pause worker work"]
    redis.delete("resque:pause-all-workers")
    assert said(redis, 1) == ["after_pause worker work"]
    daemons.close()
    assert said(redis, 2) == ["shutdown worker work", "worker_exit worker work"]


def test_dont_perform_ends_a_job_quietly(daemons: Daemons, redis: Redis) -> None:
    started_with_hooks(daemons)
    push(redis, "Refused")

    eventually(lambda: "queue_empty worker work" in texts(redis, "test:said"))
    assert "never" not in texts(redis, "test:said")
    assert not failures(redis)
    assert redis.get("resque:stat:processed") == b"1"


def test_on_failure_hooks_learn_of_an_exception_and_of_a_death(daemons: Daemons, redis: Redis) -> None:
    started_with_hooks(daemons)
    for how, error in (("1 / 0", "ZeroDivisionError"), ("os.kill(os.getpid(), 9)", "DirtyExit")):
        push(redis, "Mourned", how)
        eventually(lambda: f"on_failure job {error}".encode() in redis.lrange("test:said", 0, -1))  # noqa: B023
    eventually(lambda: len(failures(redis)) == 2)


def test_a_before_fork_hook_that_raises_fails_the_job(daemons: Daemons, redis: Redis) -> None:
    hook = "from resqued import hooks\n@hooks.before_fork\ndef no(job): raise OSError('no')\n"
    module = hook + "class Job:\n  perform = print\n"
    (daemons.directory / "nojobs.py").write_text(module)
    settings = f'path = ["{daemons.directory}"]\nmodules = ["nojobs"]'
    daemons.start(
        daemons.written(f'[redis]\nurl = "{daemons.url}"\n[jobs]\n{settings}\n[pools.work]\nqueues = ["work"]\n')
    )
    push(redis, "Job")

    eventually(lambda: [entry["exception"] for entry in failures(redis)] == ["OSError"])


def test_strict_order_takes_the_first_queue_first(daemons: Daemons, redis: Redis) -> None:
    for queue in ("low", "high", "low", "high"):
        push(redis, "Say", queue, queue=queue)
    daemons.start(queues='["high", "low"]')

    assert said(redis, 4) == ["high", "high", "low", "low"]


def test_round_robin_takes_turns(daemons: Daemons, redis: Redis) -> None:
    for queue in ("one", "one", "two", "two"):
        push(redis, "Say", queue, queue=queue)
    daemons.start(queues='["one", "two"]', pool='order = "round-robin"')

    assert said(redis, 4) == ["one", "two", "one", "two"]


def test_a_glob_serves_queues_that_appear_later_but_not_those_left_out(daemons: Daemons, redis: Redis) -> None:
    master = daemons.start(queues='["*", "!*-later"]', pool="interval = 0.2")
    (worker,) = master.wait_for_workers(1)
    assert worker.endswith(":*,!*-later")
    push(redis, "Say", "no", queue="much-later")
    push(redis, "Say", "yes", queue="quite-new")

    assert said(redis, 1) == ["yes"]
    assert redis.llen("resque:queue:much-later") == 1


def test_a_job_that_waits_is_noticed_long_before_the_next_look(daemons: Daemons, redis: Redis) -> None:
    """With an interval of an hour nobody would look in time: the push itself wakes the worker, on each queue."""
    master = daemons.start(queues='["one", "two"]', pool="interval = 3600", workers=2)
    master.wait_for_workers(2)
    for queue in ("two", "one", "two"):
        push(redis, "Say", queue, queue=queue)
        assert said(redis, 1) == [queue]


def test_when_the_waiting_worker_is_killed_another_waits(daemons: Daemons, redis: Redis) -> None:
    master = daemons.start(pool="interval = 3600", workers=3)
    master.wait_for_workers(3)
    for _ in range(3):
        before = {worker.pid for worker in master.workers()}
        for pid in before:  # one of them is the leader
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: len({worker.pid for worker in master.workers()} - before) == 3)  # noqa: B023
        push(redis, "Say", "woken")
        assert said(redis, 1) == ["woken"]
