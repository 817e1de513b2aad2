"""Who is registered: workers of ours and of every other implementation."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from resqued.protocol import records
from resqued.protocol.keys import Keys
from resqued.protocol.records import WorkerView
from resqued.store.replies import name_of, portions, raw, texts, values
from resqued.wire import Wire

AT_ONCE = 100  # workers: each may show 64 KiB of a job


class Census:
    """Every method raises StoreUnavailable if Redis does not answer."""

    def __init__(self, wire: Wire, keys: Keys) -> None:
        self._wire, self._keys = wire, keys

    def now(self) -> datetime:
        """By the clock of Redis, as heartbeats are."""
        seconds, microseconds = texts(self._wire.call("TIME"))
        return datetime.fromtimestamp(int(seconds) + int(microseconds) / 1e6, UTC)

    def ids(self) -> list[bytes]:
        """Of all registered workers, sorted."""
        return sorted(texts(self._wire.call("SMEMBERS", self._keys.workers)))

    def views(self, ids: Iterable[bytes]) -> Iterator[WorkerView]:
        """What these workers say of themselves. A round trip for each portion, when it is asked for."""
        for portion in portions(ids, AT_ONCE):
            yield from self._views(portion)

    def _views(self, ids: list[bytes]) -> Iterator[WorkerView]:
        names, keys = [name_of(worker) for worker in ids], self._keys
        answers = self._wire.pipeline(
            [
                ("MGET", *(raw(keys.worker(worker)) for worker in names)),
                ("MGET", *(raw(keys.started(worker)) for worker in names)),
                ("HMGET", keys.heartbeats, *ids),
                ("HMGET", keys.registrations, *ids),
            ]
        )
        for worker, record, since, beat, ours in zip(ids, *map(values, answers), strict=True):
            yield records.view(shown(worker), record=record, started=since, heartbeat=beat, registration=ours)


def shown(worker: bytes) -> str:
    """An id as text, with what is not UTF-8 escaped."""
    return worker.decode(errors="backslashreplace")
