"""A process of node-resque that does what a test asks of it."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.contestants.node import LIBRARY
from tests.support.processes import mortal
from tests.support.waiting import readable

PROGRAM = Path(__file__).with_name("node.js")


class Node:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def queue(self, method: str, *args: object) -> Any:
        """What a method of its `Queue` answers."""
        return self.ask(call=["queue", method, *args])

    @contextmanager
    def running(self, name: str, **options: object) -> Iterator[None]:
        """A `worker` or `scheduler` of its own, at work."""
        self.ask(make=name, options=options)
        self.ask(call=[name, "start"])
        try:
            yield
        finally:
            self.ask(call=[name, "end"])

    def ask(self, **wish: object) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(wish).encode() + b"\n")
        self._process.stdin.flush()
        assert readable(self._process.stdout, within=10), f"node has not answered {wish}"
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer
        return answer["result"]


@contextmanager
def node(port: int) -> Iterator[Node]:
    argv = [shutil.which("node") or "node", str(PROGRAM), str(LIBRARY), str(port)]
    with subprocess.Popen(mortal(argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Node(process)
        finally:
            process.kill()
