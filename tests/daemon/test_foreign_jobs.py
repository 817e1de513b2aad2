"""Jobs of other frameworks in a running daemon: what an operator sees of them, and what is left of them in Redis."""

import json

import pytest
from redis import Redis

from resqued.protocol import locks
from tests.golden import wrapped
from tests.support.daemon import Daemons, failures, popped, push
from tests.support.deployment import Deployment
from tests.support.waiting import eventually

FOREIGN = """
from tracked import connection

class Locked:
    resque_locks = "resque-lock", "resque-loner"

    @staticmethod
    def perform():
        with connection() as there:
            there.rpush("test:open", *(there.exists(key) for key in there.lrange("test:keys", 0, -1)))
            there.blpop("test:go", timeout=30)
"""
NAME = "foreign.Locked"
LOCK = f"resque:{locks.resque_lock(NAME, [])[0]}"
LONER = f"resque:{locks.resque_loner('work', locks.loner_digest(NAME, []))[0]}"


def test_a_wrapped_job_goes_by_its_own_name_and_is_kept_as_it_was(redis: Redis, daemons: Daemons) -> None:
    daemon = daemons.start(jobs='[jobs.names]\n"MailJob" = "tracked:Boom"')
    redis.rpush("resque:queue:work", wrapped("positional"))
    eventually(lambda: daemon.logged("job.failed"), within=15)
    (entry,) = failures(redis)

    assert daemon.logged("job.failed")[0]["job"] == "MailJob"
    assert entry["payload"] == json.loads(wrapped("positional"))
    assert (entry["exception"], entry["error"]) == ("ValueError", "boom")


@pytest.mark.parametrize("dies", [False, True], ids=["ends", "dies"])
def test_a_job_leaves_no_lock_of_a_plugin(redis: Redis, deployment: Deployment, *, dies: bool) -> None:
    deployment.write("foreign", FOREIGN)
    deployment.configure(modules=["foreign"])
    daemon = deployment.start()
    redis.rpush("test:keys", LOCK, LONER)
    redis.mset({LOCK: 1, LONER: 1})
    push(redis, NAME)
    assert [popped(redis, "test:open") for _ in (LOCK, LONER)] == ["1", "0"]  # a loner is one while it is queued only
    if dies:
        daemon.workers()[0].kill()
    else:
        redis.rpush("test:go", 1)

    eventually(lambda: not redis.exists(LOCK), within=10)


DEEP = """
class Plain:
    @staticmethod
    def perform(*args): ...

class Again(Plain):
    retry = {"limit": 2}

class Alone(Plain):
    unique = {"while": "unfinished"}

class InTurn(Plain):
    concurrency = {"limit": 1, "by": ["args"]}

    @staticmethod
    def perform(args): ...

class Locked(Plain):
    resque_locks = "resque-lock", "resque-loner", "resque-retry"
"""


def test_however_deep_a_payload_is_nested_it_does_not_cost_its_worker_its_life(
    redis: Redis, deployment: Deployment
) -> None:
    deployment.write("deep", DEEP)
    deployment.configure(modules=["deep"])
    daemon = deployment.start()
    for depth in (50, 100, 150, 200, 300, 450, 900):
        for name in ("Plain", "Again", "Alone", "InTurn", "Locked"):
            args = '[{"a":' * depth + "1" + "}]" * depth
            redis.rpush("resque:queue:work", f'{{"class":"deep.{name}","args":{args}}}')
    push(redis, "Say", "still there")

    assert popped(redis, "test:said", within=30) == "still there"
    assert not daemon.logged("worker.died")
    assert {entry["exception"] for entry in failures(redis)} <= {"InvalidPayload", "NotUnlocked"}


def test_a_job_whose_locks_nobody_knows_in_time_fails(redis: Redis, deployment: Deployment) -> None:
    deployment.write("foreign", FOREIGN)
    deployment.configure(modules=["foreign"], jobs='preload = "job"')
    deployment.start()
    push(redis, NAME)
    eventually(lambda: redis.llen("resque:failed"), within=15)

    assert [entry["exception"] for entry in failures(redis)] == ["NotUnlocked"]
