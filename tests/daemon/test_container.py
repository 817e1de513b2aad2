"""The master as process 1 of a container, which has no terminal and no init."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest
from redis import Redis

from tests.support.daemon import Daemons, popped, push, texts
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


@pytest.fixture
def container(daemons: Daemons, redis: Redis) -> Iterator[Container]:
    """With a worker that is ready."""
    if os.geteuid() != 0 or not (shutil.which("unshare") and shutil.which("nsenter")):
        pytest.skip("needs root, unshare and nsenter")
    command = [sys.executable, "-m", "resqued", "-c", str(daemons.configured(more=NO_GRACE))]
    argv = mortal([str(shutil.which("unshare")), *UNSHARE, *command])
    environment = {**os.environ, "TEST_REDIS_URL": daemons.url}
    log = daemons.directory / "container.log"
    with (
        log.open("wb") as out,
        subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment) as outer,
    ):
        try:
            eventually(lambda: outer.poll() is not None or redis.smembers("resque:workers"), within=10)
            _skip_where_refused(outer, log.read_text())
            yield Container(outer)
        finally:
            outer.kill()


def _skip_where_refused(outer: subprocess.Popen[bytes], said: str) -> None:
    if outer.returncode is not None:
        assert said.startswith("unshare: "), said
        pytest.skip(said)


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
