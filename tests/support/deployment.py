"""A daemon that is deployed again and again: its file and its application are changed, then it is to reload."""

import io
import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from textwrap import dedent
from typing import Any

from redis import Redis

from resqued import status
from resqued.cli import resquectl
from resqued.status import Status
from tests.cli.asking import Answer
from tests.support.daemon import APPS, Daemon, Daemons, at_fork, popped, push
from tests.support.waiting import eventually

TABLES = """
[redis]
{redis}
[jobs]
path = ["{apps}", "{app}"]
modules = {modules}
at_fork = "{at_fork}"
{jobs}
{pools}
[daemon]
{daemon}
{more}
"""


def pool(name: str = "work", *queues: str, workers: object = 1, more: str = "") -> str:
    """The table of a pool, of the queue of its own name unless others are given."""
    return f"[pools.{name}]\nqueues = {json.dumps(queues or [name])}\nworkers = {workers}\n{more}\n"


def performs(redis: Redis, queue: str = "work") -> bool:
    """Whether a job of this queue is performed."""
    push(redis, "Say", queue, queue=queue)
    return popped(redis, "test:said") == queue


class Deployment:
    """Its jobs are those of `tests/apps/tracked.py`, and of the modules that a test writes.

    Its directories are those of a service: $RUNTIME_DIRECTORY, $STATE_DIRECTORY; `run` and `state` of `daemons`' own.
    """

    def __init__(self, daemons: Daemons) -> None:
        self._daemons = daemons
        self.app = daemons.directory / "app"
        self.app.mkdir()
        self.file = daemons.directory / "deployed.toml"

    def configure(
        self,
        *pools: str,
        modules: Sequence[str] = (),
        redis: str = "",
        jobs: str = "",
        daemon: str = "",
        more: str = "",
    ) -> None:
        """Write the file. `redis`, `jobs`, `daemon`: more of these tables; `more`: other tables."""
        text = TABLES.format(
            redis=redis or f'url = "{self._daemons.url}"',
            apps=APPS,
            app=self.app,
            modules=json.dumps(["tracked", *modules]),
            at_fork=at_fork(),
            jobs=jobs,
            pools="\n".join(pools or [pool()]),
            daemon=daemon,
            more=more,
        )
        self.file.write_text(text)

    def write(self, module: str, text: str) -> None:
        """A module of the application, beside what there is of it."""
        (self.app / f"{module}.py").write_text(text)

    def start(self, **how: Any) -> Daemon:
        """With what has been configured, or one worker. It has workers when this returns. `how`: as for Daemons."""
        if not self.file.exists():
            self.configure()
        how["env"] = {"PYTHONDONTWRITEBYTECODE": "1", **how.get("env", {})}  # two releases of one second, of one length
        daemon = self._daemons.start(self.file, **how)
        eventually(lambda: daemon.process.poll() is not None or daemon.logged("worker.ready"), within=15)
        return daemon

    def start_with(self, step: str, act: str, **how: Any) -> Daemon:
        """The same; at this step of its first reload it does `act`: see `reload_steps`."""
        environment = {"TEST_STEP": step, "TEST_ACT": dedent(act), "TEST_MARK": str(self.mark)}
        return self.start(program=(sys.executable, "-m", "tests.support.reload_steps"), env=environment, **how)

    @property
    def mark(self) -> Path:
        """Is there as soon as the step has been reached."""
        return self._daemons.directory / "mark"

    def reload(self) -> Answer:
        """`resquectl reload --wait`, with its verdict."""
        return self.resquectl("reload", "--wait", "--timeout", "20")

    def resquectl(self, *words: str) -> Answer:
        with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
            code = resquectl.main(["-c", str(self.file), *words])
        return Answer(code, out.getvalue(), err.getvalue())

    @property
    def run(self) -> Path:
        """The run directory of this file."""
        (directory,) = self._daemons.directory.glob("run/*/")
        return directory

    def status(self) -> Status:
        return status.read(self.run)

    def wait_for_rollout(self, generation: int) -> None:
        """Until all workers are of this generation. The last of them may still be starting."""

        def is_through() -> bool:
            workers = self.status().workers
            return all(worker.pid and worker.generation == generation for worker in workers)

        eventually(is_through, within=15)
