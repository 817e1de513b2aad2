"""What all that speak Resque's protocol have in common: keys, and a payload that any client may push."""

import json
from abc import ABC
from collections.abc import Callable

from bench.contestants import QUEUE, Contestant
from bench.stage import Stage
from resqued import Resque
from resqued.protocol.keys import DEFAULT_NAMESPACE, Keys


class Resquer(Contestant, ABC):
    """Jobs are enqueued with resqued's own client, whatever language performs them."""

    def __init__(self, stage: Stage, namespace: str = DEFAULT_NAMESPACE) -> None:
        super().__init__(stage)
        self.keys = Keys(namespace)
        self.client = Resque(self.redis, namespace)

    def is_ready(self, workers: int, said: Callable[[], str]) -> bool:  # noqa: ARG002  Redis knows
        return self.redis.scard(self.keys.workers) == workers

    def enqueue(self, job: str, *args: str) -> None:
        self.client.enqueue_to(QUEUE, job, *args)

    def fill(self, count: int, job: str = "Noop") -> None:
        self.redis.sadd(self.keys.queues, QUEUE)
        self.redis.rpush(self.keys.queue(QUEUE), *[json.dumps({"class": job, "args": []})] * count)

    def waiting(self) -> int:
        return self.redis.llen(self.keys.queue(QUEUE))

    def working(self) -> bool:
        return self.client.info().working > 0

    def failed(self, said: Callable[[], str]) -> int:  # noqa: ARG002  Redis knows
        return self.redis.llen(self.keys.failed)
