"""A reload that is accepted: everything is new but the pid, and no job notices."""

import os
import re
import shutil
import signal
import sys
from pathlib import Path

import psutil
import pytest
from redis import Redis

import resqued
from resqued.version import __version__
from tests.support.daemon import Daemon, Daemons, failures, popped, push, texts, title_of
from tests.support.deployment import Deployment, pool
from tests.support.waiting import eventually

RELEASE = """
import os
import tracked

os.environ.setdefault("RELEASE", "{0}")


class Release:
    @staticmethod
    def perform():
        tracked.say("test:release", f"{0} {{os.environ['RELEASE']}}")
"""


def performs(redis: Redis, queue: str = "work") -> bool:
    push(redis, "Say", queue, queue=queue)
    return popped(redis, "test:said") == queue


# What is new


def test_configuration_and_application_are_taken_over_under_the_same_pid(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(modules=["release"])
    deployment.write("release", RELEASE.format("first"))
    master = deployment.start()
    push(redis, "Release")
    assert popped(redis, "test:release") == "first first"

    deployment.configure(pool("work", "other"), modules=["release"])
    deployment.write("release", RELEASE.format("second"))
    answer = deployment.reload()
    deployment.wait_for_rollout(1)

    assert answer == (0, "reload no. 1 accepted\n", "")
    push(redis, "Release", queue="other")
    assert popped(redis, "test:release") == "second second"
    assert deployment.status().pid == master.pid
    assert [worker.split(":")[2] for worker in master.worker_ids()] == ["other"]


def test_resqued_itself_is_taken_over(deployment: Deployment, redis: Redis, tmp_path: Path) -> None:
    copy = shutil.copytree(Path(resqued.__file__).parent, tmp_path / "lib" / "resqued")
    script = copy.with_name("start.py")
    script.write_text("from resqued.cli.resqued import main\nraise SystemExit(main())\n")
    master = deployment.start(program=(sys.executable, str(script)))

    (copy / "version.py").write_text('__version__ = "99.0.0"\n')
    assert deployment.reload().status == 0
    deployment.wait_for_rollout(1)

    assert deployment.status().version == "99.0.0"
    assert title_of(psutil.Process(master.pid)).startswith("resqued-99.0.0: master ")
    assert title_of(master.workers()[0]).startswith("resque-99.0.0: Waiting")
    assert performs(redis)


# How workers are replaced


def events(master: Daemon, *names: str) -> list[str]:
    return [line["event"] for line in master.lines() if line["event"] in names]


def test_one_worker_is_replaced_first_and_then_the_rest(deployment: Deployment) -> None:
    deployment.configure(pool(workers=3))
    master = deployment.start()
    master.wait_for_workers(3)

    assert deployment.reload().status == 0
    deployment.wait_for_rollout(1)

    eventually(lambda: master.logged("rollout.done"))
    told = events(master, "worker.stopped", "rollout.probing", "rollout.replacing", "rollout.done")
    assert told == ["rollout.probing", "worker.stopped", "rollout.replacing", *["worker.stopped"] * 2, "rollout.done"]


def test_a_long_job_is_not_cut_short_and_its_slot_is_filled_after_it(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(pool(workers=2))
    master = deployment.start()
    push(redis, "Meet", "long")
    popped(redis, "test:met")

    assert deployment.reload().status == 0
    eventually(lambda: master.logged("rollout.replacing"))
    rollout = eventually(lambda: deployment.status().rollout)
    assert (rollout.state, rollout.old) == ("replacing", 1)
    assert performs(redis)
    assert len(master.workers()) == 2
    redis.rpush("test:go", "on")

    assert popped(redis, "test:done") == "long"
    deployment.wait_for_rollout(1)
    assert not failures(redis)


def test_a_job_that_outlasts_two_reloads_holds_nobody_else_back(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(pool(workers=2))
    master = deployment.start()
    push(redis, "Meet", "long")
    popped(redis, "test:met")
    assert deployment.reload().status == 0
    eventually(lambda: master.logged("rollout.replacing"))

    assert deployment.reload().status == 0
    eventually(lambda: sorted(worker.generation for worker in deployment.status().workers) == [0, 2], within=15)

    redis.rpush("test:go", "on")
    deployment.wait_for_rollout(2)
    assert popped(redis, "test:done") == "long"
    assert not failures(redis)


def test_a_worker_that_ends_in_the_moment_of_a_reload_is_replaced(deployment: Deployment, redis: Redis) -> None:
    pass


# Many of them


def test_hups_during_a_check_lead_to_one_more(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(modules=["slow"])
    deployment.write("slow", "")
    master = deployment.start()
    gate = deployment.app / "gate"
    deployment.write("slow", f"import sys, time, pathlib\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)")
    master.send(signal.SIGHUP)
    for _ in range(10):
        before = eventually(lambda: master.logged("reload.checking"))
        master.send(signal.SIGHUP)
    assert before == master.logged("reload.checking")
    gate.touch()

    eventually(lambda: len(master.logged("reload.accepted")) == 2, within=15)
    master.send(signal.SIGUSR1)
    eventually(lambda: master.logged("log.reopened"))
    assert len(master.logged("reload.checking")) == 2
