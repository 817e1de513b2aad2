"""Brings delayed jobs to their queues."""

from collections.abc import Iterator, Mapping, Sequence

from resqued.errors import InvalidPayload, JobError, StoreUnavailable, Undeliverable
from resqued.log import log
from resqued.protocol import dates, delayed
from resqued.protocol.payloads import Failure
from resqued.store.timetable import Batch, Brought, Timetable, Trip

NOWHERE = "delayed"  # the queue of what names none, in the failed list
SAID = 10  # lines about what can go nowhere; how many there were in all is said at the end


class Courier:
    """Goes again and again, as long as something is due: what he fetches on one way he brings on the next."""

    def __init__(self, timetable: Timetable) -> None:
        self._timetable = timetable
        self._due: Sequence[Batch] = ()
        self._in_the_way: dict[str, str] = {}  # queue → its key, where there is something else
        self._moved = self._failed = 0

    @property
    def has_due(self) -> bool:
        return bool(self._due)

    def go(self, now: float) -> None:
        """Once. Raises StoreUnavailable, and Deposed if we do not lead any more."""
        trips = {batch.epoch: list(self._trips(batch, now)) for batch in self._due}
        self._due = ()  # should the answer be lost, they are fetched anew
        brought = self._timetable.bring(trips, now)
        self._take_note(trips, brought)
        self._due = brought.due
        if not self._due:
            self.rest()

    def rest(self) -> None:
        """Forget what was fetched and seen: all is done, or somebody else may lead now."""
        self._due = ()
        self._in_the_way.clear()
        if self._moved or self._failed:
            log.info("delayed.moved", jobs=self._moved, failed=self._failed)
        self._moved = self._failed = 0

    def _trips(self, batch: Batch, now: float) -> Iterator[Trip]:
        if batch.kind != "list":
            why = Undeliverable(f"there is a {batch.kind} where the jobs of that time should be")
            yield self._failure(b"", delayed.place(batch.epoch.decode(errors="replace")).encode(), NOWHERE, why, now)
        for item in batch.items:
            yield self._trip(item, now)

    def _trip(self, item: bytes, now: float) -> Trip:
        try:
            job = delayed.due(item)
        except InvalidPayload as error:
            return self._failure(item, item, NOWHERE, error, now)
        if key := self._in_the_way.get(job.queue):
            why = Undeliverable(f"there is something else where its queue should be, at {key}")
            return self._failure(item, job.payload.encode(), job.queue, why, now)
        return Trip(item, job.queue, job.payload)

    def _failure(self, item: bytes, payload: bytes, queue: str, why: JobError, now: float) -> Trip:
        what, who = type(why).__name__, self._timetable.who
        return Trip(
            item, None, Failure(dates.recorded(now), payload, what, str(why), (), who, queue).encode(), str(why)
        )

    def _take_note(self, trips: Mapping[bytes, Sequence[Trip]], brought: Brought) -> None:
        made = [(epoch, trip) for epoch, each in trips.items() for trip in each]
        for (epoch, trip), became in zip(made, brought.became, strict=True):
            if isinstance(became, str):
                self._is_in_the_way(trip, became)
            elif became and trip.queue is None:
                self._failed += 1
                if self._failed <= SAID:
                    log.warning("delayed.set_aside", epoch=epoch.decode(errors="replace"), error=trip.why)
            elif became:
                self._moved += 1

    def _is_in_the_way(self, trip: Trip, key: str) -> None:
        if trip.queue is None:
            raise StoreUnavailable(f"{key} is no list of failures")
        self._in_the_way[trip.queue] = key
