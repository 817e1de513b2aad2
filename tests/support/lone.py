"""A standalone worker: `Resque.worker()` in a process of its own, for the jobs of `tests/apps/tracked.py`."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis import Redis

from tests.support.daemon import APPS, Daemon
from tests.support.waiting import eventually

PROGRAM = """
import os, signal, sys
from resqued import Resque

worker = Resque(redis=os.environ["TEST_REDIS_URL"]).worker(modules=["tracked"], interval=3600)
worker.add_queue("work")
worker.work()
"""


@contextmanager
def lone(
    directory: Path, redis: Redis, url: str, *, program: str = PROGRAM, prefix: Sequence[str] = (), **how: Any
) -> Iterator[Daemon]:
    """As a daemon whose one process is the worker. `prefix`: a command that starts it; `how`: for Popen."""
    log = directory / "lone.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*prefix, sys.executable, "-c", program],
            **{"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out, **how},
            env={**os.environ, "TEST_REDIS_URL": url, "PYTHONPATH": str(APPS)},
        )
    try:
        yield Daemon(process, log, redis)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=5)


def wait_until_registered(redis: Redis) -> None:
    eventually(lambda: redis.scard("resque:workers") == 1, within=10)
