"""Batches and results, for those who ask to know how jobs end: begun, looked at, and waited for without polling."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf
from time import monotonic
from typing import Any

from resqued.errors import NotDone, ResultLost
from resqued.protocol.keys import Keys
from resqued.protocol.moves import move
from resqued.store.delays import refused
from resqued.store.replies import count, texts
from resqued.store.scripts import execute
from resqued.wire import Wire

LOOK_AGAIN = 2.0  # s: a wait is begun anew before the socket's own timeout of 5 s


@dataclass(frozen=True, slots=True)
class Progress:
    """Of a batch, at one moment."""

    total: int
    left: int  # that have not ended
    failed: int  # that have failed, and have not been performed well since

    @property
    def is_over(self) -> bool:
        return self.left == 0


@dataclass(frozen=True, slots=True)
class Result:
    """How a job ended."""

    id: str
    document: Mapping[str, Any]

    @property
    def is_done(self) -> bool:
        """Whether it ended well."""
        return self.document.get("outcome") == "done"

    @property
    def exception(self) -> str:
        """The name of what it raised; empty if it ended well."""
        return str(self.document.get("exception", ""))

    @property
    def error(self) -> str:
        return str(self.document.get("error", ""))

    @property
    def value(self) -> Any:
        """What it returned. Raises ResultLost if it failed, or returned what cannot be kept."""
        if not self.is_done:
            raise ResultLost(f"job {self.id} failed: {self.exception}: {self.error}")
        if "lost" in self.document:
            raise ResultLost(f"job {self.id} is done, and {self.document['lost']}")
        return self.document.get("result")


class Batches:
    """Every method raises StoreUnavailable if Redis does not answer. Those that wait block this thread alone."""

    def __init__(self, wire: Wire, keys: Keys) -> None:
        self._wire, self._keys = wire, keys

    def begin(self, batch: str, total: int, delay: float = 0.0, *, expires: int, queue: str, callback: str) -> None:
        """Before the first of its jobs is put on a queue (`batch.lua`). It may be repeated.

        `delay`: s until the last of them is due. `queue` and `callback` are empty if there is none. Raises
        CommandRefused if the key of that queue has a type that is not Resque's; then nothing was done.
        """
        k = self._keys
        about = k.batch(batch), k.queues, *([k.queue(queue)] if callback else [])
        arguments = total, expires, queue, callback, k.queue(""), ceil(delay)
        if isinstance(wrong := execute(self._wire, move("batch"), about, arguments), bytes):
            raise refused(wrong)

    def progress(self, batch: str) -> Progress | None:
        """None if nobody remembers it."""
        facts = texts(self._wire.call("HGETALL", self._keys.batch(batch)))
        told = dict(zip(facts[::2], facts[1::2], strict=True))
        return Progress(*(count(told.get(name)) for name in (b"total", b"left", b"failed"))) if told else None

    def wait_for_batch(self, batch: str, timeout: float | None) -> None:
        """Until all of it has ended. Raises NotDone after `timeout` seconds."""
        self._wait(self._keys.over(batch), f"batch {batch}", _deadline(timeout))

    def results(self, jobs: Sequence[str], timeout: float | None) -> list[Result]:
        """Of jobs whose result is kept, when all have ended. Raises NotDone after `timeout` seconds."""
        deadline = _deadline(timeout)
        texts = [self._wait(self._keys.result(job), f"job {job}", deadline) for job in jobs]
        return [Result(job, json.loads(text)) for job, text in zip(jobs, texts, strict=True)]

    def _wait(self, key: str, what: str, deadline: float) -> bytes:
        """The element of this list, which stays there for all others who wait."""
        while True:
            left = deadline - monotonic()
            if left <= 0:
                found = self._wire.call("LINDEX", key, 0)
            else:
                found = self._wire.call("BLMOVE", key, key, "LEFT", "LEFT", f"{max(0.001, min(LOOK_AGAIN, left)):.3f}")
            if isinstance(found, bytes):
                return found
            if left <= 0:
                raise NotDone(what)


def _deadline(timeout: float | None) -> float:
    return inf if timeout is None else monotonic() + timeout
