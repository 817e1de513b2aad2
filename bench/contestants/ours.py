"""resqued itself, with its default settings."""

import json
import sys
from collections.abc import Sequence

from bench.contestants import QUEUE
from bench.stage import APPLICATION, Stage
from resqued import Resque
from resqued.protocol.keys import Keys

CONFIGURATION = """
[redis]
url = "{url}"
[jobs]
path = ["{application}"]
modules = ["trivial"]
[pools.bench]
queues = ["{queue}"]
workers = {workers}
[daemon]
run_dir = "{directory}"
state_dir = "{directory}"
"""


class Resqued:
    name = "resqued"
    plenty = 20_000

    def __init__(self, stage: Stage) -> None:
        self._directory, self._redis, self._keys = stage.directory, stage.redis, Keys()
        self._client = Resque(stage.url)

    def command(self, url: str, workers: int) -> Sequence[str]:
        file = self._directory / f"resqued-{workers}.toml"
        file.write_text(
            CONFIGURATION.format(
                url=url, application=APPLICATION, queue=QUEUE, workers=workers, directory=self._directory
            )
        )
        return [sys.executable, "-m", "resqued", "-c", str(file)]

    def ready(self) -> int:
        return self._redis.scard(self._keys.workers)

    def enqueue(self, job: str, *args: str) -> None:
        self._client.enqueue_to(QUEUE, job, *args)

    def fill(self, count: int) -> None:
        self._redis.rpush(self._keys.queue(QUEUE), *[json.dumps({"class": "Noop", "args": []})] * count)

    def waiting(self) -> int:
        return self._redis.llen(self._keys.queue(QUEUE))

    def working(self) -> bool:
        return self._client.info().working > 0

    def failed(self) -> int:
        return self._redis.llen(self._keys.failed)
