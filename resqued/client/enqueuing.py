"""Jobs on their way to queues, now or when their time has come."""

import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, ParamSpec, overload
from uuid import uuid4

from resqued import jobarguments, jobclass, jobhooks
from resqued.client import written
from resqued.errors import NotEncodable, WrongArguments
from resqued.jobfunction import JobFunction
from resqued.protocol import delayed, payloads
from resqued.protocol.ties import KEY
from resqued.store.delays import By

P = ParamSpec("P")

NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Delay:
    by: By
    seconds: float

    def left(self, now: float) -> float:
        """In how many seconds it is over. `now`: seconds since 1970."""
        return self.seconds - now if self.by is By.CALENDAR else self.seconds


def _yes() -> bool:
    return True


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A job on its way. It has been checked; its hooks are still to be called."""

    queue: str
    payload: Mapping[str, Any]
    job: type | None = None  # None: only its name is known
    delay: Delay | None = None
    ask: Callable[[], bool] = _yes  # the hooks before it
    tell: Callable[[], None] = _nothing  # and after it

    @property
    def text(self) -> str:
        """Raises NotEncodable if some other Resque client could not read it back."""
        return written.encoded(self.queue, self.payload)

    def with_ties(self, more: Mapping[str, object]) -> "Outgoing":
        """With further facts for us in its payload (`protocol.ties`)."""
        said = self.payload.get(KEY)
        tied = {**(said if isinstance(said, dict) else {}), **more}
        return replace(self, payload={**self.payload, KEY: tied})


class Enqueuing:
    """Whatever jobs can be given to. What is done with them says `_send`."""

    @abstractmethod
    def _send(self, outgoing: Sequence[Outgoing]) -> list[bool]:
        """Which of these are there now. Calls the hooks after them."""

    def _give(self, *outgoing: Outgoing) -> list[bool]:
        for one in outgoing:  # a hook that takes a lock must not take it for a job that never comes
            written.encoded(one.queue, one.payload)
        agreed = [one.ask() for one in outgoing]
        sent = iter(self._send([one for one, is_agreed in zip(outgoing, agreed, strict=True) if is_agreed]))
        return [is_agreed and next(sent) for is_agreed in agreed]

    def push(self, queue: str, payload: Mapping[str, Any]) -> None:
        """Put `{"class": …, "args": […]}` at the end of `queue`, as any Resque client would. No hooks; other keys stay.

        Raises NotEncodable if some other Resque client could not read it back, QueueFull if the queue has no room.
        """
        given: object = payload
        if not isinstance(given, Mapping):
            wrong = type(given).__name__
            raise NotEncodable(
                f'a payload is a mapping, {{"class": …, "args": […]}}, not {wrong}; for a name: enqueue_to'
            )
        self._give(Outgoing(queue, payload))

    @overload
    def enqueue(self, job: JobFunction[P, object], /, *args: P.args, **named: P.kwargs) -> bool: ...
    @overload
    def enqueue(self, job: type[jobclass.AnyClass], /, *args: Any, **named: Any) -> bool: ...
    def enqueue(self, job: type, /, *args: Any, **named: Any) -> bool:
        """Put a job on the queue that its class names with its attribute `queue`. See `enqueue_to`."""
        return self._enqueue(jobclass.queue_of(job), job, args, named)

    @overload
    def enqueue_to(self, queue: str, job: JobFunction[P, object], /, *args: P.args, **named: P.kwargs) -> bool: ...
    @overload
    def enqueue_to(self, queue: str, job: type[jobclass.AnyClass] | str, /, *args: Any, **named: Any) -> bool: ...
    def enqueue_to(self, queue: str, job: type | str, /, *args: Any, **named: Any) -> bool:
        """Put a job at the end of `queue`: its class, or the name that its workers know it by.

        False if a hook refused, or there is one of its kind of which there may be one only (`unique` of its class).

        A payload has a list of arguments: those that are named are put in their places. Calls the `before_enqueue*`
        methods of the class, all of them, and then, unless one answered False, the `after_enqueue*` methods when the
        job is on its queue. A name has no hooks.

        Raises, before any hook is called, WrongArguments if `perform` cannot be called with these, and NotEncodable if
        some other Resque client could not read the job back. After `before_enqueue*`, QueueFull if the queue has no
        room, and AlreadyEnqueued if there is one of its kind, and its class wants that to be an error.
        """
        return self._enqueue(queue, job, args, named)

    def enqueue_many(self, job: type, arguments: Iterable[Sequence[Any]]) -> list[bool]:
        """Put a job on the queue of its class for each of these `arguments`, in order; for each, whether it is there.

        Hooks as with `enqueue_to`: all `before_enqueue*` first, all `after_enqueue*` last. In portions, each of which
        arrives as a whole or not at all. AlreadyEnqueued, if the class wants it, comes after all the others are there.
        """
        return self._give(*(_outgoing(jobclass.queue_of(job), job, tuple(each), {}) for each in arguments))

    def _enqueue(
        self,
        queue: str,
        job: type | str,
        args: tuple[Any, ...],
        named: Mapping[str, Any],
        more: Mapping[str, Any] = NOTHING,
    ) -> bool:
        """`more`: further keys of the payload."""
        if isinstance(job, str):
            if named:
                raise WrongArguments(f"job {job!r} is known by name only, so that its arguments cannot be named")
            return all(self._give(Outgoing(queue, {**written.job(job, args), **more})))
        return all(self._give(_outgoing(queue, job, args, named, more)))

    def enqueue_active_job(self, queue: str, job_class: str, /, *args: Any, **kwargs: Any) -> str:
        """Put a job of Rails at the end of `queue`, as `MailJob.perform_later(…)` would. Its `job_id`. No hooks.

        Arguments as `resqued.activejob` has them. Raises NotEncodable for what ActiveJob has no way to say.
        """
        from resqued import activejob  # noqa: PLC0415  few clients have anything to say to Rails

        job_id = str(uuid4())
        wrapped = activejob.wrapped(job_class, args, kwargs, job_id=job_id, queue=queue, now=datetime.now(UTC))
        self.push(queue, written.job(payloads.ACTIVE_JOB, (wrapped,)))
        return job_id

    # --- for later ---

    def enqueue_at(self, when: datetime | float, job: type | str, *args: Any, queue: str | None = None) -> bool:
        """Put a job onto its queue when that time has come: a datetime with a time zone, or seconds since 1970.

        What is due already is enqueued at once. Otherwise the `before_schedule*` and `after_schedule*` methods of the
        class are called instead of those about `enqueue`; False if one of the first answered False, or there is one of
        its kind of which there may be one only, on its queue or for later. `queue`: if the class names none, or
        another. Some scheduler must run: resqued's, Ruby's or node's. Raises as `enqueue_to` does.
        """
        at = written.epoch(when)
        if at <= time.time():
            return self.enqueue_to(written.queue_for(job, queue), job, *args)
        return self._delay(written.queue_for(job, queue), job, args, Delay(By.CALENDAR, at))

    def enqueue_in(self, seconds: timedelta | float, job: type | str, *args: Any, queue: str | None = None) -> bool:
        """The same, so many seconds from now, by the clock of Redis."""
        delay = written.seconds(seconds)
        if delay <= 0:
            return self.enqueue_to(written.queue_for(job, queue), job, *args)
        delayed.epoch(delay)  # or it is refused
        return self._delay(written.queue_for(job, queue), job, args, Delay(By.NOW, delay))

    def _delay(self, queue: str, job: type | str, args: tuple[Any, ...], delay: Delay) -> bool:
        if isinstance(job, str):
            return all(self._give(Outgoing(queue, written.job(job, args), delay=delay)))
        jobclass.check(job)
        args = jobarguments.fitting(job, args, {})
        payload, hooks = written.job(jobclass.name_of(job), args), jobhooks.of(job)
        ask = partial(jobhooks.agree, job, hooks.before_schedule, args)
        tell = partial(jobhooks.tell, job, hooks.after_schedule, args)
        return all(self._give(Outgoing(queue, payload, job, delay, ask, tell)))


def _outgoing(
    queue: str, job: type, args: tuple[Any, ...], named: Mapping[str, Any], more: Mapping[str, Any] = NOTHING
) -> Outgoing:
    jobclass.check(job)
    args = jobarguments.fitting(job, args, named)
    payload, hooks = {**written.job(jobclass.name_of(job), args), **more}, jobhooks.of(job)
    ask = partial(jobhooks.agree, job, hooks.before_enqueue, args)
    tell = partial(jobhooks.tell, job, hooks.after_enqueue, args)
    return Outgoing(queue, payload, job, None, ask, tell)
