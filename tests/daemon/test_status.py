"""What `resquectl status` says of a daemon that runs."""

import json
import signal
from pathlib import Path
from typing import Any

from redis import Redis

from tests.support import proxy
from tests.support.daemon import daemons, popped, push
from tests.support.deployment import Deployment, pool
from tests.support.redis_server import RedisServer
from tests.support.waiting import eventually


def shown(deployment: Deployment) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(deployment.resquectl("status", "--json").out)
    return document


def test_workers_and_their_jobs(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(pool(), pool("other"))
    master = deployment.start()
    master.wait_for_workers(2)
    push(redis, "Say", "done")
    popped(redis, "test:said")
    push(redis, "Meet")
    job = int(popped(redis, "test:met"))

    answer = shown(deployment)
    redis.rpush("test:go", "on")

    assert (answer["alive"], answer["problems"], answer["mood"]) == (True, [], "running")
    assert (answer["pid"], answer["generation"], answer["reload"]) == (master.pid, 0, None)
    work, other = answer["workers"]
    assert {work["pid"], other["pid"]} == {worker.pid for worker in master.workers()}
    assert (work["state"], work["job"], work["job_pid"], work["done"]) == ("busy", "Meet", job, 1)
    assert (other["state"], other["job"], other["done"]) == ("idle", None, 0)


def test_a_check_under_way(deployment: Deployment) -> None:
    gate = deployment.app / "gate"
    deployment.configure(modules=["app"])
    deployment.write("app", "")
    master = deployment.start()
    deployment.write("app", f"import pathlib, time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)")
    master.send(signal.SIGHUP)

    eventually(lambda: (shown(deployment)["reload"] or {}).get("state") == "checking")
    assert deployment.resquectl("status").status == 0
    gate.touch()
    eventually(lambda: shown(deployment)["reload"]["state"] == "accepted", within=15)


def test_those_of_the_last_generation_while_they_are_replaced(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(pool(workers=2))
    deployment.start()
    push(redis, "Meet")
    popped(redis, "test:met")
    deployment.reload()

    eventually(lambda: (shown(deployment)["rollout"] or {}).get("state") == "replacing")
    answer = shown(deployment)
    redis.rpush("test:go", "on")

    assert (answer["generation"], answer["rollout"]["old"]) == (1, 1)
    (busy,) = [worker for worker in answer["workers"] if worker["generation"] == 0]
    assert (busy["state"], busy["job"], busy["leaving"]) == ("busy", "Meet", True)
    deployment.wait_for_rollout(1)


def test_a_pause(deployment: Deployment) -> None:
    master = deployment.start()
    master.send(signal.SIGUSR2)

    eventually(lambda: shown(deployment)["workers"][0]["state"] == "paused")
    eventually(lambda: shown(deployment)["pools"][0]["paused"])


def test_redis_away_from_who_waits_for_a_job(tmp_path: Path, redis: Redis, redis_server: RedisServer) -> None:
    with proxy.before(redis_server.port) as network, daemons(tmp_path, redis, network.url) as fleet:
        deployment = Deployment(fleet)
        master = deployment.start()
        network.go_away()
        eventually(lambda: master.logged("redis.lost"))
        answer = shown(deployment)
        (worker,), (problem,) = answer["workers"], answer["problems"]
        assert worker["state"] == "offline"
        assert worker["since"] == worker["redis_away"]
        assert problem.startswith("Redis does not answer 1 of 1 workers of work, for ")
        network.come_back()

        eventually(lambda: shown(deployment)["workers"][0]["redis_away"] is None, within=20)
        answer = shown(deployment)
        assert (answer["problems"], answer["workers"][0]["state"]) == ([], "idle")
        assert master.stop() == 0


def test_a_stop_with_its_end(deployment: Deployment, redis: Redis) -> None:
    master = deployment.start()
    push(redis, "Meet")
    popped(redis, "test:met")
    master.send(signal.SIGTERM)

    eventually(lambda: shown(deployment)["mood"] == "stopping")
    assert shown(deployment)["stops_by"]
    redis.rpush("test:go", "on")
    assert master.wait() == 0


def test_after_a_stop_there_is_nobody(deployment: Deployment) -> None:
    deployment.start().stop()

    answer = deployment.resquectl("status")

    assert answer.status == 1
    assert answer.err.startswith(f"resquectl: no resqued with {deployment.file} runs here")


def test_a_master_that_was_killed(deployment: Deployment) -> None:
    master = deployment.start()
    master.process.kill()
    master.wait()

    answer = deployment.resquectl("status")

    assert answer.status == 1
    assert f"the master has ended without a word (it was process {master.pid})" in answer.out + answer.err
