"""`resquectl stacks`: where every process is, without harm to any."""

import json
import os
import signal
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
import pytest
from redis import Redis

from resqued.cli.collecting import collect, everybody
from resqued.cli.machine import Machine
from resqued.signals import SHOW
from tests.cli.asking import Answer
from tests.support.daemon import Daemon, failures, popped, push
from tests.support.deployment import Deployment, performs, pool
from tests.support.status import signals_in, status
from tests.support.waiting import eventually

FOREIGN = """
import os, signal
from tracked import say

class Become:
    queue = "work"

    @staticmethod
    def perform():
        say("test:met", os.getpid())
        os.execvp("sleep", ["sleep", "30"])

class Masked:
    queue = "work"

    @staticmethod
    def perform():
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        say("test:met", os.getpid())
        signal.sigwait([signal.SIGUSR1])
"""


@pytest.fixture(name="master")
def master_of_two_workers(deployment: Deployment, redis: Redis) -> Daemon:
    """One of which has a job."""
    deployment.write("foreign", FOREIGN)
    deployment.configure(pool(workers=2, more="standby = false"), modules=["foreign"])
    master = deployment.start()
    master.wait_for_workers(2)
    push(redis, "Meet")
    return master


def stacks(deployment: Deployment, *words: str) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = json.loads(deployment.resquectl("stacks", "--json", *words).out)
    return answer


def job(redis: Redis) -> int:
    return int(popped(redis, "test:met"))


def test_every_process_shows_its_own(deployment: Deployment, master: Daemon, redis: Redis) -> None:
    pid = job(redis)
    shown = {one["pid"]: one for one in stacks(deployment)}

    assert set(shown) == {master.pid, pid, *(worker.pid for worker in master.workers())}
    assert "master/loop.py" in "".join(shown[master.pid]["stacks"])
    for worker in master.workers():
        assert "worker/loop.py" in "".join(shown[worker.pid]["stacks"])
    assert shown[pid] | {"stacks": []} == {
        "process": "job",
        "pid": pid,
        "worker": shown[psutil.Process(pid).ppid()]["worker"],
        "job": "Meet",
        "stacks": [],
        "problem": None,
    }
    assert any("tracked.py" in line for line in shown[pid]["stacks"])


def test_what_a_fork_has_copied_of_its_parent_is_left_out(deployment: Deployment, master: Daemon, redis: Redis) -> None:
    job(redis)

    for one in stacks(deployment):
        text = "".join(one["stacks"])
        assert ("master/loop.py" in text) == (one["process"] == "master")
        assert ("ears.py" in text) == (one["process"] == "worker")


def test_nobody_is_harmed_and_nothing_is_left(deployment: Deployment, master: Daemon, redis: Redis) -> None:
    job(redis)
    for _ in range(5):
        assert deployment.resquectl("stacks").status == 0
    redis.rpush("test:go", "on")

    assert popped(redis, "test:done") == "meet"
    assert (deployment.run / "stacks").stat().st_size == 0
    assert performs(redis)
    assert not failures(redis)
    assert not master.logged("worker.died")
    assert "Current thread" not in master.output()


def test_for_people(deployment: Deployment, master: Daemon, redis: Redis) -> None:
    pid = job(redis)
    text = deployment.resquectl("stacks", str(pid)).out.splitlines()

    assert text[0].startswith("job Meet of work.")
    assert text[0].endswith(f", process {pid}")
    assert text[1].startswith("  Current thread")
    assert text[-1] == ""


@pytest.mark.parametrize("name", ["work.0", "worker"])
def test_one_worker_with_its_job(deployment: Deployment, redis: Redis, name: str) -> None:
    deployment.configure()
    master = deployment.start()
    push(redis, "Meet")
    pid = job(redis)
    worker = master.workers()[0].pid

    wanted = {"work.0": [worker, pid], "worker": [worker]}[name]
    assert [one["pid"] for one in stacks(deployment, str(worker) if name == "worker" else name)] == wanted


def test_who_is_not_there(deployment: Deployment, master: Daemon) -> None:
    answer = deployment.resquectl("stacks", "mail.9")

    assert answer == Answer(1, "", "resquectl: there is no worker 'mail.9' here, and no process 'mail.9'\n")


def test_a_worker_that_stands_still_is_named(deployment: Deployment, master: Daemon, redis: Redis) -> None:
    job(redis)
    worker = master.workers()[0]
    worker.send_signal(signal.SIGSTOP)
    eventually(lambda: worker.status() == psutil.STATUS_STOPPED)
    try:
        answer = deployment.resquectl("stacks", str(worker.pid))
    finally:
        worker.send_signal(signal.SIGCONT)

    assert answer.status == 1
    assert "no stacks: it is stopped" in answer.out


def test_a_job_that_has_become_another_program_is_left_alone(
    deployment: Deployment, master: Daemon, redis: Redis
) -> None:
    """The signal would end it."""
    redis.rpush("test:go", "on")
    job(redis)
    push(redis, "Become")
    pid = job(redis)
    eventually(lambda: SHOW not in signals_in(status(pid)["SigCgt"]))
    (shown,) = stacks(deployment, str(pid))

    assert shown["problem"].startswith("it shows none: it is another program by now")
    assert psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    os.kill(pid, signal.SIGKILL)


def test_who_does_not_let_the_signal_come_is_waited_for_no_longer_than_a_moment(
    deployment: Deployment, master: Daemon, redis: Redis
) -> None:
    redis.rpush("test:go", "on")
    job(redis)
    push(redis, "Masked")
    pid = job(redis)
    eventually(lambda: SHOW in signals_in(status(pid)["SigBlk"]))
    found = {one["pid"]: one for one in stacks(deployment)}

    assert found[pid]["problem"] == "it has shown none within 2 s"
    assert all(one["stacks"] for one in found.values() if one["pid"] != pid)
    os.kill(pid, signal.SIGKILL)


def test_two_who_collect_do_not_mix_them_up(deployment: Deployment, master: Daemon, redis: Redis) -> None:
    pid = job(redis)
    found: list[list[dict[str, Any]]] = []
    callers = [Thread(target=lambda: found.append(collected(deployment))) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(20)

    for shown in found:
        (mine,) = [one for one in shown if one["pid"] == pid]
        assert "ears.py" not in "".join(mine["stacks"])
        assert all(one["stacks"] for one in shown)
    assert len(found) == 3


def collected(deployment: Deployment) -> list[dict[str, Any]]:
    """Not through standard output, which threads share."""
    master = Machine(deployment.file).master()
    return [{"pid": shown.of.pid, "stacks": shown.lines} for shown in collect(master, list(everybody(master)))]


def test_they_are_shown_across_a_reload(deployment: Deployment, master: Daemon, redis: Redis) -> None:
    """By workers of an earlier image, too."""
    job(redis)
    assert deployment.reload().status == 0
    shown = stacks(deployment)

    assert {one["process"] for one in shown} == {"master", "worker", "job"}
    assert not [one["problem"] for one in shown if one["problem"] not in (None, "it has ended")]
    redis.rpush("test:go", "on")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is in danger")
@pytest.mark.parametrize("trap", ["link", "hard link", "fifo", "somebody's"])
def test_root_empties_no_file_but_the_masters(
    deployment: Deployment, master: Daemon, tmp_path: Path, trap: str
) -> None:
    file, precious = deployment.run / "stacks", tmp_path / "precious"
    precious.write_text("keep")
    file.unlink()
    match trap:
        case "link":
            file.symlink_to(precious)
        case "hard link":
            file.hardlink_to(precious)
        case "fifo":
            os.mkfifo(file)
        case _:
            file.write_text("keep")
            os.chown(file, 65534, 65534)
    answer = deployment.resquectl("stacks")

    assert answer.status == 1
    assert "no stacks can be collected" in answer.err
    assert precious.read_text() == "keep"
