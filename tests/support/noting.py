"""Daemons whose jobs note themselves in a file, which knows nothing of Redis and outlives it."""

import json

from redis import Redis

from tests.support.daemon import APPS, Daemon, Daemons, text_of
from tests.support.waiting import eventually

NOTING = """
[redis]
{redis}
[jobs]
path = ["{apps}"]
modules = ["noting"]
[pools.work]
queues = ["work"]
workers = {workers}
[daemon]
run_dir = "{directory}"
state_dir = "{directory}"
"""


class Site:
    """Where such daemons run. Their jobs are those of `tests/apps/noting.py`."""

    def __init__(self, daemons: Daemons) -> None:
        self._daemons = daemons
        self._ledger = daemons.directory / "ledger"

    def start(self, redis: str, *, workers: int = 1, **environment: str) -> Daemon:
        """A daemon with this [redis] table."""
        directory = self._daemons.directory
        text = NOTING.format(redis=redis, apps=APPS, workers=workers, directory=directory)
        return self._daemons.start(self._daemons.written(text), env={"TEST_LEDGER": str(self._ledger), **environment})

    def noted(self) -> list[str]:
        return self._ledger.read_text().splitlines() if self._ledger.exists() else []

    def wait_for(self, *notes: str) -> None:
        eventually(lambda: set(notes) <= set(self.noted()), within=10)


def push(redis: Redis, name: str, *args: object, namespace: str = "resque") -> None:
    redis.sadd(f"{namespace}:queues", "work")
    redis.rpush(f"{namespace}:queue:work", json.dumps({"class": name, "args": args}))


def left_in(redis: Redis) -> set[str]:
    """The keys that stay: those with a time to live aside."""
    return {text_of(key) for key in redis.keys("*") if redis.ttl(key) == -1}
