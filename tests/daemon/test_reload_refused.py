"""A reload that is refused: whatever is wrong, those who are at work go on, and somebody is told why."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from redis import Redis

from tests.support.daemon import Daemon
from tests.support.deployment import Deployment, performs, pool
from tests.support.waiting import eventually

Change = Callable[[Deployment], None]


def assert_refused(deployment: Deployment, master: Daemon, reason: str) -> None:
    """With everybody at work who was before."""
    workers = master.worker_ids()
    assert_told(deployment, master, reason)
    assert master.worker_ids() == workers


def assert_told(deployment: Deployment, master: Daemon, reason: str) -> None:
    """Everywhere where somebody may look."""
    answer = deployment.reload()

    assert answer.status == 1
    assert reason in answer.err
    assert reason in str(master.logged("reload.refused")[-1]["reason"])
    assert reason in deployment.resquectl("status").out


# By the check

BROKEN: dict[str, tuple[Change, str]] = {
    "a mistake in TOML": (lambda deployed: deployed.configure("[pools"), "TOML"),
    "no file": (lambda deployed: deployed.file.unlink(), "cannot be read"),
    "a module that does not import": (lambda deployed: deployed.write("app", "1 / 0"), "ZeroDivisionError"),
    "an unknown class": (
        lambda deployed: deployed.configure(modules=["app"], jobs='names.Old = "app:New"'),
        'jobs.names."Old": ',
    ),
    "a thread": (
        lambda deployed: deployed.write("app", "from threading import *\nThread(target=Event().wait).start()"),
        "starts threads",
    ),
    "an application that exits badly": (lambda deployed: deployed.write("app", "import os; os._exit(1)"), "status 1"),
    "an application that exits well": (lambda deployed: deployed.write("app", "import os; os._exit(0)"), "status 0"),
    "an application that dies": (lambda deployed: deployed.write("app", "import os; os.abort()"), "SIGABRT"),
    "another run_dir": (
        lambda deployed: deployed.configure(daemon='run_dir = "/nowhere"'),
        "daemon.run_dir: cannot be changed by a reload; restart resqued",
    ),
    "an embedded Redis": (lambda deployed: deployed.configure(redis="embedded = true"), "redis.embedded: cannot"),
    "a log file that cannot be": (
        lambda deployed: deployed.configure(more='[log]\nfile = "/proc/nowhere/log"'),
        "log.file: /proc/nowhere/log cannot be written",
    ),
    "a directory that is not there": (
        lambda deployed: deployed.configure(daemon='chdir = "/nowhere"'),
        "daemon.chdir: /nowhere cannot be entered",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_wrong_is_said_and_nothing_changes(deployment: Deployment, redis: Redis, what: str) -> None:
    deployment.configure(modules=["app"])
    deployment.write("app", "")
    master = deployment.start()
    change, reason = BROKEN[what]
    change(deployment)

    assert_refused(deployment, master, reason)
    assert (deployment.status().generation, deployment.status().rollout) == (0, None)
    assert performs(redis)


def test_a_check_that_hangs_is_ended(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(modules=["app"], daemon="reload_timeout = 0.5")
    deployment.write("app", "")
    master = deployment.start()
    deployment.write("app", "import subprocess\nsubprocess.run(['sleep', '60'])")

    assert_refused(deployment, master, "the check did not end within 0.5 s")
    assert not is_checking(master)
    assert performs(redis)


def is_checking(master: Daemon) -> bool:
    return len(psutil.Process(master.pid).children()) > len(master.workers())


def test_a_check_that_cannot_be_written_down_is_not_begun(deployment: Deployment, redis: Redis) -> None:
    master = deployment.start()
    (deployment.run / "check").mkdir()

    assert_refused(deployment, master, "the check could not be started")
    assert performs(redis)


SCRIPT = f"""#!{sys.executable}
import sys
from resqued.cli.resqued import main
sys.exit(main())
"""
AT_ITS_END = """
import atexit
import os
import sys
import tracked

def act():
    {}

if "-t" in sys.argv:
    atexit.register(act)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "resqued"
    file.write_text(SCRIPT)
    file.chmod(0o755)
    return file


def test_a_script_that_has_vanished_is_missed_by_the_check(deployment: Deployment, redis: Redis, script: Path) -> None:
    master = deployment.start(program=[str(script)])
    script.unlink()

    assert_refused(deployment, master, f"{script} cannot be executed: No such file")
    assert performs(redis)


def test_a_script_that_vanishes_after_the_check_is_missed_in_time(
    deployment: Deployment, redis: Redis, script: Path
) -> None:
    deployment.configure(modules=["app"])
    deployment.write("app", "")
    master = deployment.start(program=[str(script)])
    deployment.write("app", AT_ITS_END.format("os.unlink(sys.argv[0])"))

    assert_refused(deployment, master, "the new version could not be started")
    assert performs(redis)
    script.write_text(SCRIPT)
    script.chmod(0o755)
    deployment.write("app", "")
    assert deployment.reload().status == 0


# By the new image itself, although the check had passed


def test_a_file_that_is_spoilt_after_the_check_is_not_used(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(modules=["app"])
    deployment.write("app", "")
    master = deployment.start()
    deployment.write("app", AT_ITS_END.format(f"os.truncate({str(deployment.file)!r}, 0)"))

    assert_told(deployment, master, "jobs.modules: missing")
    deployment.wait_for_rollout(1)
    assert performs(redis)


def test_a_directory_that_moves_after_the_check_does_not(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(modules=["app"])
    deployment.write("app", "")
    master = deployment.start()
    move = f"open({str(deployment.file)!r}, 'a').write('run_dir = \"/nowhere\"')"
    deployment.write("app", AT_ITS_END.format(move))

    assert_told(deployment, master, "daemon.run_dir: cannot be changed")
    deployment.wait_for_rollout(1)
    assert performs(redis)


IN_THE_NEW_IMAGE = """
import pathlib
import sys

if "-t" not in sys.argv:
    {}
"""


def test_an_application_that_fails_only_in_the_new_image_leaves_all_workers_at_work(
    deployment: Deployment, redis: Redis
) -> None:
    deployment.configure(pool(), pool("other"), modules=["app"])
    deployment.write("app", "")
    master = deployment.start()
    master.wait_for_workers(2)
    deployment.configure(pool(), modules=["app"])
    deployment.write("app", IN_THE_NEW_IMAGE.format("1 / 0"))

    assert_refused(deployment, master, "ZeroDivisionError")
    assert performs(redis)
    assert performs(redis, "other")
    shown = deployment.resquectl("status")
    assert shown.status == 1
    assert "pool work is degraded: the application does not import; reload when it does" in shown.out


def test_the_next_reload_repairs_that(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(modules=["app"])
    deployment.write("app", "")
    deployment.start()
    deployment.write("app", IN_THE_NEW_IMAGE.format("1 / 0"))
    assert deployment.reload().status == 1

    deployment.write("app", "")
    assert deployment.reload().status == 0

    deployment.wait_for_rollout(2)
    assert deployment.resquectl("status").status == 0
    assert performs(redis)


def hang(deployment: Deployment, seconds: float) -> Daemon:
    """A master with a new version that passes its check, and then imports for ever; it may do so for this long."""
    deployment.configure(modules=["app"], daemon=f"reload_timeout = {seconds}")
    deployment.write("app", "")
    master = deployment.start()
    text = f"pathlib.Path({str(deployment.mark)!r}).touch(); import threading; threading.Event().wait()"
    deployment.write("app", IN_THE_NEW_IMAGE.format(text))
    return master


def test_an_application_that_hangs_only_in_the_new_image_is_given_up(deployment: Deployment, redis: Redis) -> None:
    master = hang(deployment, 4)  # s, for a check under load, too

    assert_refused(deployment, master, "took longer than 4 s")
    assert performs(redis)


def test_jobs_go_on_while_the_new_image_hangs_and_a_term_ends_it(deployment: Deployment, redis: Redis) -> None:
    master = hang(deployment, 60)
    master.send(signal.SIGHUP)
    eventually(deployment.mark.exists, within=15)
    assert performs(redis)

    assert master.stop(signal.SIGTERM) == 0
    assert not redis.smembers("resque:workers")
