"""Where a client's jobs go: onto their queues, with a lock where there may be one only, or aside until their time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from resqued.bounds import Bounds
from resqued.client.enqueuing import Delay, Outgoing
from resqued.errors import AlreadyEnqueued
from resqued.protocol import ties
from resqued.protocol.keys import Keys
from resqued.store.bulk import Bulk
from resqued.store.catalog import Catalog
from resqued.store.delays import Delays
from resqued.store.locks import Held, Locking
from resqued.store.replies import AT_ONCE, portions
from resqued.unique import Identity, UniquePolicy
from resqued.wire import Wire

Stamp = Callable[[], Mapping[str, Any]]  # what is said of a job at the moment in which it is put on its queue


class Sender:
    def __init__(self, wire: Wire, keys: Keys, catalog: Catalog, bounds: Bounds, stamps: Sequence[Stamp]) -> None:
        self._keys, self._catalog, self._bounds, self._stamps = keys, catalog, bounds, stamps
        self._bulk, self._delays = Bulk(wire, keys, bounds=bounds), Delays(wire, keys)

    def send(self, jobs: Sequence[Outgoing]) -> list[bool]:
        """Which of these, all for one queue and of one class, are there now; those are told so.

        Raises AlreadyEnqueued, when all others are there, if the class wants that.
        """
        policy, jobs = unique(jobs[0]), self._stamped(jobs)
        held = self._enlist(policy, jobs) if policy else self._put(jobs)
        for one, by in zip(jobs, held, strict=True):
            if by is None:
                one.tell()
        if policy and policy.on_conflict == "raise":
            _refuse_second_ones(policy, jobs, held)
        return [by is None for by in held]

    def _stamped(self, jobs: Sequence[Outgoing]) -> list[Outgoing]:
        """What a job says itself stays. Of one for later nobody can say yet when it gets there."""
        said = {key: value for stamp in self._stamps for key, value in stamp().items()}
        return [one if one.delay else replace(one, payload={**said, **one.payload}) for one in jobs]

    def _put(self, jobs: Sequence[Outgoing]) -> list[Held | None]:
        queue = jobs[0].queue
        if jobs[0].delay:
            self.put_aside(jobs)
        elif self._bounds.of(queue):
            for portion in portions([(queue, one.text, "") for one in jobs], AT_ONCE):
                self._bulk.put_all(portion)
        else:
            self._catalog.enqueue(queue, *(one.text for one in jobs))
        return [None] * len(jobs)

    def put_aside(self, jobs: Sequence[Outgoing]) -> None:
        """Those for later, one by one."""
        for one in jobs:
            if one.delay:
                self._delays.put(one.queue, one.text, one.delay.by, one.delay.seconds)

    def _enlist(self, policy: UniquePolicy, jobs: Sequence[Outgoing]) -> list[Held | None]:
        if jobs[0].delay:
            return [self._enlist_for_later(policy, one, one.delay) for one in jobs if one.delay]
        queue, bound = jobs[0].queue, self._bounds.of(jobs[0].queue)
        identities = [_identity(policy, one) for one in jobs]
        if bound and bound.drops:  # whoever drops one has to know its lock
            jobs = [one.with_ties({ties.LOCK: by.digest}) for one, by in zip(jobs, identities, strict=True)]
        return self._bulk.enlist(queue, policy, [(one.text, by) for one, by in zip(jobs, identities, strict=True)])

    def _enlist_for_later(self, policy: UniquePolicy, job: Outgoing, delay: Delay) -> Held | None:
        lock = Locking.of(policy, [_identity(policy, job)], self._keys)
        return self._delays.put(job.queue, job.text, delay.by, delay.seconds, lock)

    def put_batch(self, jobs: Sequence[Outgoing]) -> None:
        """In portions, each of them wholly or not at all; then those for later."""
        jobs = self._stamped(jobs)
        for portion in portions([(one.queue, one.text, "") for one in jobs if not one.delay], AT_ONCE):
            self._bulk.put(portion, whole=True)
        self.put_aside(jobs)


def unique(job: Outgoing) -> UniquePolicy | None:
    """Whether there may be one only of such jobs while they are queued, or wait for their time."""
    if getattr(job.job, "unique", None) is None:
        return None
    from resqued import joblimits  # noqa: PLC0415  few classes say anything

    assert job.job is not None
    policy = joblimits.of(job.job).unique
    return policy if policy and policy.scope.begins_in_queue else None


def _identity(policy: UniquePolicy, job: Outgoing) -> Identity:
    return policy.identity(str(job.payload["class"]), job.payload["args"])


def _refuse_second_ones(policy: UniquePolicy, jobs: Sequence[Outgoing], held: Sequence[Held | None]) -> None:
    for one, by in zip(jobs, held, strict=True):
        if by:
            raise AlreadyEnqueued(_identity(policy, one).shown, by.since, by.place)
