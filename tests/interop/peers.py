"""Live workers and clients of Ruby Resque and Perl Resque, out of what RESQUE_RUBY and RESQUE_PERL point to."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import gethostname
from typing import Any

from redis import Redis

from bench.contestants import perl, ruby
from tests.support.processes import mortal
from tests.support.waiting import eventually, readable

HERE = Path(__file__).parent
ABSENT = {"ruby": ruby.absence(), "perl": perl.absence()}


class Peer:
    """One that does what it is told, in its own language."""

    def __init__(self, name: str, process: subprocess.Popen[bytes]) -> None:
        self.name, self._process = name, process

    def ask(self, said: str) -> Any:
        """What an expression of its language comes to; `$resque` is there in Perl."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([said]).encode() + b"\n")
        self._process.stdin.flush()
        assert readable(self._process.stdout, within=20), f"{self.name} has not answered {said}"
        line = self._process.stdout.readline()
        assert line, f"{self.name} has died of {said}"
        return json.loads(line)[0]


@contextmanager
def worker(name: str, port: int, redis: Redis, *queues: str) -> Iterator[subprocess.Popen[bytes]]:
    """A registered worker of Ruby's or Perl's, of these queues."""
    program = _program(name, "ruby_worker.rb" if name == "ruby" else "perl/worker.pl")
    with subprocess.Popen(mortal([*program, *queues]), env=_environment(port)) as process:
        try:
            own_id = f"{gethostname()}:{process.pid}:{','.join(queues)}"
            eventually(lambda: redis.sismember("resque:workers", own_id), within=20)
            yield process
        finally:
            process.kill()


@contextmanager
def peer(name: str, port: int) -> Iterator[Peer]:
    argv = _program(name, "ruby_peer.rb" if name == "ruby" else "perl/peer.pl")
    with subprocess.Popen(
        mortal(argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment(port)
    ) as process:
        try:
            yield Peer(name, process)
        finally:
            process.kill()


def _environment(port: int) -> dict[str, str]:
    return {**os.environ, "TEST_PORT": str(port), "TERM_CHILD": "1"}


def _program(name: str, file: str) -> list[str]:
    if name == "ruby":
        return [*ruby.command(os.environ[ruby.VARIABLE]), str(HERE / file)]
    return [*perl.command(os.environ[perl.VARIABLE]), f"-I{HERE / 'perl'}", str(HERE / file)]
