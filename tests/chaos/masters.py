"""The masters under attack: as many hosts, each with a configuration of its own and a network of its own to Redis."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Literal

from tests.chaos.script import KEPT
from tests.support.hurried import hurried
from tests.support.processes import mortal
from tests.support.proxy import Proxy

Policy = Literal["fail", "requeue"]

APPLICATION = Path(__file__).parent / "application"
ROOT = Path(__file__).parents[2]
LIMIT = 3  # how often a payload may be put back because its worker died

CONFIGURATION = """
[redis]
url = "{url}"
[jobs]
path = ["{application}"]
modules = {modules}
preload = "{preload}"
[pools.urgent]
queues = ["high", "low"]
workers = {urgent}
order = "{order}"
interval = 0.5
worker_lost = "{policy}"
worker_lost_limit = {limit}
[pools.all]
queues = {queues}
workers = {all}
interval = 1
jobs_per_fork = {jobs_per_fork}
worker_lost = "{policy}"
worker_lost_limit = {limit}
[shutdown]
grace = {grace}
term_timeout = 0.5
redis_timeout = 1
[worker]
hostname = "host-{number}"
[scheduler]
enabled = true
[log]
format = "json"
[daemon]
run_dir = "{directory}"
state_dir = "{directory}"
"""
VARIETY = (("master", "strict", 0.2, 1), ("worker", "random", 2.0, 5), ("job", "round-robin", 0.0, 2))

HURRIED = hurried({"store.timetable.LEASE": 3000})  # ms for which a scheduler that was killed still leads


class Master:
    """One host: `run` it as often as it ends. `exits`: how each run ended, as Popen tells it."""

    def __init__(self, number: int, workers: int, policy: Policy, proxy: Proxy, directory: Path) -> None:
        self.number, self.proxy = number, proxy
        self.exits: list[int] = []
        self.process: subprocess.Popen[bytes] | None = None
        self.log = directory / f"master-{number}.log"
        self._directory = directory
        self._file = directory / f"host-{number}.toml"
        self._file.write_text(configuration(number, workers, policy, proxy.url, directory))

    def start(self) -> None:
        if self.process is None:
            with self.log.open("ab") as out:
                self.process = subprocess.Popen(
                    mortal([*HURRIED, "-c", str(self._file)], by=signal.SIGTERM),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    cwd=ROOT,
                    env={**os.environ, **ledger_environment(self._directory)},
                    process_group=0,
                )

    @property
    def has_ended(self) -> bool:
        """Reaps it if it has."""
        if self.process and (status := self.process.poll()) is not None:
            self.exits.append(status)
            self.process = None
        return self.process is None

    @property
    def pids(self) -> set[int]:
        return {self.process.pid} if self.process else set()


def ledger_environment(directory: Path) -> dict[str, str]:
    """What a job needs to keep its ledger."""
    return {"CHAOS_LEDGER": str(directory / "ledger"), "CHAOS_CLAIMS": str(directory / "claims")}


def configuration(number: int, workers: int, policy: Policy, url: str, directory: Path) -> str:
    preload, order, grace, jobs_per_fork = VARIETY[number % len(VARIETY)]
    keeps_policies = preload != "job"  # a worker knows a job before it has a process
    return CONFIGURATION.format(
        url=url,
        application=APPLICATION,
        modules='["chaotic", "kept"]' if keeps_policies else '["chaotic"]',
        queues='["*"]' if keeps_policies else f'["*", "!{KEPT}"]',
        preload=preload,
        order=order,
        grace=grace,
        urgent=workers - workers // 2,
        all=workers // 2,
        policy=policy,
        jobs_per_fork=jobs_per_fork,
        limit=LIMIT,
        number=number,
        directory=directory,
    )
