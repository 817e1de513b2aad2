"""Jobs on a queue, or due at a time, as rows of a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from resqued.digest import hexadecimal
from resqued.protocol import records
from resqued.telling import jobs
from resqued.web.paging import Part
from resqued.web.visit import Visit

AT_ONCE = 50
PORTION, MOST_BYTES = 10, 2 * 1024**2  # that are read: jobs may be large

Read = Callable[[int, int], Sequence[tuple[int, bytes]]]  # from a position on, so many at most; with their positions


@dataclass(frozen=True, slots=True)
class Row:
    position: int
    id: str
    queue: str  # of a job that waits for its time
    name: str
    arguments: str
    text: str
    enqueued: datetime | None


def jobs_of(read: Read, visit: Visit, *, size: int) -> Part[Row]:
    first = min(visit.query.number("from"), max(0, size - 1))
    found = _read(read, first) if size else []
    end = first + len(found)
    return Part(
        [row(position, raw) for position, raw in found],
        first,
        max(size, end),
        earlier=visit.here(**{"from": max(0, first - AT_ONCE) or ""}) if first else "",
        later=visit.here(**{"from": end}) if found and end < size else "",
    )


def _read(read: Read, first: int) -> Sequence[tuple[int, bytes]]:
    """A page of them, or fewer if they are large. Those that are taken meanwhile shift the ones behind."""
    found: list[tuple[int, bytes]] = []
    while len(found) < AT_ONCE and sum(len(raw) for _, raw in found) < MOST_BYTES:
        portion = read(first + len(found), PORTION)
        found += portion
        if len(portion) < PORTION:
            break
    return found


def row(position: int, raw: bytes) -> Row:
    return Row(
        position,
        hexadecimal(raw),
        jobs.queue_in(raw),
        jobs.class_in(raw),
        jobs.arguments_in(raw),
        jobs.shown(raw),
        records.enqueued(raw),
    )
