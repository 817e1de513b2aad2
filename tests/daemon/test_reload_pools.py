"""What becomes of pools in a reload."""

import signal

from redis import Redis

from tests.support.daemon import Daemon, failures, popped, push
from tests.support.deployment import Deployment, pool
from tests.support.waiting import eventually


def queues(master: Daemon) -> list[str]:
    """Of the workers that are registered."""
    return [worker.split(":", 2)[2] for worker in master.worker_ids()]


def has_queues(master: Daemon, *wanted: str) -> bool:
    return sorted(queues(master)) == sorted(wanted)


def reload(deployment: Deployment, generation: int = 1) -> None:
    assert deployment.reload().status == 0
    deployment.wait_for_rollout(generation)


def test_pools_appear_grow_shrink_vanish_and_change_their_queues(deployment: Deployment) -> None:
    deployment.configure(pool("grows"), pool("shrinks", workers=3), pool("vanishes"), pool("moves", "here"))
    master = deployment.start()
    master.wait_for_workers(6)

    deployment.configure(pool("appears"), pool("grows", workers=3), pool("moves", "there"), pool("shrinks"))
    reload(deployment)

    eventually(lambda: has_queues(master, "appears", "grows", "grows", "grows", "there", "shrinks"), within=10)
    assert list(deployment.status().pools) == ["appears", "grows", "moves", "shrinks"]
    assert deployment.status().rollout is None
    assert not failures_of_workers(master)


def failures_of_workers(master: Daemon) -> list[dict[str, object]]:
    return [*master.logged("worker.died"), *master.logged("worker.killed")]


def test_the_job_of_a_pool_that_vanishes_ends_in_peace(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(pool(), pool("other"))
    master = deployment.start()
    push(redis, "Meet", "last", queue="other")
    popped(redis, "test:met")
    deployment.configure(pool())

    assert deployment.reload().status == 0
    eventually(lambda: master.logged("rollout.replacing"))
    assert deployment.status().pools["other"].workers == 0
    redis.rpush("test:go", "on")

    assert popped(redis, "test:done") == "last"
    deployment.wait_for_rollout(1)
    assert list(deployment.status().pools) == ["work"]
    assert not failures(redis)


def test_a_pool_becomes_elastic(deployment: Deployment, redis: Redis) -> None:
    master = deployment.start()
    deployment.configure(pool(workers="{ min = 1, max = 3, spare = 1 }"))
    reload(deployment)

    push(redis, "Meet")
    popped(redis, "test:met")

    eventually(lambda: len(master.worker_ids()) == 2, within=10)
    assert deployment.status().pools["work"].max == 3
    redis.rpush("test:go", "on")
    popped(redis, "test:done")


def test_an_elastic_pool_keeps_the_workers_that_it_needs(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(pool(workers="{ min = 1, max = 2, spare = 1 }"))
    master = deployment.start()
    push(redis, "Meet")
    popped(redis, "test:met")
    master.wait_for_workers(2)

    assert deployment.reload().status == 0
    eventually(lambda: master.logged("rollout.replacing"))

    assert len(master.workers()) == 2
    redis.rpush("test:go", "on")
    deployment.wait_for_rollout(1)
    assert len(deployment.status().workers) == 2


def test_what_was_paused_stays_paused(deployment: Deployment, redis: Redis) -> None:
    """And so does a pool that is new, where all were paused."""
    master = deployment.start()
    master.send(signal.SIGUSR2)
    eventually(lambda: master.logged("worker.paused"))
    push(redis, "Say", "late")
    push(redis, "Say", "later", queue="other")

    deployment.configure(pool(), pool("other"))
    reload(deployment)
    eventually(lambda: len(master.logged("worker.paused")) == 3)

    assert all(one.paused for one in deployment.status().pools.values())
    assert (redis.llen("resque:queue:work"), redis.llen("resque:queue:other")) == (1, 1)
    master.send(signal.SIGCONT)
    assert {popped(redis, "test:said"), popped(redis, "test:said")} == {"late", "later"}


def test_workers_of_ttin_and_ttou_are_forgotten(deployment: Deployment) -> None:
    deployment.configure(pool(workers=2), pool("other"), daemon='signal_pool = "other"')
    master = deployment.start()
    master.wait_for_workers(3)
    master.send(signal.SIGTTIN)
    master.wait_for_workers(4)
    reload(deployment)
    eventually(lambda: has_queues(master, "other", "work", "work"))

    master.send(signal.SIGTTOU)
    eventually(lambda: has_queues(master, "work", "work"))
    reload(deployment, 2)

    eventually(lambda: has_queues(master, "other", "work", "work"))
