"""What the shipped service survives, under a real systemd."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import psutil
import pytest
from redis import Redis

from tests.support.daemon import failures
from tests.support.waiting import eventually
from tests.systemd.service import Service, busy, performs


def test_a_master_that_hangs_is_replaced_and_what_its_workers_held_is_settled(service: Service, redis: Redis) -> None:
    service.adjust("[Service]\nWatchdogSec=3\n")
    busy(service, redis, "Meet")
    service.signal("STOP")
    eventually(lambda: service.show("NRestarts") == "1" and service.is_active(), within=20)

    assert performs(redis)
    assert [failure["exception"] for failure in failures(redis)] == ["Resque::DirtyExit"]
    assert "Watchdog timeout" in service.journal()


def test_a_watchdog_leaves_a_service_alone_whose_jobs_take_long(service: Service, redis: Redis) -> None:
    service.adjust("[Service]\nWatchdogSec=3\n")
    busy(service, redis, "Meet")
    began = monotonic()
    eventually(lambda: monotonic() > began + 4, within=10)  # nothing is to happen

    assert service.show("NRestarts") == "0"


def test_a_master_that_is_killed_is_replaced_and_what_its_workers_held_is_settled(
    service: Service, redis: Redis
) -> None:
    busy(service, redis, "Meet")
    service.signal("KILL")
    eventually(lambda: service.show("NRestarts") == "1" and service.is_active(), within=10)

    assert performs(redis)
    assert [failure["exception"] for failure in failures(redis)] == ["Resque::DirtyExit"]


def test_a_job_that_the_kernel_kills_for_its_memory_is_all_that_ends(service: Service, redis: Redis) -> None:
    service.configure(module="greedy")
    job = busy(service, redis, "Greedy")
    master, workers = service.show("MainPID"), redis.smembers("resque:workers")
    with little_memory(service, service.machine.host_pid(job)):
        redis.rpush("test:go", "on")
        eventually(lambda: failures(redis), within=20)

    assert "SIGKILL" in failures(redis)[0]["error"]
    assert (service.show("MainPID"), redis.smembers("resque:workers")) == (master, workers)
    assert service.is_active()


@contextmanager
def little_memory(service: Service, job: int) -> Iterator[None]:
    """The service may use no more than 256 MiB; where cgroup2 does not know of memory, the job may not."""
    limit, v1 = str(256 << 20), Path("/sys/fs/cgroup/memory")
    whole = service.machine.cgroup / service.show("ControlGroup").lstrip("/") / "memory.max"
    if whole.exists():
        whole.write_text(limit)
        yield
        return
    if not (v1 / "memory.limit_in_bytes").exists():
        pytest.skip("no cgroup limits memory here")
    cgroup = v1 / service.machine.cgroup.name
    cgroup.mkdir()
    try:
        (cgroup / "memory.limit_in_bytes").write_text(limit)
        (cgroup / "cgroup.procs").write_text(str(job))
        yield
    finally:
        eventually(lambda: not (cgroup / "cgroup.procs").read_text())
        cgroup.rmdir()


def test_the_kernel_is_to_take_jobs_first_and_the_master_last(service: Service, redis: Redis) -> None:
    job = psutil.Process(service.machine.host_pid(busy(service, redis, "Meet")))
    worker = job.parent()
    assert worker
    master = worker.parent()
    assert master
    scores = [int(Path(f"/proc/{process.pid}/oom_score_adj").read_text()) for process in (master, worker, job)]

    assert [score - scores[0] for score in scores] == [0, 100, 300]  # not every host lets us say -100
