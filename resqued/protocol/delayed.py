"""A job that waits for its time, as resque-scheduler keeps it: `{"class":…,"args":[…],"queue":…}`, in this order.

The payload is opaque here, too: an item is the very text with the queue put in as its last key, and what goes onto the
queue is that text again. A plain job so looks exactly as Ruby writes it, on both sides of the wait.
"""

import math
import reprlib
from dataclasses import dataclass
from datetime import UTC, datetime

from resqued.errors import InvalidPayload, NotEncodable
from resqued.protocol import payloads

LAST = 253402300799  # the end of the year 9999: no peer can show what is later


def item(payload: str, queue: str) -> str:
    """The job `payload`, a JSON object with at least a class, for its time. What says its queue already is kept."""
    if payloads.decode(payload.encode()).document.get("queue") == queue:
        return payload
    return payload.rstrip()[:-1].rstrip() + _last_key(queue)


def _last_key(queue: str) -> str:
    return f',"queue":{payloads.dumps(queue)}}}'


@dataclass(frozen=True, slots=True)
class Due:
    """Where a job goes when its time has come."""

    queue: str
    payload: str


def due(raw: bytes) -> Due:
    """Out of an item that anybody has written. Raises InvalidPayload: why it can go nowhere.

    Node's items have their queue in the middle, and so have the payloads on its queues: those stay as they are.
    """
    job = payloads.decode(raw)
    queue = job.document.get("queue")
    if not isinstance(queue, str) or not queue:
        raise InvalidPayload(f'payload has no "queue" to go to that is a non-empty string: {reprlib.repr(queue)}')
    if not isinstance(job.document.get("args", []), list):
        return Due(queue, _as_list(job))
    return Due(queue, _without_last_key(raw.decode(), queue))


def _as_list(job: payloads.Payload) -> str:
    """`"args": "x"` is one argument to Ruby's scheduler, which makes a list of it: Perl's worker needs one."""
    try:
        return payloads.encode_job({"class": job.name, "args": list(job.args)})
    except NotEncodable as error:
        raise InvalidPayload(str(error)) from None


def _without_last_key(text: str, queue: str) -> str:
    ending = _last_key(queue)
    return text[: -len(ending)] + "}" if text.endswith(ending) else text


def place(epoch: str) -> str:
    """What a set of `timestamps` calls the list of an epoch: its key without prefix."""
    return f"delayed:{epoch}"


def moment(epoch: str) -> datetime | None:
    """The time that an epoch stands for; None for one that nobody could have meant."""
    if not (epoch.isascii() and epoch.isdecimal() and len(epoch) <= len(str(LAST)) and int(epoch) <= LAST):
        return None
    return datetime.fromtimestamp(int(epoch), UTC)


def epoch(at: float) -> int:
    """The second at which a job is due that is not to run before `at`. Raises NotEncodable for what is no such time."""
    if not 0 <= at <= LAST:  # nor is NaN
        raise NotEncodable(f"{at!r} is no time to run a job at: seconds since 1970, before the year 10000")
    return math.ceil(at)
