"""node-resque (https://node-resque.actionherojs.com), which ./run bench installs where npm is.

Its README names several workers in one process, for jobs that wait for something, and the timeout between looks.
"""

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.contestants import QUEUE, Argv
from bench.contestants.family import Resquer
from bench.stage import APPLICATION

LIBRARY = Path(sys.prefix) / "npm" / "node_modules" / "node-resque"


def absence() -> str:
    """What to do to have it; empty if it is there."""
    if not shutil.which("node"):
        return "there is no node on the PATH"
    return "" if LIBRARY.is_dir() else f"npm install --prefix {LIBRARY.parents[1]} node-resque"


def version() -> str:
    return str(json.loads((LIBRARY / "package.json").read_text())["version"])


class NodeResque(Resquer):
    """One process for each worker."""

    name = "node-resque"
    forks = False
    told = False
    interval = 5.0
    plenty = 50_000

    def commands(self, port: int, workers: int) -> Sequence[Argv]:
        return [self._command(port, 1)] * workers

    def _command(self, port: int, workers: int) -> Argv:
        words = [port, self.database, QUEUE, int(self.interval * 1000), workers]
        return [shutil.which("node") or "node", str(APPLICATION / "worker.js"), str(LIBRARY), *map(str, words)]


class Together(NodeResque):
    name = "node-resque, workers in one process"
    measures = frozenset({"throughput", "idle", "memory"})

    def commands(self, port: int, workers: int) -> Sequence[Argv]:
        return [self._command(port, workers)]


class Eager(NodeResque):
    name = "node-resque, timeout 0.1 s"
    interval = 0.1
    measures = frozenset({"latency", "idle"})
