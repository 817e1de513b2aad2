"""resqued itself: with its default settings, and with those that make a difference."""

import json
import sys
from collections.abc import Mapping, Sequence

from bench.contestants import QUEUE, Argv
from bench.contestants.family import Resquer
from bench.stage import APPLICATION, Stage
from resqued import ConfigError, config

OTHERS = "others"  # the queue of workers that are only there
CONFIGURATION = """
[redis]
url = "{url}"
[jobs]
path = ["{application}"]
modules = {modules}
[daemon]
run_dir = "{directory}"
state_dir = "{directory}"
"""
POOL = """
[pools.{name}]
queues = {queues}
workers = {workers}
"""


class Resqued(Resquer):
    name = "resqued"

    def __init__(
        self,
        stage: Stage,
        name: str = name,
        *,
        queues: Sequence[str] = (QUEUE,),
        settings: Mapping[str, object] | None = None,
        modules: Sequence[str] = ("trivial",),
        others: int = 0,
    ) -> None:
        """`settings`: of its pool. `others`: workers of another pool, on a queue that stays empty."""
        super().__init__(stage)
        self.name, self.others = name, others
        self.strangers = 0  # registered workers that are none of its own
        self._queues, self._settings, self._modules = queues, settings or {}, modules
        self._directory = stage.directory / f"resqued-{self.database}"
        self._directory.mkdir()

    def commands(self, port: int, workers: int) -> Sequence[Argv]:
        file = self._directory / "resqued.toml"
        file.write_text(self._configuration(self.url(port), workers))
        return [[sys.executable, "-m", "resqued", "-c", str(file)]]

    def _configuration(self, url: str, workers: int) -> str:
        head = CONFIGURATION.format(
            url=url, application=APPLICATION, modules=json.dumps(self._modules), directory=self._directory
        )
        pool = POOL.format(name="bench", queues=json.dumps(self._queues), workers=workers)
        settings = "".join(f"{key} = {json.dumps(value)}\n" for key, value in self._settings.items())
        others = POOL.format(name="others", queues=json.dumps([OTHERS]), workers=self.others) if self.others else ""
        return head + pool + settings + others

    def is_ready(self, workers: int, said: object) -> bool:  # noqa: ARG002  Redis knows
        return self.redis.scard(self.keys.workers) == workers + self.others + self.strangers

    def processed(self) -> int:
        """Jobs that were taken so far."""
        return int(self.redis.get(self.keys.processed) or 0)

    def refusal(self) -> str:
        """Why this configuration is none; empty if it is one."""
        try:
            config.parse(self._configuration(self.url(6379), 1), self.name)
        except ConfigError as error:
            return "; ".join(error.mistakes)
        return ""


class ThreeQueues(Resqued):
    """Jobs come to any of three queues."""

    QUEUES = ("urgent", QUEUE, "whenever")

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, "resqued, three queues", queues=self.QUEUES)
        self._turn = 0

    def enqueue(self, job: str, *args: str) -> None:
        self._turn += 1
        self.client.enqueue_to(self.QUEUES[self._turn % len(self.QUEUES)], job, *args)


class Frugal(Resqued):
    """A process for each hundred jobs."""

    forks = False
    plenty = 50_000

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, "resqued, jobs_per_fork = 100", settings={"jobs_per_fork": 100})
