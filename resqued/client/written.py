"""How a client writes a job, and what it is called."""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from resqued import jobclass
from resqued.errors import InvalidPayload, NotEncodable
from resqued.protocol import delayed, payloads, ties


def job(name: str, args: tuple[Any, ...]) -> dict[str, Any]:
    return {"class": name, "args": list(args)}


def encoded(queue: str, payload: Mapping[str, Any]) -> str:
    payloads.check_queue_name(queue)
    return payloads.encode_job(payload)


def name_of(job: type | str) -> str:
    if isinstance(job, str):
        return job
    jobclass.check(job)
    return jobclass.name_of(job)


def queue_for(job: type | str, queue: str | None) -> str:
    if queue is not None:
        return queue
    if isinstance(job, str):
        raise NotEncodable(f"job {job!r} is a name, which says no queue: give queue=")
    return jobclass.queue_of(job)


def epoch(when: datetime | float) -> float:
    """Raises NotEncodable for a datetime that says no time zone, what is no time, or what no peer could show."""
    if isinstance(when, datetime) and when.tzinfo is None:
        raise NotEncodable(f"{when!r} says no time zone: give one, such as datetime.now(UTC) + timedelta(hours=1)")
    if isinstance(when, datetime):
        at = when.timestamp()
    elif hasattr(when, "__float__"):
        at = when
    else:
        raise NotEncodable(f"{when!r} is no time: give a datetime with a time zone, or seconds since 1970")
    delayed.epoch(at)
    return at


def seconds(delay: timedelta | float) -> float:
    """Raises NotEncodable for what is no number of them."""
    if isinstance(delay, timedelta):
        return delay.total_seconds()
    if not hasattr(delay, "__float__"):
        raise NotEncodable(f"{delay!r} is no delay: give seconds, or a timedelta")
    return delay


def items(queue: str, payload: Mapping[str, Any]) -> tuple[str, str]:
    """As Ruby's client and ours write a delayed job, and as node's does."""
    ours = delayed.item(encoded(queue, payload), queue)
    return ours, payloads.dumps({"class": payload["class"], "queue": queue, "args": payload["args"]})


def stamp() -> dict[str, float]:
    """Epoch in seconds: what most other clients write, and all read."""
    return {"enqueued_at": round(time.time(), 3)}


def without_stamps(raw: bytes) -> str:
    """As it is written without them; empty if that cannot be."""
    try:
        payload = payloads.decode(raw)
        return payloads.encode_job(job(payload.name, payload.args))
    except (InvalidPayload, NotEncodable):
        return ""


def is_named(raw: bytes, name: str) -> bool:
    try:
        return payloads.decode(raw).name == name
    except InvalidPayload:
        return False


def kept(job: type, keep: int | None) -> int:
    """For how many seconds the result of a job is kept, as its caller or its class says. Raises NotEncodable."""
    seconds = getattr(job, "keep_result", None) if keep is None else keep
    if type(seconds) is int and 1 <= seconds <= ties.LONGEST_KEPT:
        return seconds
    raise NotEncodable(
        f"job {jobclass.name_of(job)}: for how long its result is kept must be from 1 to {ties.LONGEST_KEPT} whole "
        f"seconds, not {seconds!r}; say keep=3600, or keep_result = 3600 in the class"
    )


def remembered(expires: int) -> int:
    """For how many seconds a batch is remembered after its last end. Raises NotEncodable."""
    if type(expires) is int and 1 <= expires <= ties.LONGEST_REMEMBERED:
        return expires
    raise NotEncodable(
        f"for how long a batch is remembered after its last end must be from 1 to {ties.LONGEST_REMEMBERED} whole "
        f"seconds, not {expires!r}; say expires=604800"
    )
