"""What a job may use, and as whom it runs: limits of its pool, and of its class."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from redis import Redis

from tests.support.daemon import Daemon, Daemons, failures, popped, push
from tests.support.waiting import eventually

IMPATIENT = "[shutdown]\nterm_timeout = 0.3"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give jobs to another user")


def configured(daemons: Daemons, modules: str = '["tracked", "limited"]', **settings: Any) -> Path:
    file = daemons.configured(**settings)
    return daemons.written(file.read_text().replace('["tracked"]', modules))


def begun(daemons: Daemons, redis: Redis, job: str, *args: object, **settings: Any) -> Daemon:
    master = daemons.start(configured(daemons, **settings))
    push(redis, job, *args)
    return master


def failure_of(master: Daemon, redis: Redis, *, exception: str) -> str:
    """The message of the only failure there is; the worker goes on."""
    push(redis, "Say", "after")
    assert popped(redis, "test:said") == "after"
    assert len(master.logged("worker.started")) == 1
    (failure,) = failures(redis)
    assert failure["exception"] == exception
    return str(failure["error"])


def refused(file: Path) -> str:
    """What `resqued -t` says of a configuration that it refuses."""
    command = [sys.executable, "-m", "resqued", "-t", "-c", str(file)]
    run = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    assert run.returncode == 78
    return run.stderr


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid)


# Time


def test_the_timeout_of_a_class_counts_where_its_pool_has_another(daemons: Daemons, redis: Redis) -> None:
    master = begun(daemons, redis, "Hurried", pool="timeout = 60")

    assert "its timeout of 0.2 s" in failure_of(master, redis, exception="JobTimeout")
    assert popped(redis, "test:mourned").startswith("JobTimeout")


def test_where_classes_are_not_known_before_the_fork_the_timeout_of_the_pool_counts(
    daemons: Daemons, redis: Redis
) -> None:
    master = begun(daemons, redis, "Unhurried", pool="timeout = 1.5", jobs='preload = "job"')

    assert "its timeout of 1.5 s" in failure_of(master, redis, exception="JobTimeout")


def test_a_job_that_is_killed_takes_its_session_along(daemons: Daemons, redis: Redis) -> None:
    master = begun(daemons, redis, "Household", pool="timeout = 0.5")
    pids = [int(pid) for pid in popped(redis, "test:met").split()]
    failure_of(master, redis, exception="JobTimeout")

    eventually(lambda: all(is_gone(pid) for pid in pids))


def test_limits_that_cannot_be_meant_are_refused_when_the_application_is_imported(daemons: Daemons) -> None:
    said = refused(configured(daemons, modules='["tracked", "unlimited"]'))

    assert "unlimited.Report.timeout: expected a number of seconds ≥ 0, got 'an hour'" in said
    assert 'unlimited.Report.memory: expected a size such as "512MiB"' in said


# Memory


@pytest.mark.parametrize("by", ["itself", "child", "daemon", "program"])
def test_a_job_that_passes_its_cap_is_killed_with_all_that_it_started(daemons: Daemons, redis: Redis, by: str) -> None:
    master = begun(daemons, redis, "Large", 120, by, pool='memory = "80MiB"')
    pid = int(popped(redis, "test:met"))
    message = failure_of(master, redis, exception="JobMemoryExceeded")

    assert message.endswith(" MiB, more than its cap of 80.0 MiB, and was killed")
    assert 80 < float(message.split()[1]) < 150
    assert popped(redis, "test:mourned").startswith("JobMemoryExceeded")
    assert [line["reason"] for line in master.logged("job.killed")] == ["memory"]
    assert not master.logged("job.asked")
    eventually(lambda: is_gone(pid))


def test_the_cap_of_a_class_counts_where_its_pool_has_another(daemons: Daemons, redis: Redis) -> None:
    master = begun(daemons, redis, "Capped", 60, pool='memory = "10GiB"')

    assert "cap of 30.0 MiB" in failure_of(master, redis, exception="JobMemoryExceeded")


def test_a_kill_is_put_down_to_want_of_memory_where_the_kernel_counted_one(
    daemons: Daemons, redis: Redis, tmp_path: Path
) -> None:
    cgroup = next(line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::"))
    events = tmp_path / cgroup.strip("/") / "memory.events"
    events.parent.mkdir(parents=True, exist_ok=True)
    events.write_text("oom 0\noom_kill 7\noom_group_kill 0\n")
    master = with_cgroups_in(tmp_path, daemons, redis)
    push(redis, "Starved", str(events))
    worker = psutil.Process(psutil.Process(int(popped(redis, "test:met"))).ppid())
    eventually(lambda: "Forked" in worker.cmdline()[0] and worker.status() == psutil.STATUS_SLEEPING)  # it has counted
    redis.rpush("test:go", "on")

    assert failure_of(master, redis, exception="Resque::DirtyExit").endswith("SIGKILL (signal 9), out of memory")
    push(redis, "Die", int(signal.SIGKILL))
    eventually(lambda: len(failures(redis)) == 2)
    assert failures(redis)[1]["error"].endswith("SIGKILL (signal 9)")


def with_cgroups_in(place: Path, daemons: Daemons, redis: Redis) -> Daemon:
    """A daemon that believes that there are the cgroups of this machine."""
    program = f"from resqued import oom; oom.CGROUPS = {str(place)!r}; from resqued import __main__"
    return daemons.start(configured(daemons), program=[sys.executable, "-c", program])


def test_the_kernel_takes_a_job_before_a_worker_and_a_worker_before_the_master(daemons: Daemons, redis: Redis) -> None:
    master = begun(daemons, redis, "Meet")
    job = psutil.Process(int(popped(redis, "test:met")))
    pids = [master.pid, job.ppid(), job.pid]
    scores = [int(Path(f"/proc/{pid}/oom_score_adj").read_text()) for pid in pids]
    redis.rpush("test:go", "on")

    found = int(Path("/proc/self/oom_score_adj").read_text())
    assert scores == [found, min(found + 100, 1000), min(found + 300, 1000)]


# As whom


def facts(daemons: Daemons, redis: Redis, expression: str, **settings: Any) -> str:
    begun(daemons, redis, "Fact", expression, **settings)
    return popped(redis, "test:facts")


def test_a_job_is_as_nice_as_its_pool_wants_and_its_worker_is_not(daemons: Daemons, redis: Redis) -> None:
    nice = "os.nice(0) - os.getpriority(os.PRIO_PROCESS, os.getppid())"

    assert facts(daemons, redis, nice, pool="nice = 3") == "3"


def test_a_job_has_the_umask_of_its_pool(daemons: Daemons, redis: Redis) -> None:
    assert facts(daemons, redis, "oct(os.umask(0))", pool='umask = "0137"') == "'0o137'"


@needs_root
@pytest.mark.parametrize(
    ("pool", "expression", "expected"),
    [
        ('user = "nobody"', "os.getresuid()", "(65534, 65534, 65534)"),
        ('user = "65534"', "os.getresuid()", "(65534, 65534, 65534)"),
        ('user = "nobody"', "(os.getresgid(), os.getgroups())", "((65534, 65534, 65534), [65534])"),
        (
            'user = "nobody"\ngroup = "daemon"',
            "(os.getresgid(), sorted(os.getgroups()))",
            "((1, 1, 1), [1])",
        ),
        ('group = "daemon"', "(os.getresuid(), os.getresgid(), os.getgroups())", "((0, 0, 0), (1, 1, 1), [1])"),
        (
            'user = "nobody"',
            "[os.environ[name] for name in ('HOME', 'USER', 'LOGNAME')]",
            "['/nonexistent', 'nobody', 'nobody']",
        ),
    ],
)
def test_a_job_has_the_rights_of_its_pool(
    daemons: Daemons, redis: Redis, pool: str, expression: str, expected: str
) -> None:
    assert facts(daemons, redis, expression, pool=pool) == expected


@needs_root
def test_a_job_of_another_user_dies_with_its_worker_like_any_other(daemons: Daemons, redis: Redis) -> None:
    asks = "(lambda c: (c.CDLL(None).prctl(2, c.byref(n := c.c_int())), n.value))(__import__('ctypes'))"

    assert facts(daemons, redis, asks, pool='user = "nobody"') == f"(0, {int(signal.SIGKILL)})"


@needs_root
@pytest.mark.parametrize("job", ["Watched", "Stubborn"])
def test_a_worker_can_ask_and_kill_a_job_of_another_user(daemons: Daemons, redis: Redis, job: str) -> None:
    pool = 'user = "nobody"\ntimeout = 0.3'
    failure_of(begun(daemons, redis, job, pool=pool, more=IMPATIENT), redis, exception="JobTimeout")

    assert redis.exists("test:cleaned") or redis.exists("test:swallowed")


@needs_root
def test_the_hooks_of_a_job_that_failed_run_as_its_user_too(daemons: Daemons, redis: Redis) -> None:
    begun(daemons, redis, "Hurried", pool='user = "nobody"')

    assert popped(redis, "test:mourned") == "JobTimeout 65534"


@needs_root
def test_the_memory_of_a_job_of_another_user_is_watched(daemons: Daemons, redis: Redis) -> None:
    master = begun(daemons, redis, "Large", 120, pool='user = "nobody"\nmemory = "80MiB"')

    failure_of(master, redis, exception="JobMemoryExceeded")


def test_a_job_does_not_run_where_the_system_refuses_what_its_pool_demands(daemons: Daemons, redis: Redis) -> None:
    alone = ["unshare", "--user", "--map-root-user"]  # root, but of a place where there is nobody else
    if subprocess.run([*alone, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        pytest.skip("no user namespaces are to be had here")
    file = configured(daemons, pool='user = "nobody"')
    master = daemons.start(file, program=[*alone, sys.executable, "-m", "resqued"])
    push(redis, "Fact", "1")
    (failure,) = eventually(lambda: failures(redis), within=10)

    assert failure["exception"] == "NotPermitted"
    assert "Operation not permitted" in failure["error"]
    assert not redis.exists("test:facts")
    assert len(master.logged("worker.started")) == 1


def test_who_is_not_there_is_a_mistake_with_its_place(daemons: Daemons) -> None:
    said = refused(daemons.configured(pool='user = "no-such-user"\ngroup = "no-such-group"'))

    assert ': pools.work.user: there is no user "no-such-user" on this machine' in said
    assert ': pools.work.group: there is no group "no-such-group" on this machine' in said


# Stopped by an operator


def test_a_job_that_its_worker_is_told_to_stop_fails_and_the_worker_goes_on(daemons: Daemons, redis: Redis) -> None:
    master = begun(daemons, redis, "Watched")
    os.kill(psutil.Process(int(popped(redis, "test:met"))).ppid(), signal.SIGUSR1)

    assert failure_of(master, redis, exception="JobKilled").startswith("stopped by an operator")
    assert popped(redis, "test:cleaned") == "up"
    assert popped(redis, "test:mourned").startswith("JobKilled")
    assert [line["reason"] for line in master.logged("job.asked")] == ["operator"]


def test_a_job_that_will_not_be_stopped_is_killed(daemons: Daemons, redis: Redis) -> None:
    master = begun(daemons, redis, "Stubborn", more=IMPATIENT)
    os.kill(psutil.Process(int(popped(redis, "test:met"))).ppid(), signal.SIGUSR1)

    assert "SIGKILL" in failure_of(master, redis, exception="JobKilled")
