"""The page as a process, over a fleet."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from redis import Redis

from tests.support import redis_server
from tests.support.processes import mortal
from tests.support.redis_server import RedisServer
from tests.web import scene

CTL = [sys.executable, "-c", "import sys; from resqued.cli.resquectl import main; sys.exit(main())"]


@dataclass(frozen=True)
class Served:
    address: str
    server: RedisServer
    redis: Redis

    def at(self, path: str) -> str:
        return self.address.rstrip("/") + path


@contextmanager
def page(*options: str) -> Iterator[Served]:
    with redis_server.running() as server, server.client() as redis:
        scene.set_up(redis)
        command = [*CTL, "--url", server.url, "web", "--listen", f"127.0.0.1:{redis_server.free_port()}", *options]
        with subprocess.Popen(mortal(command), stderr=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
            try:
                assert process.stderr
                yield Served(json.loads(process.stderr.readline())["address"], server, redis)
            finally:
                process.kill()
