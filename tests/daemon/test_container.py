"""The master as process 1 of a container, which has no terminal and no init."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from redis import Redis

from tests.support.daemon import Daemons, popped, push, texts, title_of
from tests.support.deployment import Deployment, pool
from tests.support.processes import mortal
from tests.support.waiting import eventually

UNSHARE = ["--pid", "--fork", "--mount-proc", "--kill-child"]
NO_GRACE = "[shutdown]\ngrace = 0\nterm_timeout = 0.5"


class Container:
    """`outer` ends with its process 1, and as that did."""

    def __init__(self, outer: subprocess.Popen[bytes]) -> None:
        self.outer = outer

    @property
    def master(self) -> psutil.Process:
        (master,) = psutil.Process(self.outer.pid).children()
        return master

    def run(self, *command: str) -> None:
        """As `docker exec` does."""
        subprocess.run(["nsenter", "-t", str(self.master.pid), "-p", "-m", *command], check=True)


@contextmanager
def running(daemons: Daemons, file: Path, is_up: Callable[[], object]) -> Iterator[Container]:
    """Without a terminal. `is_up`: from when on it may be used."""
    if os.geteuid() != 0 or not (shutil.which("unshare") and shutil.which("nsenter")):
        pytest.skip("needs root, unshare and nsenter")
    argv = mortal([str(shutil.which("unshare")), *UNSHARE, sys.executable, "-m", "resqued", "-c", str(file)])
    log, environment = daemons.directory / "container.log", {**os.environ, "TEST_REDIS_URL": daemons.url}
    with (
        log.open("wb") as out,
        subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment, start_new_session=True
        ) as outer,
    ):
        try:
            eventually(lambda: outer.poll() is not None or is_up(), within=10)
            _skip_where_refused(outer, log.read_text())
            yield Container(outer)
        finally:
            outer.kill()


def _skip_where_refused(outer: subprocess.Popen[bytes], said: str) -> None:
    if outer.returncode is not None:
        assert said.startswith("unshare: "), said
        pytest.skip(said)


@pytest.fixture
def container(daemons: Daemons, redis: Redis) -> Iterator[Container]:
    """With a worker that is ready."""
    file = daemons.configured(more=NO_GRACE, pool="standby = false")
    with running(daemons, file, lambda: redis.smembers("resque:workers")) as container:
        yield container


def test_a_stop_of_the_container_puts_back_what_it_cuts_short(container: Container, redis: Redis) -> None:
    push(redis, "Careful")
    popped(redis, "test:met")
    container.master.send_signal(signal.SIGTERM)

    assert container.outer.wait(15) == 0
    assert len(texts(redis, "resque:queue:work")) == 1
    assert not redis.smembers("resque:workers")


def test_process_1_reaps_what_is_not_its_own(container: Container) -> None:
    container.run("sh", "-c", "sleep 0.01 &")  # its parent is gone before it

    eventually(lambda: "sleep" not in [child.name() for child in container.master.children()])  # a zombie has its name


def test_process_1_reaps_what_a_job_and_its_worker_left_behind(container: Container, redis: Redis) -> None:
    push(redis, "Grandchild")
    (worker,) = [child for child in container.master.children() if title_of(child).startswith("resque-")]
    eventually(lambda: redis.get("resque:stat:processed") and not redis.keys("resque:worker:*:work"))
    eventually(lambda: len(worker.children(recursive=True)) == 1)  # the job's process has ended, too
    (left,) = worker.children()
    worker.terminate()
    eventually(lambda: left.ppid() == container.master.pid)
    redis.rpush("test:go", "on")

    eventually(lambda: not psutil.pid_exists(left.pid))  # nor is there a zombie


def test_a_stop_of_the_container_ends_it_while_the_application_is_imported(
    deployment: Deployment, daemons: Daemons, redis: Redis
) -> None:
    """Nobody but a handler of its own would let process 1 hear the signal."""
    deployment.write("slow", "import tracked\ntracked.say('test:importing', 'x')\ntracked.time.sleep(60)\n")
    deployment.configure(modules=["slow"])
    with running(daemons, deployment.file, lambda: redis.llen("test:importing")) as container:
        container.master.send_signal(signal.SIGTERM)

        assert container.outer.wait(10) == 0


def test_a_container_is_reloaded_in_place(deployment: Deployment, daemons: Daemons, redis: Redis) -> None:
    deployment.configure()
    with running(daemons, deployment.file, lambda: redis.smembers("resque:workers")) as container:
        deployment.configure(pool("other"))
        container.master.send_signal(signal.SIGHUP)

        push(redis, "Say", "reloaded", queue="other")
        assert popped(redis, "test:said", within=15) == "reloaded"
        assert container.master.is_running()
        container.master.send_signal(signal.SIGTERM)
        assert container.outer.wait(15) == 0
