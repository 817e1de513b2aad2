"""A real redis-server for tests: on a unix socket in a short directory and on a free TCP port of 127.0.0.1."""

import random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from resqued import embedded
from tests.support.processes import mortal
from tests.support.waiting import eventually


class Unwilling(Exception):
    """The server ended instead of serving; the message is its own."""


@dataclass(frozen=True)
class RedisServer:
    pid: int
    port: int
    directory: Path

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def unix_url(self) -> str:
        return f"unix://{self.directory}/redis.sock"

    def client(self, **options: Any) -> redis.Redis:
        """A client for what a test asserts: over the unix socket, bytes as they are, nothing ever retried."""
        return redis.Redis(
            unix_socket_path=f"{self.directory}/redis.sock",
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            socket_timeout=60,  # longer than any wait; redis-py 8 has 5 s
            **options,
        )


@contextmanager
def running(*options: str, password: str | None = None) -> Iterator[RedisServer]:
    """A server of the test's own, with redis.conf settings as `options`: `running("--maxmemory", "2mb")`.

    It keeps nothing, dies with this process, and answers before the test goes on. `password` is what it requires.
    """
    directory = Path(tempfile.mkdtemp(prefix="rq-", dir="/tmp"))  # short: a socket's path has 107 bytes at most
    required = ("--requirepass", password) if password else ()
    try:
        with _started(directory, [*required, *options]) as (process, port):
            server = RedisServer(process.pid, port, directory)
            _wait_until_it_answers(server, process, password)
            yield server
    finally:
        shutil.rmtree(directory)


@contextmanager
def _started(directory: Path, options: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    argv = [*embedded.command(embedded.find_server(), directory), "--appendonly", "no"]
    argv += ["--bind", "127.0.0.1", "--port", str(port), *options]  # the last word on a setting counts
    with subprocess.Popen(mortal(argv), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            yield process, port
        finally:
            process.kill()


def _wait_until_it_answers(server: RedisServer, process: subprocess.Popen[bytes], password: str | None) -> None:
    def answers() -> bool:
        if process.poll() is not None:
            raise Unwilling(_said(process, server.directory / "redis.log"))
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False

    with server.client(password=password) as client:
        eventually(answers, within=10)


def _said(process: subprocess.Popen[bytes], log: Path) -> str:
    assert process.stderr
    return process.stderr.read().decode() + (log.read_text() if log.exists() else "")


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment.

    Not of those that the kernel gives to outgoing connections: one of these might have it before a server has.
    """
    while True:
        port = random.randrange(15000, 32000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
