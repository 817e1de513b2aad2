"""The least that a forking worker must do, in a process with the modules that a resqued worker has imported.

`programs/bare.py` takes a job with BLMOVE, forks, waits, and takes it off its list: no register, no heartbeat, no
counting, no log.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.contestants import QUEUE
from bench.stage import Stage


class Bare:
    name = "bare loop"
    plenty = 20_000

    def __init__(self, stage: Stage, image: Path) -> None:
        """`image`: a file that names the modules to import."""
        self._redis, self._image = stage.redis, image

    def command(self, url: str, workers: int) -> Sequence[str]:
        return [sys.executable, "-m", "bench.programs.bare", str(self._image), url, QUEUE, str(workers)]

    def ready(self) -> int:
        return self._redis.scard("bare:workers")

    def enqueue(self, job: str, *args: str) -> None:
        self._redis.rpush(f"bare:{QUEUE}", json.dumps({"class": job, "args": args}))

    def fill(self, count: int) -> None:
        self._redis.rpush(f"bare:{QUEUE}", *[json.dumps({"class": "Noop", "args": []})] * count)

    def waiting(self) -> int:
        return self._redis.llen(f"bare:{QUEUE}")

    def working(self) -> bool:
        return self._redis.llen("bare:taken") > 0

    def failed(self) -> int:
        return self._redis.llen("bare:failed")
