"""What workers say about themselves in Redis, read leniently: five implementations write it, each in its own way.

Nothing here raises. What a record does not say, or says in a way that nobody could understand, is None or empty.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

WORKER_ID = re.compile(
    r"(?P<host>[^:]*):(?P<pid>[0-9]{0,19})[^:]*:(?P<queues>.*)", re.DOTALL
)  # goworker: `host:4711-poller:q`
DATE = re.compile(r"([0-9]{4})[-/]([0-9]{2})[-/]([0-9]{2})[T ]([0-9:.]+) ?(Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})")
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


def view(worker_id: str, *, record: bytes | None, started: bytes | None, heartbeat: bytes | None) -> WorkerView:
    """A worker out of `worker:<id>`, `worker:<id>:started` and its field of `workers:heartbeat`."""
    host, pid, queues = _parts(worker_id)
    return WorkerView(worker_id, host, pid, queues, moment(started), moment(heartbeat), working(record))


def _parts(worker_id: str) -> tuple[str, int | None, tuple[str, ...]]:
    if not (parts := WORKER_ID.fullmatch(worker_id)):
        return worker_id.partition(":")[0], None, ()
    pid, queues = parts["pid"], parts["queues"]
    return parts["host"], int(pid) if pid else None, tuple(filter(None, queues.split(",")))


def working(record: bytes | None) -> Working | None:
    """The job in `worker:<id>`; None if the key is absent or empty, which means idle."""
    if not record:
        return None
    shown = _object(_decoded(record))
    payload = _object(shown.get("payload"))
    return Working(
        queue=_text(shown.get("queue")),
        name=_text(payload.get("class")),
        payload=payload,
        since=moment(_text(shown.get("run_at")).encode(errors="replace")),
    )


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
