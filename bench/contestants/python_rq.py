"""rq (https://python-rq.org): `rq worker`, `rq worker-pool`, and SimpleWorker, which its notes on performance name."""

import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Any

from bench.contestants import QUEUE, Argv, Contestant
from bench.stage import APPLICATION, Stage

SIMPLE = ("--worker-class", "rq.worker.SimpleWorker")


class Rq(Contestant):
    plenty = 1000

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._rq: Any = importlib.import_module("rq")  # not imported by name: it need not be there, not even for types
        self._queue = self._rq.Queue(QUEUE, connection=self.redis)

    def _command(self, port: int, *words: str) -> Argv:
        return [sys.executable, "-m", "rq.cli", *words, "--url", self.url(port), "--path", str(APPLICATION), QUEUE]

    def is_ready(self, workers: int, said: Callable[[], str]) -> bool:  # noqa: ARG002  Redis knows
        return self.redis.scard("rq:workers") == workers

    def enqueue(self, job: str, *args: str) -> None:
        self._queue.enqueue(f"trivial.{job}.perform", *args)

    def fill(self, count: int, job: str = "Noop") -> None:
        self._queue.enqueue_many([self._queue.prepare_data(f"trivial.{job}.perform") for _ in range(count)])

    def waiting(self) -> int:
        return self.redis.llen(f"rq:queue:{QUEUE}")

    def working(self) -> bool:
        return bool(self._queue.started_job_registry.get_job_count(cleanup=False))

    def failed(self, said: Callable[[], str]) -> int:  # noqa: ARG002  Redis knows
        return int(self._queue.failed_job_registry.get_job_count(cleanup=False))


class Worker(Rq):
    name = "rq worker"
    measures = frozenset({"throughput", "latency", "redis"})

    def commands(self, port: int, workers: int) -> Sequence[Argv]:
        return [self._command(port, "worker")] * workers


class Pool(Rq):
    name = "rq worker-pool"
    measures = frozenset({"throughput", "idle", "memory"})

    def commands(self, port: int, workers: int) -> Sequence[Argv]:
        return [self._command(port, "worker-pool", "--num-workers", str(workers))]


class Simple(Rq):
    name = "rq worker-pool, SimpleWorker"
    forks = False
    plenty = 4000

    def commands(self, port: int, workers: int) -> Sequence[Argv]:
        return [self._command(port, "worker-pool", "--num-workers", str(workers), *SIMPLE)]
