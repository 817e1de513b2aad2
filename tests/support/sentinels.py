"""Real sentinels: one that watches any server, or a primary and a replica with three sentinels that fail over fast."""

import os
import secrets
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import redis
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from resqued import embedded
from tests.support.processes import mortal
from tests.support.redis_server import RedisServer, free_port, running
from tests.support.waiting import eventually

SERVICE = "the-master"
QUORUM = 2
PROMPT = (  # a replica takes over within a few seconds; by itself that would take half a minute and more
    f"sentinel down-after-milliseconds {SERVICE} 1000",  # with less, a server on a busy machine is taken for dead
    f"sentinel failover-timeout {SERVICE} 1000",
)
AT_ONCE = ("--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")


@dataclass(frozen=True)
class Sentinel:
    port: int
    id: str

    def ask(self, *words: str | int) -> Any:
        with Redis(port=self.port, retry=Retry(NoBackoff(), 0), protocol=2, decode_responses=True) as client:
            return client.execute_command("SENTINEL", *words)

    def master_port(self) -> int:
        return int(self.ask("GET-MASTER-ADDR-BY-NAME", SERVICE)[1])

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def is_ready(self) -> bool:
        """Whether it listens, and has heard of enough others to fail over."""
        try:
            return str(self.ask("CKQUORUM", SERVICE)).startswith("OK")
        except redis.RedisError:
            return False


def url_of(*sentinels: Sentinel | int, user: str = "") -> str:
    """The address of the master that these sentinels, or whatever listens at these ports, know."""
    ports = (one.port if isinstance(one, Sentinel) else one for one in sentinels)
    return f"redis+sentinel://{user}{','.join(f'127.0.0.1:{port}' for port in ports)}/{SERVICE}/0"


@contextmanager
def watching(port: int, *settings: str) -> Iterator[Sentinel]:
    """A sentinel that watches the server at this port of 127.0.0.1, alone.

    With lines of sentinel.conf as `settings`, in which `{port}` is its own.
    """
    sentinel = Sentinel(free_port(), secrets.token_hex(20))
    with _started(sentinel, _alone(port, sentinel, settings)):
        yield sentinel


def _alone(port: int, sentinel: Sentinel, settings: Sequence[str]) -> list[str]:
    return [
        f"sentinel monitor {SERVICE} 127.0.0.1 {port} 1",
        *(setting.format(port=sentinel.port) for setting in settings),
    ]


class Watched:
    """`primary` and `replica` are what they were at first; the `sentinels` know who is the master now."""

    def __init__(self, primary: RedisServer, replica: RedisServer, sentinels: Sequence[Sentinel]) -> None:
        self.primary, self.replica, self.sentinels = primary, replica, sentinels
        self.url = url_of(*sentinels)

    @property
    def master(self) -> RedisServer:
        """What most sentinels take for it."""
        ports = sorted(sentinel.master_port() for sentinel in self.sentinels)
        return self.primary if ports[len(ports) // 2] == self.primary.port else self.replica

    def kill_the_primary(self) -> None:
        os.kill(self.primary.pid, signal.SIGKILL)

    def wait_for_the_replica(self) -> None:
        """Until it has been made the master, in whose course all its connections are closed."""
        eventually(lambda: _role(self.replica) == "master", within=12)

    def fail_over(self) -> RedisServer:
        """Without anybody's death, and closing no connections. What is the master afterwards, when all know."""
        before = self.master
        after = self.replica if before is self.primary else self.primary
        eventually(lambda: _replicates(after))
        eventually(self._agrees_to_fail_over)
        eventually(lambda: {sentinel.master_port() for sentinel in self.sentinels} == {after.port}, within=10)
        _demote(before, after)
        return after

    def _agrees_to_fail_over(self) -> bool:
        try:
            return str(self.sentinels[0].ask("FAILOVER", SERVICE)) == "OK"
        except redis.ResponseError:  # it has just seen one, or not yet what the replica has to say
            return False


@contextmanager
def watched() -> Iterator[Watched]:
    """A primary, its replica, and three sentinels of which two suffice to promote that: ready to fail over."""
    with (
        running(*AT_ONCE) as primary,
        running(*AT_ONCE, "--replicaof", "127.0.0.1", str(primary.port)) as replica,
        ExitStack() as started,
    ):
        eventually(lambda: _replicates(replica), within=10)
        sentinels = [Sentinel(free_port(), secrets.token_hex(20)) for _ in range(3)]
        for sentinel in sentinels:
            started.enter_context(_started(sentinel, _acquainted(sentinel, sentinels, primary, replica)))
        yield Watched(primary, replica, sentinels)


def _acquainted(
    sentinel: Sentinel, sentinels: Sequence[Sentinel], primary: RedisServer, replica: RedisServer
) -> Iterator[str]:
    """What a sentinel's file says when it has run for a while: otherwise it takes seconds to hear of the others."""
    yield f"sentinel monitor {SERVICE} 127.0.0.1 {primary.port} {QUORUM}"
    yield from PROMPT
    yield f"sentinel known-replica {SERVICE} 127.0.0.1 {replica.port}"
    for other in sentinels:
        if other is not sentinel:
            yield f"sentinel known-sentinel {SERVICE} 127.0.0.1 {other.port} {other.id}"


@contextmanager
def _started(sentinel: Sentinel, settings: Iterator[str] | Sequence[str]) -> Iterator[None]:
    with TemporaryDirectory(prefix="rq-", dir="/tmp") as directory:
        file = Path(directory) / "sentinel.conf"  # it rewrites it all the time
        log = Path(directory) / "sentinel.log"
        lines = (f"port {sentinel.port}", "bind 127.0.0.1", f"dir {directory}", f"logfile {log}")
        file.write_text("\n".join((*lines, f"sentinel myid {sentinel.id}", *settings, "")))
        argv = mortal([str(embedded.find_server()), str(file), "--sentinel"])
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL) as process:
            try:
                eventually(lambda: process.poll() is not None or sentinel.listens(), within=10)
                assert process.returncode is None, log.read_text()
                yield
            finally:
                process.kill()


def _replicates(server: RedisServer) -> bool:
    with server.client() as client:
        return bool(client.info("replication").get("master_link_status") == "up")


def _role(server: RedisServer) -> str:
    with server.client() as client:
        try:
            return str(client.info("replication")["role"])
        except redis.ConnectionError:
            return ""


def _demote(server: RedisServer, master: RedisServer) -> None:
    """As a sentinel does it, which lets some ten seconds pass before, and closes all connections."""
    with server.client() as client:
        client.replicaof("127.0.0.1", master.port)
