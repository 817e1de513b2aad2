"""Queues and workers, looked at; and what is at the head of a queue."""

import json
from types import TracebackType
from typing import Any, Protocol, Self

from resqued import address
from resqued.address import Address
from resqued.errors import AddressError, InvalidPayload
from resqued.protocol import payloads
from resqued.protocol.keys import DEFAULT_NAMESPACE, Keys
from resqued.protocol.records import WorkerView
from resqued.store.catalog import Catalog, Info
from resqued.wire import pooled


class RedisClient(Protocol):
    """A `redis.Redis`, as far as this module needs to know one: only the wire imports redis-py."""

    connection_pool: Any


class Looking:
    """What the queues and workers of one namespace are, and a connection to their Redis."""

    def __init__(
        self, redis: str | Address | RedisClient = "127.0.0.1:6379", namespace: str = DEFAULT_NAMESPACE
    ) -> None:
        """Raises AddressError if `redis` is neither an address nor a client."""
        if not (isinstance(redis, str | Address) or hasattr(redis, "connection_pool")):
            raise AddressError(f"{type(redis).__name__} is no address, and no client of redis-py: {address.ACCEPTED}")
        self.server = address.parse(redis) if isinstance(redis, str) else redis
        self.namespace = namespace
        self._wire = pooled.connect(self.server)  # type: ignore[arg-type]  # a RedisClient is a redis.Redis
        self._catalog = Catalog(self._wire, Keys(namespace), servers=[_shown(self.server)])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_shown(self.server)!r}, namespace={self.namespace!r})"

    def close(self) -> None:
        """Let go of the connections. The next call makes new ones."""
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def pop(self, queue: str) -> dict[str, Any] | None:
        """Take the job at the head of `queue`, for the caller to perform; None if there is none.

        Nobody keeps it for a caller that dies, or whose connection does. What is no job comes as one of the class
        `InvalidPayload` with the raw text as its argument: it is off the queue, and an exception would have lost it.
        """
        raw = self._catalog.pop(queue)
        return None if raw is None else _document(raw)

    def peek(self, queue: str, start: int = 0, count: int = 1) -> list[dict[str, Any]]:
        """At most `count` jobs from position `start` on, left where they are, in the form in which `pop` returns them.

        Position 0 is the head, the next job to be performed; -1 is the last.
        """
        return [_document(raw) for raw in self._catalog.peek(queue, start, count)]

    # --- queues and workers ---

    def queues(self) -> list[str]:
        """The names of all queues ever pushed to and not removed, sorted."""
        return self._catalog.queues()

    def queue_sizes(self) -> dict[str, int]:
        """How many jobs are on each of the `queues`."""
        return self._catalog.sizes()

    def size(self, queue: str) -> int:
        """How many jobs are on `queue`."""
        return self._catalog.size(queue)

    def remove_queue(self, queue: str) -> None:
        """Forget `queue` and every job on it."""
        self._catalog.remove_queue(queue)

    def workers(self) -> list[WorkerView]:
        """All registered workers, of whatever implementation, with what they are working on."""
        return self._catalog.workers()

    def info(self) -> Info:
        """How many queues, jobs, workers and failures there are."""
        return self._catalog.info()


def _shown(server: Address | RedisClient) -> str:
    """Without password."""
    if isinstance(server, Address):
        return str(server)
    settings = server.connection_pool.connection_kwargs
    return str(settings.get("path") or f"{settings.get('host', '?')}:{settings.get('port', '?')}")


def _document(raw: bytes) -> dict[str, Any]:
    """A job as it was written; what is none, as peers see it in the failed list (`payloads.wrapped`)."""
    try:
        return dict(payloads.decode(raw).document)
    except InvalidPayload:
        wrapped: dict[str, Any] = json.loads(payloads.wrapped(payloads.UNKNOWN_CLASS, raw))
        return wrapped
