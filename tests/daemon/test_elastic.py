"""How many workers a pool has: what is configured, what the work wants, or what an operator asks for."""

import signal
from collections.abc import Mapping
from functools import partial

import psutil
import pytest
from redis import Redis

from tests.support.daemon import Daemon, popped, push, texts
from tests.support.deployment import Deployment, pool
from tests.support.hurried import hurried
from tests.support.waiting import eventually

SOON = {"fleet.elastic.EVERY": 0.2, "fleet.elastic.SURPLUS_FOR": 1.0}
A_ROW_TO_SPARE = {"entry.estate.SPARE": 1}


def started(deployment: Deployment, *pools: str, constants: Mapping[str, float] = SOON, daemon: str = "") -> Daemon:
    deployment.configure(*pools, daemon=daemon)
    return deployment.start(program=hurried(dict(constants)))


def busy(redis: Redis, workers: int) -> list[int]:
    """So many jobs, each with a worker of its own, which it keeps until it may `go`. Their pids."""
    for number in range(workers):
        push(redis, "Meet", str(number))
    return [int(popped(redis, "test:met")) for _ in range(workers)]


def go(redis: Redis, jobs: int) -> None:
    redis.rpush("test:go", *["on"] * jobs)


def sizes(master: Daemon) -> list[int]:
    """What the pool was to have, one after the other."""
    return [line["workers"] for line in master.logged("pool.resized")]


def resize(master: Daemon, *numbers: int) -> None:
    """TTIN or TTOU, each heard before the next is sent: a signal that is pending already would be lost."""
    before = answers(master)
    for count, number in enumerate(numbers, 1):
        master.send(number)
        eventually(partial(is_answered, master, before + count))


def is_answered(master: Daemon, count: int) -> bool:
    return answers(master) >= count


def answers(master: Daemon) -> int:
    return len(sizes(master)) + len(master.logged("pool.full"))


# Elastic pools


def test_an_elastic_pool_grows_with_the_work_and_shrinks_when_it_is_done(deployment: Deployment, redis: Redis) -> None:
    master = started(deployment, pool(workers="{ min = 1, max = 4 }"))
    master.wait_for_workers(1)
    busy(redis, 4)
    push(redis, "Meet", "has to wait")

    go(redis, 5)
    assert {popped(redis, "test:done") for _ in range(5)} == {"0", "1", "2", "3", "has to wait"}
    master.wait_for_workers(1)
    assert max(sizes(master)) == 4
    assert not master.logged("worker.died")


def test_an_elastic_pool_has_workers_to_spare_before_all_are_busy(deployment: Deployment, redis: Redis) -> None:
    master = started(deployment, pool(workers="{ min = 2, max = 9, spare = 2 }"))
    master.wait_for_workers(2)
    busy(redis, 1)

    master.wait_for_workers(3)
    assert deployment.status().pools["work"].workers == 3
    go(redis, 1)


def test_a_pool_that_shrinks_cuts_no_job_short(deployment: Deployment, redis: Redis) -> None:
    master = started(deployment, pool(workers="{ min = 1, max = 4 }"))
    first, *others = busy(redis, 4)
    go(redis, 3)
    for _ in others:
        popped(redis, "test:done")

    master.wait_for_workers(2)
    (left,) = [pid for pid in (first, *others) if psutil.pid_exists(pid)]
    assert psutil.Process(left).ppid() in {worker.pid for worker in master.workers()}
    go(redis, 1)
    popped(redis, "test:done")
    assert not master.logged("job.asked")


def test_the_master_of_an_elastic_pool_talks_to_nobody(deployment: Deployment, redis: Redis) -> None:
    master = started(deployment, pool(workers="{ min = 1, max = 2 }"))
    busy(redis, 2)

    (only,) = psutil.Process(master.pid).net_connections(kind="all")
    assert str(only.laddr) == str(deployment.run / "control")  # where it is talked to, and nobody does
    go(redis, 2)


# TTIN and TTOU


def test_ttin_and_ttou_change_the_first_pool_until_the_next_reload(deployment: Deployment) -> None:
    master = started(deployment, pool(workers=1), pool("other"))
    master.wait_for_workers(2)

    resize(master, signal.SIGTTIN, signal.SIGTTIN)
    master.wait_for_workers(4)
    resize(master, signal.SIGTTOU)
    assert sorted(worker.split(":")[2] for worker in master.wait_for_workers(3)) == ["other", "work", "work"]
    assert deployment.reload().status == 0
    eventually(lambda: len(master.logged("rollout.done")) == 1, within=15)
    master.wait_for_workers(2)


def test_ttin_changes_the_pool_that_is_named(deployment: Deployment) -> None:
    master = started(deployment, pool(), pool("other"), daemon='signal_pool = "other"')

    resize(master, signal.SIGTTIN)
    assert sorted(worker.split(":")[2] for worker in master.wait_for_workers(3)) == ["other", "other", "work"]


def test_ttou_lets_the_idle_go_first_and_cuts_no_job_short(deployment: Deployment, redis: Redis) -> None:
    master = started(deployment, pool(workers=2))
    master.wait_for_workers(2)
    (job,) = busy(redis, 1)

    resize(master, signal.SIGTTOU)
    master.wait_for_workers(1)
    assert psutil.Process(job).ppid() == master.workers()[0].pid
    resize(master, signal.SIGTTOU, signal.SIGTTOU)
    assert psutil.pid_exists(job)
    go(redis, 1)
    assert popped(redis, "test:done") == "0"
    master.wait_for_workers(0)
    assert sizes(master) == [1, 0, 0]


def test_ttin_is_refused_when_the_board_is_full(deployment: Deployment) -> None:
    master = started(deployment, pool(workers=1), constants=A_ROW_TO_SPARE)
    resize(master, signal.SIGTTIN, signal.SIGTTIN)

    assert [line["pool"] for line in master.logged("pool.full")] == ["work"]
    assert sizes(master) == [2]
    master.wait_for_workers(2)


def test_who_is_to_leave_has_his_place_as_long_as_his_job_runs(deployment: Deployment, redis: Redis) -> None:
    """And so there are never more jobs at once than there should be workers."""
    master = started(deployment, pool(workers=2), constants=A_ROW_TO_SPARE)
    busy(redis, 2)
    push(redis, "Say", "afterwards")
    resize(master, signal.SIGTTOU, signal.SIGTTOU, signal.SIGTTIN, signal.SIGTTIN)

    assert sizes(master) == [1, 0, 1]
    assert master.logged("pool.full")
    assert len(master.workers()) == 2
    assert not texts(redis, "test:said")
    go(redis, 2)
    assert popped(redis, "test:said") == "afterwards"
    master.wait_for_workers(1)
    assert master.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTTIN, signal.SIGTTOU], ids=lambda number: number.name)
def test_who_stops_changes_no_pool(deployment: Deployment, redis: Redis, number: int) -> None:
    master = started(deployment, pool(workers=1))
    busy(redis, 1)
    master.send(signal.SIGTERM)
    eventually(lambda: master.logged("master.stopping"))
    master.send(number)
    go(redis, 1)

    assert popped(redis, "test:done") == "0"
    assert master.wait() == 0
    assert len(master.logged("worker.started")) == 1


def test_a_pool_shrinks_though_the_board_is_more_than_full(deployment: Deployment, redis: Redis) -> None:
    """After a reload to fewer workers, as long as the others have jobs."""
    master = started(deployment, pool(workers=4), constants=A_ROW_TO_SPARE)
    busy(redis, 4)
    deployment.configure(pool(workers=1))
    assert deployment.reload().status == 0
    resize(master, signal.SIGTTIN)
    resize(master, signal.SIGTTOU)

    assert len(master.logged("pool.full")) == 1
    assert sizes(master) == [0]
    go(redis, 4)
