"""All of it together: what can be done with the queues of one namespace."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from resqued import jobarguments, jobclass, jobhooks, outlet
from resqued.address import Address
from resqued.bounds import Bound, Bounds
from resqued.client import written
from resqued.client.batching import Batch, Receipt
from resqued.client.enqueuing import Enqueuing, Outgoing
from resqued.client.looking import Looking, RedisClient
from resqued.client.sending import Sender, Stamp
from resqued.protocol import payloads, ties
from resqued.protocol.keys import DEFAULT_NAMESPACE, Keys
from resqued.protocol.ties import Ties
from resqued.store.batches import Batches, Progress, Result
from resqued.store.delays import Delays

A_WEEK = 7 * 86400  # s


class Client(Looking, Enqueuing):
    """The queues and workers of one namespace in one Redis.

    `redis` is an address (`127.0.0.1:6379`), a URL (`redis://`, `rediss://`, `unix://`), or a client of redis-py that
    you have already. Connections are made when they are needed, lost ones anew, and nothing is ever sent twice.
    One client serves all threads of a process, and its forked children.

    Every method raises StoreUnavailable if Redis does not answer. What was asked has then been done or not: whoever
    repeats an `enqueue` may have the job on its queue twice. CommandRefused: a key has a type that is not Resque's, and
    the job is not on its queue; but QueueNotListed, which is one, says that it is.
    """

    def __init__(
        self,
        redis: str | Address | RedisClient = "127.0.0.1:6379",
        namespace: str = DEFAULT_NAMESPACE,
        *,
        bounds: Mapping[str, Bound] = MappingProxyType({}),
        stamped: bool = False,
        tracing: bool = False,
    ) -> None:
        """`bounds`: how long queues may get, by their names or globs, when this client puts a job on them.

        `stamped`: each job says when it was enqueued (`enqueued_at`). `tracing`: and of which trace it is part. These
        are keys of the payload that no worker minds; but who takes such a job off its queue by its text, as Ruby's
        `dequeue` does, does not find it. Jobs for later have neither.

        Raises AddressError if `redis` is neither an address nor a client, TypeError if a bound is none, and
        NotInstalled if OpenTelemetry is not there.
        """
        super().__init__(redis, namespace)
        self._stamps = _stamps(stamped=stamped, tracing=tracing)
        keys = Keys(namespace)
        self._delays, self._batches = Delays(self._wire, keys), Batches(self._wire, keys)
        self._sender = Sender(self._wire, keys, self._catalog, Bounds(bounds), self._stamps)

    def _send(self, outgoing: Sequence[Outgoing]) -> list[bool]:
        if outlet.is_open():
            for one in outgoing:
                outlet.takes(one.queue, dict(one.payload), one.job)
                one.tell()
            return [True] * len(outgoing)
        return self._sender.send(outgoing) if outgoing else []

    # --- whose end somebody wants to know: docs/batches.md ---

    def submit(self, job: type, *args: Any, keep: int | None = None) -> Receipt | None:
        """As `enqueue`, for a job whose result is kept for `keep` seconds, or as its class says with `keep_result`.

        None if it was not enqueued (`enqueue_to`). Raises NotEncodable if neither says for how long.
        """
        receipt, seconds = Receipt(secrets.token_hex(16)), written.kept(job, keep)
        more = {ties.KEY: Ties(receipt.id, seconds).document()}
        return receipt if self._enqueue(jobclass.queue_of(job), job, args, {}, more) else None

    def batch(
        self, callback: type | None = None, args: Sequence[Any] = (), *, queue: str = "", expires: int = A_WEEK
    ) -> Batch:
        """A batch, for a `with`. When the last of its jobs has ended, well or not, `callback` is enqueued with `args`.

        `queue`: of the callback, if not that of its class. `expires`: s after the last end for which it is remembered.
        Raises NotEncodable if that is no whole number of seconds from 1 to those of a year.
        """
        name, called, expires = secrets.token_hex(16), None, written.remembered(expires)
        if callback is not None:
            jobclass.check(callback)
            fitting = jobarguments.fitting(callback, tuple(args), {})
            payload = {**written.job(jobclass.name_of(callback), fitting), ties.KEY: {"of": name}}
            called = Outgoing(queue or jobclass.queue_of(callback), payload, callback)
        return Batch(name, self._batches, self._sender, callback=called, expires=expires)

    def progress(self, batch: Batch | str) -> Progress | None:
        """How far a batch is; None if nobody remembers it."""
        return self._batches.progress(batch if isinstance(batch, str) else batch.id)

    def wait(self, jobs: Iterable[Receipt], timeout: float | None = None) -> list[Result]:
        """How jobs ended, when all have. Raises NotDone after `timeout` seconds. For a batch: its own `wait`."""
        return self._batches.results([job.id for job in jobs], timeout)

    # --- off a queue ---

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
            text = payloads.encode_job(written.job(name, args))
            if self._stamps:
                return self._catalog.dequeue_where(queue, lambda raw: written.without_stamps(raw) == text)
            return self._catalog.dequeue(queue, text)
        return self._catalog.dequeue_where(queue, lambda raw: written.is_named(raw, name))

    def remove_delayed(self, job: type | str, *args: Any, queue: str | None = None) -> int:
        """Take a delayed job with exactly these arguments away, from all times for which it was put aside.

        How many there were: those that are written as this client and Ruby's write them, or as node's.
        """
        target = written.queue_for(job, queue)
        return self._delays.remove(*written.items(target, written.job(written.name_of(job), args)))


def _stamps(*, stamped: bool, tracing: bool) -> list[Stamp]:
    stamps: list[Stamp] = [written.stamp] if stamped else []
    if tracing:
        from resqued import tracing as spans  # noqa: PLC0415  OpenTelemetry is large

        stamps.append(spans.context)
    return stamps
