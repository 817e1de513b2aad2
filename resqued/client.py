"""The public API for whoever has work to be done: put jobs on queues, look at them, take them off again."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, ParamSpec, Protocol, Self, overload
from uuid import uuid4

from resqued import address, jobarguments, jobclass, jobhooks, outlet
from resqued.address import Address
from resqued.errors import InvalidPayload, NotEncodable, WrongArguments
from resqued.jobfunction import JobFunction
from resqued.protocol import delayed, payloads
from resqued.protocol.keys import DEFAULT_NAMESPACE, Keys
from resqued.protocol.records import WorkerView
from resqued.store.catalog import Catalog, Info
from resqued.store.delays import By, Delays
from resqued.wire import pooled

P = ParamSpec("P")


class RedisClient(Protocol):
    """A `redis.Redis`, as far as this module needs to know one: only the wire imports redis-py."""

    connection_pool: Any


class Client:
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
        self.server = address.parse(redis) if isinstance(redis, str) else redis
        self.namespace = namespace
        self._wire = pooled.connect(self.server)  # type: ignore[arg-type]  # a RedisClient is a redis.Redis
        self._delays = Delays(self._wire, Keys(namespace))
        self._catalog = Catalog(self._wire, Keys(namespace), servers=[_shown(self.server)])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_shown(self.server)!r}, namespace={self.namespace!r})"

    def close(self) -> None:
        """Let go of the connections. The next call makes new ones."""
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

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
            self._send(queue, _payload(job, args), None)
            return True
        args = jobarguments.fitting(job, args, named)
        payload, hooks = _payload(jobclass.name_of(job), args), jobhooks.of(job)
        _encoded(queue, payload)  # a hook that takes a lock must not take it for a job that never comes
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
        self._send(queue, _payload(payloads.ACTIVE_JOB, (wrapped,)), None)
        return job_id

    def _send(self, queue: str, payload: Mapping[str, Any], job: type | None) -> None:
        text = _encoded(queue, payload)
        if not outlet.takes(queue, dict(payload), job):
            self._catalog.enqueue(queue, text)

    # --- for later ---

    def enqueue_at(self, when: datetime | float, job: type | str, *args: Any, queue: str | None = None) -> bool:
        """Put a job onto its queue when that time has come: a datetime with a time zone, or seconds since 1970.

        What is due already is enqueued at once. Otherwise the `before_schedule*` and `after_schedule*` methods of the
        class are called instead of those about `enqueue`; False if one of the first answered False. `queue`: if the
        class names none, or another. Some scheduler must run: resqued's, Ruby's or node's. Raises as `enqueue_to` does.
        """
        at = _epoch(when)
        if at <= time.time():
            return self.enqueue_to(_queue_for(job, queue), job, *args)
        return self._delay(_queue_for(job, queue), job, args, By.CALENDAR, at)

    def enqueue_in(self, seconds: timedelta | float, job: type | str, *args: Any, queue: str | None = None) -> bool:
        """The same, so many seconds from now, by the clock of Redis."""
        delay = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        if delay <= 0:
            return self.enqueue_to(_queue_for(job, queue), job, *args)
        delayed.epoch(delay)  # or it is refused
        return self._delay(_queue_for(job, queue), job, args, By.NOW, delay)

    def _delay(self, queue: str, job: type | str, args: tuple[Any, ...], by: By, seconds: float) -> bool:
        if not isinstance(job, str):
            args = jobarguments.fitting(job, args, {})
        payload = _payload(_name_of(job), args)
        text = _encoded(queue, payload)
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
        target = _queue_for(job, queue)
        return self._delays.remove(*_items(target, _payload(_name_of(job), args)))

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
            return self._catalog.dequeue(queue, payloads.encode_job(_payload(name, args)))
        return self._catalog.dequeue_where(queue, lambda raw: _is_named(raw, name))

    def pop(self, queue: str) -> dict[str, Any] | None:
        """Take the job at the head of `queue`, for the caller to perform; None if there is none.

        Nobody keeps it for a caller that dies, or whose connection does. What is no job comes as one of the class
        `InvalidPayload` with the raw text as its argument: it is off the queue, and an exception would have lost it.
        """
        raw = self._catalog.pop(queue)
        return None if raw is None else _document(raw)

    def peek(self, queue: str, start: int = 0, count: int = 1) -> list[dict[str, Any]]:
        """At most `count` jobs from position `start` on, left where they are, in the form in which `pop` returns them.

        Position 0 is the head, the next job to be performed; -1 is the last.
        """
        return [_document(raw) for raw in self._catalog.peek(queue, start, count)]

    # --- queues and workers ---

    def queues(self) -> list[str]:
        """The names of all queues ever pushed to and not removed, sorted."""
        return self._catalog.queues()

    def queue_sizes(self) -> dict[str, int]:
        """How many jobs are on each of the `queues`."""
        return self._catalog.sizes()

    def size(self, queue: str) -> int:
        """How many jobs are on `queue`."""
        return self._catalog.size(queue)

    def remove_queue(self, queue: str) -> None:
        """Forget `queue` and every job on it."""
        self._catalog.remove_queue(queue)

    def workers(self) -> list[WorkerView]:
        """All registered workers, of whatever implementation, with what they are working on."""
        return self._catalog.workers()

    def info(self) -> Info:
        """How many queues, jobs, workers and failures there are."""
        return self._catalog.info()


def _shown(server: Address | RedisClient) -> str:
    """Without password."""
    if isinstance(server, Address):
        return str(server)
    settings = server.connection_pool.connection_kwargs
    return str(settings.get("path") or f"{settings.get('host', '?')}:{settings.get('port', '?')}")


def _payload(name: str, args: tuple[Any, ...]) -> dict[str, Any]:
    return {"class": name, "args": list(args)}


def _encoded(queue: str, payload: Mapping[str, Any]) -> str:
    payloads.check_queue_name(queue)
    return payloads.encode_job(payload)


def _name_of(job: type | str) -> str:
    return job if isinstance(job, str) else jobclass.name_of(job)


def _queue_for(job: type | str, queue: str | None) -> str:
    if queue is not None:
        return queue
    if isinstance(job, str):
        raise NotEncodable(f"job {job!r} is a name, which says no queue: give queue=")
    return jobclass.queue_of(job)


def _epoch(when: datetime | float) -> float:
    """Raises NotEncodable for a datetime that says no time zone, or what no peer could show."""
    if isinstance(when, datetime) and when.tzinfo is None:
        raise NotEncodable(f"{when!r} says no time zone: give one, such as datetime.now(UTC) + timedelta(hours=1)")
    at = when.timestamp() if isinstance(when, datetime) else when
    delayed.epoch(at)
    return at


def _items(queue: str, payload: Mapping[str, Any]) -> tuple[str, str]:
    """As Ruby's client and ours write a delayed job, and as node's does."""
    ours = delayed.item(_encoded(queue, payload), queue)
    return ours, payloads.dumps({"class": payload["class"], "queue": queue, "args": payload["args"]})


def _is_named(raw: bytes, name: str) -> bool:
    try:
        return payloads.decode(raw).name == name
    except InvalidPayload:
        return False


def _document(raw: bytes) -> dict[str, Any]:
    """A job as it was written; what is none, as peers see it in the failed list (`payloads.wrapped`)."""
    try:
        return dict(payloads.decode(raw).document)
    except InvalidPayload:
        wrapped: dict[str, Any] = json.loads(payloads.wrapped(payloads.UNKNOWN_CLASS, raw))
        return wrapped
