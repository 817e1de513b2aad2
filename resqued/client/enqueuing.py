"""Jobs are put on queues, now or when their time has come, and taken off again."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec, overload
from uuid import uuid4

from resqued import jobarguments, jobclass, jobhooks, outlet
from resqued.address import Address
from resqued.client import written
from resqued.client.looking import Looking, RedisClient
from resqued.errors import WrongArguments
from resqued.jobfunction import JobFunction
from resqued.protocol import delayed, payloads
from resqued.protocol.keys import DEFAULT_NAMESPACE, Keys
from resqued.store.delays import By, Delays

P = ParamSpec("P")


class Client(Looking):
    """The queues and workers of one namespace in one Redis.

    `redis` is an address (`127.0.0.1:6379`), a URL (`redis://`, `rediss://`, `unix://`), or a client of redis-py that
    you have already. Connections are made when they are needed, lost ones anew, and nothing is ever sent twice.
    One client serves all threads of a process, and its forked children.

    Every method raises StoreUnavailable if Redis does not answer. What was asked has then been done or not: whoever
    repeats an `enqueue` may have the job on its queue twice. CommandRefused: a key has a type that is not Resque's.
    """

    def __init__(
        self, redis: str | Address | RedisClient = "127.0.0.1:6379", namespace: str = DEFAULT_NAMESPACE
    ) -> None:
        """Raises AddressError if `redis` is a text that is no address."""
        super().__init__(redis, namespace)
        self._delays = Delays(self._wire, Keys(namespace))

    # --- to a queue ---

    def push(self, queue: str, payload: Mapping[str, Any]) -> None:
        """Put `{"class": …, "args": […]}` at the end of `queue`, as any Resque client would. No hooks; other keys stay.

        Raises NotEncodable if some other Resque client could not read it back.
        """
        self._send(queue, payload, None)

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
        """Put a job at the end of `queue`: its class, or the name that its workers know it by. False if a hook refused.

        A payload has a list of arguments: those that are named are put in their places. Calls the `before_enqueue*`
        methods of the class, all of them, and then, unless one answered False, the `after_enqueue*` methods when the
        job is on its queue. A name has no hooks.

        Raises, before any hook is called, WrongArguments if `perform` cannot be called with these, and NotEncodable if
        some other Resque client could not read the job back.
        """
        return self._enqueue(queue, job, args, named)

    def _enqueue(self, queue: str, job: type | str, args: tuple[Any, ...], named: Mapping[str, Any]) -> bool:
        if isinstance(job, str):
            if named:
                raise WrongArguments(f"job {job!r} is known by name only, so that its arguments cannot be named")
            self._send(queue, written.job(job, args), None)
            return True
        args = jobarguments.fitting(job, args, named)
        payload, hooks = written.job(jobclass.name_of(job), args), jobhooks.of(job)
        written.encoded(queue, payload)  # a hook that takes a lock must not take it for a job that never comes
        if not jobhooks.agree(job, hooks.before_enqueue, args):
            return False
        self._send(queue, payload, job)
        jobhooks.tell(job, hooks.after_enqueue, args)
        return True

    def enqueue_active_job(self, queue: str, job_class: str, /, *args: Any, **kwargs: Any) -> str:
        """Put a job of Rails at the end of `queue`, as `MailJob.perform_later(…)` would. Its `job_id`. No hooks.

        Arguments as `resqued.activejob` has them. Raises NotEncodable for what ActiveJob has no way to say.
        """
        from resqued import activejob  # noqa: PLC0415  few clients have anything to say to Rails

        job_id = str(uuid4())
        wrapped = activejob.wrapped(job_class, args, kwargs, job_id=job_id, queue=queue, now=datetime.now(UTC))
        self._send(queue, written.job(payloads.ACTIVE_JOB, (wrapped,)), None)
        return job_id

    def _send(self, queue: str, payload: Mapping[str, Any], job: type | None) -> None:
        text = written.encoded(queue, payload)
        if not outlet.takes(queue, dict(payload), job):
            self._catalog.enqueue(queue, text)

    # --- for later ---

    def enqueue_at(self, when: datetime | float, job: type | str, *args: Any, queue: str | None = None) -> bool:
        """Put a job onto its queue when that time has come: a datetime with a time zone, or seconds since 1970.

        What is due already is enqueued at once. Otherwise the `before_schedule*` and `after_schedule*` methods of the
        class are called instead of those about `enqueue`; False if one of the first answered False. `queue`: if the
        class names none, or another. Some scheduler must run: resqued's, Ruby's or node's. Raises as `enqueue_to` does.
        """
        at = written.epoch(when)
        if at <= time.time():
            return self.enqueue_to(written.queue_for(job, queue), job, *args)
        return self._delay(written.queue_for(job, queue), job, args, By.CALENDAR, at)

    def enqueue_in(self, seconds: timedelta | float, job: type | str, *args: Any, queue: str | None = None) -> bool:
        """The same, so many seconds from now, by the clock of Redis."""
        delay = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        if delay <= 0:
            return self.enqueue_to(written.queue_for(job, queue), job, *args)
        delayed.epoch(delay)  # or it is refused
        return self._delay(written.queue_for(job, queue), job, args, By.NOW, delay)

    def _delay(self, queue: str, job: type | str, args: tuple[Any, ...], by: By, seconds: float) -> bool:
        if not isinstance(job, str):
            args = jobarguments.fitting(job, args, {})
        payload = written.job(written.name_of(job), args)
        text = written.encoded(queue, payload)
        hooks = None if isinstance(job, str) else jobhooks.of(job)
        if hooks and not jobhooks.agree(job, hooks.before_schedule, args):  # type: ignore[arg-type]  # it is a class
            return False
        if not outlet.takes(queue, payload, None if isinstance(job, str) else job):
            self._delays.put(queue, text, by, seconds)
        if hooks:
            jobhooks.tell(job, hooks.after_schedule, args)  # type: ignore[arg-type]  # as above
        return True

    def remove_delayed(self, job: type | str, *args: Any, queue: str | None = None) -> int:
        """Take a delayed job with exactly these arguments away, from all times for which it was put aside.

        How many there were: those that are written as this client and Ruby's write them, or as node's.
        """
        target = written.queue_for(job, queue)
        return self._delays.remove(*written.items(target, written.job(written.name_of(job), args)))

    # --- from a queue ---

    def dequeue(self, job: type, *args: Any) -> int:
        """Take a job off its queue: all those with exactly these arguments, or, without arguments, all of its class.

        How many there were; 0 if a `before_dequeue*` method of the class answered False. With arguments only those jobs
        are found that are written as this client and Ruby's write them. A job that a worker has taken is performed.
        """
        queue, hooks = jobclass.queue_of(job), jobhooks.of(job)
        if not jobhooks.agree(job, hooks.before_dequeue, args):
            return 0
        removed = self._remove(queue, jobclass.name_of(job), args)
        jobhooks.tell(job, hooks.after_dequeue, args)
        return removed

    def _remove(self, queue: str, name: str, args: tuple[Any, ...]) -> int:
        if args:
            return self._catalog.dequeue(queue, payloads.encode_job(written.job(name, args)))
        return self._catalog.dequeue_where(queue, lambda raw: written.is_named(raw, name))
