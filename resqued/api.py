"""`resqued.Resque`: the client, and a worker in this process."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from resqued.client import Client

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
