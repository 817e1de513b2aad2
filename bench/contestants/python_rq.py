"""rq (https://python-rq.org): `rq worker`, or `rq worker-pool` for several, with default settings."""

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from typing import Any

from bench.contestants import QUEUE
from bench.stage import APPLICATION, Stage


def absence() -> str:
    """What to do to have it; empty if it is there."""
    if importlib.util.find_spec("rq"):
        return ""
    return f"rq is not installed and is left out; to include it: {sys.executable} -m pip install rq"


class Rq:
    name = "rq"
    plenty = 1000

    def __init__(self, stage: Stage) -> None:
        self._redis = stage.redis
        self._rq: Any = importlib.import_module("rq")  # not imported by name: it need not be there, not even for types
        self._queue = self._rq.Queue(QUEUE, connection=stage.redis)

    def command(self, url: str, workers: int) -> Sequence[str]:
        kind = ["worker"] if workers == 1 else ["worker-pool", "--num-workers", str(workers)]
        return [sys.executable, "-m", "rq.cli", *kind, "--url", url, "--path", str(APPLICATION), QUEUE]

    def ready(self) -> int:
        return self._redis.scard("rq:workers")

    def enqueue(self, job: str, *args: str) -> None:
        self._queue.enqueue(f"trivial.{job}.perform", *args)

    def fill(self, count: int) -> None:
        self._queue.enqueue_many([self._queue.prepare_data("trivial.Noop.perform") for _ in range(count)])

    def waiting(self) -> int:
        return self._redis.llen(f"rq:queue:{QUEUE}")

    def working(self) -> bool:
        return bool(self._queue.started_job_registry.get_job_count(cleanup=False))

    def failed(self) -> int:
        return int(self._queue.failed_job_registry.get_job_count(cleanup=False))
