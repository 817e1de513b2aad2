"""What workers say about themselves in Redis, read leniently: five implementations write it, each in its own way.

Nothing here raises. What a record does not say, or says in a way that nobody could understand, is None or empty.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from resqued.protocol.identity import Registration
from resqued.protocol.payloads import ACTIVE_JOB, job_class

WORKER_ID = re.compile(
    r"(?P<host>[^:]*):(?P<pid>[0-9]{0,19})[^:]*:(?P<queues>.*)", re.DOTALL
)  # goworker: `host:4711-poller:q`
DATE = re.compile(r"([0-9]{4})[-/]([0-9]{2})[-/]([0-9]{2})[T ]([0-9:.]+) ?(Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})")
STAMPS = ("enqueued_at", "queue_time", "enqueue_timestamp", "queued_at", "created_at", "at")  # what clients call it
MILLISECONDS, MOST_MILLISECONDS = 10**11, 10**14  # an epoch between these is in them
JAVASCRIPT_DATE = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([0-9]{2}) ([0-9]{4}) ([0-9:]+) GMT([+-][0-9]{4})")
EPOCH = re.compile(r"[0-9]{1,11}(\.[0-9]{1,9})?")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Working:
    """The job that a worker performs."""

    queue: str
    name: str  # the payload's `class`
    payload: Mapping[str, Any]
    since: datetime | None


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A registered worker, of whatever implementation, as it stood in Redis at one moment."""

    id: str
    host: str
    pid: int | None
    queues: tuple[str, ...]
    started: datetime | None
    heartbeat: datetime | None  # by the clock of Redis; only Ruby's workers and ours have one
    working: Working | None  # None: idle
    registration: Registration | None = None  # None: it is not one of ours, or of a version that we do not know


def view(
    worker_id: str,
    *,
    record: bytes | None,
    started: bytes | None,
    heartbeat: bytes | None,
    registration: bytes | None = None,
) -> WorkerView:
    """A worker out of `worker:<id>`, `worker:<id>:started`, and its fields of `workers:heartbeat` and of our hash."""
    host, pid, queues = parts(worker_id)
    ours = Registration.decode(registration.decode(errors="replace")) if registration else None
    return WorkerView(worker_id, host, pid, queues, moment(started), moment(heartbeat), working(record), ours)


def parts(worker_id: str) -> tuple[str, int | None, tuple[str, ...]]:
    """Host, pid and queues in any worker's id, as far as they can be made out."""
    if not (found := WORKER_ID.fullmatch(worker_id)):
        return worker_id.partition(":")[0], None, ()
    pid, queues = found["pid"], found["queues"]
    return found["host"], int(pid) if pid else None, tuple(filter(None, queues.split(",")))


def working(record: bytes | None) -> Working | None:
    """The job in `worker:<id>`; None if the key is absent or empty, which means idle."""
    if not record:
        return None
    shown = _object(_decoded(record))
    payload = _object(shown.get("payload"))
    return Working(
        queue=_text(shown.get("queue")),
        name=job_class(payload),
        payload=payload,
        since=moment(_text(shown.get("run_at")).encode(errors="replace")),
    )


def pinged(ping: bytes) -> datetime | None:
    """When a worker of node's showed itself, out of `worker:ping:<host>:<pid>`."""
    return _stamp(_object(_decoded(ping)).get("time"))


def enqueued(job: bytes) -> datetime | None:
    """When a job was put on its queue, if its client has said so."""
    return stamped(_object(_decoded(job)))


def stamped(payload: Mapping[str, Any]) -> datetime | None:
    """The same, of a payload. Resque has no word for it, others have many."""
    inner = payload.get("args") if payload.get("class") == ACTIVE_JOB else None
    said = [payload, _object(inner[0])] if isinstance(inner, list) and inner else [payload]
    dates = (_stamp(words.get(stamp)) for words in said for stamp in STAMPS)
    return next(filter(None, dates), None)


def _stamp(value: object) -> datetime | None:
    if isinstance(value, str):
        return moment(value.encode(errors="replace"))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 <= value < MOST_MILLISECONDS:
        return None
    return moment(f"{value / 1000 if value > MILLISECONDS else value:.6f}".encode())


def moment(date: bytes | None) -> datetime | None:
    """A date in any of the forms that Ruby, Perl, node, Go and pyres write. None if it has no time zone."""
    text = (date or b"").decode(errors="replace")
    try:
        return _date(text)
    except (ValueError, OverflowError):  # the 31st of February, or 25 o'clock
        return None


def _date(text: str) -> datetime | None:
    if EPOCH.fullmatch(text):
        return datetime.fromtimestamp(float(text), UTC)
    if found := DATE.match(text):
        year, month, day, time, zone = found.groups()
        return datetime.fromisoformat(f"{year}-{month}-{day}T{time}{_offset(zone)}")
    if found := JAVASCRIPT_DATE.match(text):
        name, day, year, time, zone = found.groups()
        return datetime.fromisoformat(f"{year}-{MONTHS.index(name) + 1:02}-{day}T{time}{zone}")
    return None


def _offset(zone: str) -> str:
    return zone if zone[0] in "+-" else "+00:00"


def _decoded(record: bytes) -> object:
    try:
        return json.loads(record.decode(errors="backslashreplace"))
    except (ValueError, RecursionError):
        return None


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
