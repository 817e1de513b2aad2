"""Brings delayed jobs to their queues."""

from collections.abc import Iterator, Sequence
from functools import partial

from resqued.errors import InvalidPayload, JobError, StoreUnavailable, Undeliverable
from resqued.log import log
from resqued.protocol import dates, delayed
from resqued.protocol.payloads import Failure
from resqued.store.timetable import Batch, Brought, Timetable, Trip

NOWHERE = "delayed"  # the queue of what names none, in the failed list


class Courier:
    """Goes again and again, as long as something is due: what he fetches on one way he brings on the next."""

    def __init__(self, timetable: Timetable) -> None:
        self._timetable = timetable
        self._due: Sequence[Batch] = ()
        self._in_the_way: dict[tuple[bytes, bytes], str] = {}  # where an item would go there is something else: the key
        self._moved = self._failed = 0

    @property
    def has_due(self) -> bool:
        return bool(self._due)

    def go(self, now: float) -> None:
        """Once. Raises StoreUnavailable, and Deposed if we do not lead any more."""
        trips = {batch.epoch: list(self._trips(batch, now)) for batch in self._due}
        self._due = ()  # should the answer be lost, they are fetched anew
        brought = self._timetable.bring(trips)
        self._take_note(trips, brought)
        self._due = brought.due
        if not self._due:
            self._report()

    def rest(self) -> None:
        """Forget what was fetched: somebody else may lead now."""
        self._due = ()
        self._in_the_way.clear()
        self._report()

    def _trips(self, batch: Batch, now: float) -> Iterator[Trip]:
        failed = partial(self._failed_trip, batch.epoch, now)
        if batch.kind != "list":
            yield failed(b"", Undeliverable(f"there is a {batch.kind} where the jobs of that time should be"))
        for item in batch.items:
            key = self._in_the_way.pop((batch.epoch, item), None)
            try:
                job = delayed.due(item)
            except InvalidPayload as error:
                yield failed(item, error)
                continue
            if key is None:
                yield Trip(item, job.queue, job.payload)
            else:
                yield failed(item, Undeliverable(f"there is something else where its queue should be, at {key}"), job)

    def _failed_trip(
        self, epoch: bytes, now: float, item: bytes, error: JobError, job: delayed.Due | None = None
    ) -> Trip:
        log.warning("delayed.set_aside", epoch=epoch.decode(errors="replace"), error=str(error))
        entry = Failure(
            dates.recorded(now),
            job.payload.encode() if job else item or b"delayed:" + epoch,
            type(error).__name__,
            str(error),
            (),
            self._timetable.who,
            job.queue if job else NOWHERE,
        )
        return Trip(item, None, entry.encode())

    def _take_note(self, trips: dict[bytes, list[Trip]], brought: Brought) -> None:
        made = [(epoch, trip) for epoch, each in trips.items() for trip in each]
        for (epoch, trip), became in zip(made, brought.became, strict=True):
            if isinstance(became, str) and trip.queue is None:
                raise StoreUnavailable(f"{became} is no list of failures")
            if isinstance(became, str):
                self._in_the_way[epoch, trip.item] = became
            elif became:
                self._moved += trip.queue is not None
                self._failed += trip.queue is None

    def _report(self) -> None:
        if self._moved or self._failed:
            log.info("delayed.moved", jobs=self._moved, failed=self._failed)
        self._moved = self._failed = 0
