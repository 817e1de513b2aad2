"""A reload that is accepted: everything is new but the pid, and no job notices."""

import os
import shutil
import signal
import sys
from pathlib import Path

import psutil
import pytest
from redis import Redis

import resqued
from resqued.status import RolloutStatus
from tests.support.daemon import Daemon, failures, popped, push, texts, title_of
from tests.support.deployment import Deployment, performs, pool
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


COUNTED = """
import time
import tracked


class Counted:
    @staticmethod
    def perform(name, seconds):
        with tracked.connection() as there:
            there.rpush("test:together", there.incr("test:running"))
            time.sleep(seconds)
            there.decr("test:running")
            there.rpush("test:said", name)
"""
MESSY = """
import subprocess
import sys

if "-t" in sys.argv:
    subprocess.Popen(["sleep", "60"])
"""


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


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Of resqued, with a script beside it, to be changed."""
    copied = shutil.copytree(Path(resqued.__file__).parent, tmp_path / "lib" / "resqued")
    script = copied.with_name("start")
    script.write_text(f"#!{sys.executable}\nfrom resqued.cli.resqued import main\nraise SystemExit(main())\n")
    script.chmod(0o755)
    return copied


def test_resqued_itself_is_taken_over_with_what_only_the_new_version_knows(
    deployment: Deployment, redis: Redis, copy: Path
) -> None:
    master = deployment.start(program=[str(copy.with_name("start"))])

    (copy / "version.py").write_text('__version__ = "99.0.0"\n')
    settings = copy / "config" / "settings.py"
    settings.write_text(settings.read_text().replace("    signal_pool:", "    brand_new: int = 0\n    signal_pool:"))
    deployment.configure(daemon="brand_new = 1")
    assert deployment.reload() == (0, "reload no. 1 accepted\n", "")
    deployment.wait_for_rollout(1)

    assert deployment.status().version == "99.0.0"
    assert title_of(psutil.Process(master.pid)).startswith("resqued-99.0.0: master ")
    eventually(lambda: [title_of(worker)[:22] for worker in master.workers()] == ["resque-99.0.0: Waiting"])
    assert performs(redis)


def test_a_version_that_does_not_understand_the_one_that_runs_is_refused(
    deployment: Deployment, redis: Redis, copy: Path
) -> None:
    deployment.start(program=[str(copy.with_name("start"))])
    handover = copy / "handover.py"
    handover.write_text(handover.read_text().replace("LAYOUT = 1", "LAYOUT = 99"))

    answer = deployment.reload()

    assert answer.status == 1
    assert "cannot take over from the one that runs (layout 1, not 99); restart resqued" in answer.err
    assert performs(redis)


def test_a_script_is_found_again_wherever_the_daemon_works(deployment: Deployment, copy: Path) -> None:
    deployment.configure(daemon=f'chdir = "{deployment.app}"')
    deployment.start(program=[os.path.relpath(copy.with_name("start"))])

    assert deployment.reload().status == 0
    assert deployment.reload().status == 0


def test_an_application_with_threads_is_accepted_where_they_do_no_harm(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(modules=["threaded"], jobs='preload = "job"')
    deployment.write("threaded", "import threading\nthreading.Thread(target=threading.Event().wait).start()\n")
    deployment.start()

    assert deployment.reload().status == 0
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


NEW = """
class Added:
    @staticmethod
    def perform(number): ...
"""


def test_who_has_waited_for_the_roll_out_may_enqueue_jobs_that_only_the_new_version_knows(
    deployment: Deployment, redis: Redis
) -> None:
    deployment.configure(pool(workers=3), modules=["changing"])
    deployment.write("changing", "")
    master = deployment.start()
    master.wait_for_workers(3)
    push(redis, "Meet")  # one of them is busy, and stays so
    popped(redis, "test:met")
    deployment.write("changing", NEW)
    answer = deployment.resquectl("reload", "--rollout", "--timeout", "20")
    assert (answer.status, answer.out) == (0, "reload no. 1 accepted\n")
    for number in range(20):
        push(redis, "Added", number)
    redis.rpush("test:go", "now")
    eventually(lambda: redis.get("resque:stat:processed") == b"21")

    assert not failures(redis)


def test_a_roll_out_that_waits_for_long_jobs_is_not_waited_for_for_ever(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(pool(workers=2))
    deployment.start().wait_for_workers(2)
    push(redis, "Meet")
    push(redis, "Meet")
    for _ in range(2):
        popped(redis, "test:met")
    answer = deployment.resquectl("reload", "--rollout", "--timeout", "3")
    redis.rpush("test:go", "now", "now")

    assert (answer.status, answer.err) == (
        1,
        "resquectl: reload no. 1 accepted, but workers of before still take jobs: 1\n",
    )


def test_a_long_job_is_not_cut_short_and_its_slot_is_filled_after_it(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(pool(workers=2))
    master = deployment.start()
    push(redis, "Meet", "long")
    popped(redis, "test:met")

    assert deployment.reload().status == 0
    eventually(lambda: master.logged("rollout.replacing"))
    eventually(lambda: deployment.status().rollout == RolloutStatus(old=1, state="replacing"))
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
    """The old image hears of it, and has no time to do anything about it."""
    act = """
        (worker,) = [child for child in psutil.Process(master).children() if child.cmdline()[0].startswith("resque-")]
        worker.kill()
        while worker.status() != psutil.STATUS_ZOMBIE:
            pass
    """
    deployment.start_with("the master knows that it has", act)

    assert deployment.reload().status == 0
    assert performs(redis)


def test_a_first_successor_that_does_not_get_ready_stops_it(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(pool(workers=2), modules=["flaky"], jobs='preload = "worker"')
    deployment.write("flaky", "")
    master = deployment.start()
    master.wait_for_workers(2)
    deployment.write("flaky", 'import sys\nassert "-t" in sys.argv, "not today"')

    answer = deployment.resquectl("reload", "--rollout", "--timeout", "20")
    assert (answer.status, "none of its workers gets ready" in answer.err) == (1, True)
    assert "the roll-out stopped" in deployment.resquectl("status").out
    assert master.logged("rollout.stopped")
    assert performs(redis)
    deployment.write("flaky", "")
    assert deployment.reload().status == 0
    deployment.wait_for_rollout(2)
    assert performs(redis)


# Many of them


def test_hups_during_a_check_lead_to_one_more(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(modules=["slow"])
    deployment.write("slow", "")
    master = deployment.start()
    gate = deployment.app / "gate"
    deployment.write(
        "slow", f"import sys, time, pathlib\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)"
    )
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


def test_under_load_no_job_is_lost_doubled_or_failed_and_there_are_never_too_many(
    deployment: Deployment, redis: Redis
) -> None:
    deployment.configure(pool(workers=4), modules=["counted"])
    deployment.write("counted", COUNTED)
    master = deployment.start()
    jobs = [f"{reload}-{number}" for reload in range(5) for number in range(60)]
    for reload in range(5):
        for job in jobs[reload * 60 : (reload + 1) * 60]:
            push(redis, "Counted", job, 0.3 if job.endswith("7") else 0.001)
        assert deployment.reload().status == 0

    eventually(lambda: redis.llen("test:said") == len(jobs), within=30)
    assert sorted(texts(redis, "test:said")) == sorted(jobs)
    assert max(map(int, texts(redis, "test:together"))) == 4
    assert master.stop() == 0
    assert redis.get("resque:stat:processed") == str(len(jobs)).encode()
    assert not failures(redis)


def test_reloads_leave_nothing_behind(deployment: Deployment) -> None:
    """Descriptors, scoreboards, processes."""
    deployment.configure(pool(more="standby = false"), modules=["messy"])
    deployment.write("messy", MESSY)
    master = deployment.start()
    assert deployment.reload().status == 0
    once = psutil.Process(master.pid).num_fds()
    for _ in range(4):
        assert deployment.reload().status == 0

    deployment.wait_for_rollout(5)
    eventually(lambda: psutil.Process(master.pid).num_fds() <= once)  # it opens a file now and then
    eventually(lambda: len(psutil.Process(master.pid).children(recursive=True)) == 1)
    eventually(lambda: len(list(deployment.run.glob("scoreboard.*"))) == 1)
    assert master.stop() == 0
    assert list(deployment.run.iterdir()) == []


def test_an_embedded_redis_goes_on(deployment: Deployment, short_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(short_path))
    deployment.configure(redis="embedded = true")
    master = deployment.start()
    before = eventually(master.own_redis)
    assert before

    assert deployment.reload().status == 0
    deployment.wait_for_rollout(1)

    assert master.own_redis() == before
    assert not master.logged("redis.lost")
    assert master.stop() == 0
    assert not before.is_running()
