"""The Redis under attack: it keeps every write before it answers, and comes back as it was."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from resqued import embedded
from tests.support.processes import mortal
from tests.support.redis_server import free_port
from tests.support.waiting import eventually

KEEPING = ("--appendonly", "yes", "--appendfsync", "always")


class Server:
    """`client` goes around every proxy: what it says is not lost unless the server is down, which `is_up` tells."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def is_up(self) -> bool:
        return self._process is not None

    @property
    def pids(self) -> set[int]:
        return {self._process.pid} if self._process else set()

    def start(self) -> None:
        """Again, if it had ended. It answers when this returns."""
        if self._process:
            return
        argv = [*embedded.command(embedded.find_server(), self._directory), *KEEPING]
        self._process = subprocess.Popen(
            mortal([*argv, "--bind", "127.0.0.1", "--port", str(self.port)]), stdin=subprocess.DEVNULL
        )
        self.client = _client(self._directory)
        eventually(self._answers, within=20)

    def _answers(self) -> bool:
        assert self._process
        assert self._process.poll() is None, (self._directory / "redis.log").read_text()
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:  # not yet, or it is still loading
            return False

    def end(self, number: int) -> None:
        """It is gone when this returns."""
        if self._process:
            self.client.close()
            self._process.send_signal(number)
            self._process.wait(20)
            self._process = None


def _client(directory: Path) -> Redis:
    return Redis(unix_socket_path=str(embedded.socket_path(directory)), retry=Retry(NoBackoff(), 0), protocol=2)


@contextmanager
def serving() -> Iterator[Server]:
    directory = Path(tempfile.mkdtemp(prefix="rq-", dir="/tmp"))  # short: a socket's path has 107 bytes at most
    server = Server(directory)
    try:
        yield server
    finally:
        server.end(signal.SIGKILL)
        shutil.rmtree(directory)
