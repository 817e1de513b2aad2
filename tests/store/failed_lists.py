"""Failed lists on a real Redis, and what others do to them."""

import json
from collections.abc import Callable
from itertools import count

from redis import Redis

from resqued.protocol.failed import Entry
from resqued.store.failures import Failures

FAILED = "resque:failed"


def text(number: int, name: str = "Echo", queue: str = "mail") -> str:
    payload = f'{{"class":"{name}","args":[{number}]}}'
    return f'{{"failed_at":"2026/11/23 07:08:59 UTC","payload":{payload},"error":"no","queue":"{queue}"}}'


def fill(redis: Redis, amount: int, *, start: int = 0, names: tuple[str, ...] = ("Echo",), key: str = FAILED) -> None:
    redis.rpush(key, *(text(number, names[number % len(names)]) for number in range(start, start + amount)))


def numbers(redis: Redis, key: str = FAILED) -> list[int]:
    """Of the entries of a failed list, or of the jobs of a queue."""
    documents = [json.loads(item) for item in redis.lrange(key, 0, -1)]
    return [document.get("payload", document)["args"][0] for document in documents]


def remove_like_ruby(redis: Redis, index: int) -> int:
    """As `Resque::Failure.remove`: two commands, between which others may do what they like. 0 if it was gone."""
    redis.lset(FAILED, index, "")
    return redis.lrem(FAILED, 1, "")


class Crowded(Failures):
    """Failed lists that somebody changes each time that they have been read."""

    def __init__(self, failures: Failures, meddle: Callable[[int], object]) -> None:
        super().__init__(failures.wire, failures.keys)
        self._meddle, self._turns = meddle, count()

    def read(self, name: str, start: int, count: int) -> list[Entry]:
        entries = super().read(name, start, count)
        self._meddle(next(self._turns))
        return entries
