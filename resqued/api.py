"""`resqued.Resque`: the client, and a worker in this process."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from resqued import destination
from resqued.address import Address
from resqued.client import Client, RedisClient
from resqued.protocol.keys import DEFAULT_NAMESPACE

if TYPE_CHECKING:
    from resqued.standalone import QueueWorker


class Resque(Client):
    """The queues and workers of one namespace in one Redis; see `Client`."""

    def worker(
        self,
        *jobs: type,
        names: Mapping[str, type] = MappingProxyType({}),
        modules: Sequence[str] = (),
        interval: float = 5.0,
        timeout: float = 0.0,
    ) -> "QueueWorker":
        """A worker for this process, without a master.

        It performs `jobs`, those that other languages call by one of `names`, and those of `modules` (as in `[jobs]` of
        the configuration); given none of these, the jobs of the script itself. Raises ConfigError for those it cannot
        have.
        `interval` and `timeout` are those of a pool, in seconds.
        """
        from resqued import standalone  # noqa: PLC0415  who only enqueues needs none of it

        registry = standalone.registry(jobs, names, modules)
        return standalone.QueueWorker(self.server, self.namespace, registry, interval=interval, timeout=timeout)


_present: Resque | None = None


def connect(redis: str | Address | RedisClient = "127.0.0.1:6379", namespace: str = DEFAULT_NAMESPACE) -> Resque:
    """Say once, for this process and its forks, where jobs go that are functions: `welcome.enqueue("ann")`.

    Nothing is connected before there is something to say. Raises AddressError if `redis` is no
    address and no client.
    """
    global _present  # noqa: PLW0603  it is a fact about the process
    _present = Resque(redis, namespace)
    return _present


def present() -> Resque:
    """The client of `connect`; without that, one of the `destination` of this process, else of this host's Redis.

    What a worker's process has found for itself is kept.
    """
    if _present is not None:
        return _present
    return connect(*destination.place() or ())
