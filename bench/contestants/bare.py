"""The least that a forking worker must do, in a process with the modules that a resqued worker has imported.

`programs/bare.py` takes a job with BLMOVE, forks, waits, and takes it off its list: no register, no heartbeat, no
counting, no log.
"""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.contestants import QUEUE, Argv, Contestant
from bench.stage import Stage


class Bare(Contestant):
    name = "bare loop"
    measures = frozenset({"throughput", "latency"})

    def __init__(self, stage: Stage, image: Path) -> None:
        """`image`: a file that names the modules to import."""
        super().__init__(stage)
        self._image = image

    def commands(self, port: int, workers: int) -> Sequence[Argv]:
        program = "bench.programs.bare"
        return [[sys.executable, "-m", program, str(self._image), self.url(port), QUEUE, str(workers)]]

    def is_ready(self, workers: int, said: Callable[[], str]) -> bool:  # noqa: ARG002  Redis knows
        return self.redis.scard("bare:workers") == workers

    def enqueue(self, job: str, *args: str) -> None:
        self.redis.rpush(f"bare:{QUEUE}", json.dumps({"class": job, "args": args}))

    def fill(self, count: int, job: str = "Noop") -> None:
        self.redis.rpush(f"bare:{QUEUE}", *[json.dumps({"class": job, "args": []})] * count)

    def waiting(self) -> int:
        return self.redis.llen(f"bare:{QUEUE}")

    def working(self) -> bool:
        return self.redis.llen("bare:taken") > 0

    def failed(self, said: Callable[[], str]) -> int:  # noqa: ARG002  Redis knows
        return self.redis.llen("bare:failed")
