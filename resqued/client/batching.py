"""Many jobs whose common end somebody wants to know: a batch, and receipts for single ones."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from resqued import outlet
from resqued.client.enqueuing import Enqueuing, Outgoing
from resqued.client.sending import Sender, unique
from resqued.errors import PolicyNotKept
from resqued.protocol.ties import Ties
from resqued.store.batches import Batches, Progress


@dataclass(frozen=True, slots=True)
class Receipt:
    """Of one job: what its result is asked for by."""

    id: str


class Batch(Enqueuing):
    """Collects jobs, and enqueues them at the end of the `with`, in portions, each of them wholly or not at all.

    All that puts a job on a queue is as with `Resque`; only of which there may be one only are refused (PolicyNotKept).
    Nothing is enqueued if the `with` is left by an exception, or if the key of the callback's queue is no queue
    (CommandRefused). When the last of its jobs has ended, well or not, its callback is enqueued, once. `id` is by what
    others ask for it (`Resque.progress`).
    """

    def __init__(self, batch: str, store: Batches, sender: Sender, *, callback: Outgoing | None, expires: int) -> None:
        """Raises NotEncodable if some other Resque client could not read the callback."""
        self.id = batch
        self._store, self._sender = store, sender
        self._callback, self._expires = callback, expires
        self._called = callback.text if callback else ""
        self._jobs: list[Outgoing] = []

    def _send(self, outgoing: Sequence[Outgoing]) -> list[bool]:
        for one in outgoing:
            if unique(one):
                raise PolicyNotKept(
                    f"{one.payload['class']}: there may be one only of its kind (`unique`), and a batch would wait for "
                    "one that is not enqueued; enqueue it by itself"
                )
            self._jobs.append(one.with_ties(Ties(batch=self.id, number=len(self._jobs)).document()))
        return [True] * len(outgoing)

    def progress(self) -> Progress | None:
        """None if it is not begun, or nobody remembers it any more."""
        return self._store.progress(self.id)

    def wait(self, timeout: float | None = None) -> Progress | None:
        """Until all of its jobs have ended. Raises NotDone after `timeout` seconds."""
        self._store.wait_for_batch(self.id, timeout)
        return self.progress()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._put_all()

    def _put_all(self) -> None:
        if outlet.is_open():
            for one in (*self._jobs, *([self._callback] if self._callback else ())):
                outlet.takes(one.queue, dict(one.payload), one.job)
        else:
            self._begin()
            self._sender.put_batch(self._jobs)
        for one in self._jobs:
            one.tell()

    def _begin(self) -> None:
        queue, now = self._callback.queue if self._callback else "", time.time()
        delay = max((one.delay.left(now) for one in self._jobs if one.delay), default=0.0)
        about = len(self._jobs), max(0.0, delay)
        self._store.begin(self.id, *about, expires=self._expires, queue=queue, callback=self._called)
