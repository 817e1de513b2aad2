"""`resquectl queues`."""

import time
from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from resqued.cli import subjects
from resqued.cli.commands import DONE, Commands
from resqued.cli.subjects import Fleet
from resqued.cli.terminal import Problem, Stale, ago, iso, say, say_each, say_json_list, table
from resqued.cli.workerlines import ALL_PAUSED
from resqued.queues import matches
from resqued.store.stock import Queue
from resqued.telling.listeners import listeners

NOBODY = "nobody listens"


@dataclass(frozen=True, slots=True)
class Line:
    """A queue, and what is known of it beyond itself."""

    queue: Queue
    workers: int  # that serve it
    change: float | None  # jobs/s, by which it grew


def add_to(commands: Commands) -> None:
    queues = commands.add_parser(
        "queues",
        help="list the queues: how many jobs wait, since when, and for whom",
        description="List the queues. OLDEST is the age of the job at the head, where its client has said when it was "
        "enqueued; WORKERS counts those that serve the queue, of every implementation.",
    )
    queues.add_argument("patterns", metavar="PATTERN", nargs="*", help="only queues that match: mail, 'mail*', …")
    queues.add_argument(
        "--interval",
        type=_interval,
        metavar="S",
        help="look twice, S seconds apart, and show how fast each queue grows",
    )
    queues.set_defaults(run=list_queues, about=subjects.fleet)


def _interval(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if seconds <= 0 or not isfinite(seconds):
        raise ArgumentTypeError(f"expected seconds > 0, got {text!r}")
    return seconds


def list_queues(fleet: Fleet, arguments: Namespace) -> int:
    found = _lines(fleet, arguments.patterns, arguments.interval)
    if arguments.json:
        say_json_list(document(line) for line in found)
        return DONE
    if fleet.stock.all_paused():
        say(ALL_PAUSED)
    heading = ["QUEUE", "JOBS", "OLDEST", "WORKERS", ""]
    if arguments.interval:
        heading.insert(2, "CHANGE/S")
    now = fleet.census.now()
    say_each(table(heading, (_row(line, now, arguments.interval) for line in found)))
    return DONE


def _lines(fleet: Fleet, patterns: Sequence[str], interval: float | None) -> Iterator[Line]:
    names = [name for name in fleet.stock.names() if not patterns or any(matches(glob, name) for glob in patterns)]
    workers = listeners(fleet.census.ids(), names)
    before = _sizes(fleet, names) if interval else {}
    if interval:
        time.sleep(interval)
    for queue in fleet.stock.look(names):
        yield Line(queue, workers.get(queue.name, 0), _change(queue, before))


def _sizes(fleet: Fleet, names: Sequence[str]) -> Mapping[str, tuple[int, float]]:
    """And when it was seen (monotonic)."""
    return {queue.name: (queue.size, time.monotonic()) for queue in fleet.stock.look(names) if queue.size is not None}


def _change(queue: Queue, before: Mapping[str, tuple[int, float]]) -> float | None:
    if queue.size is None or queue.name not in before:
        return None
    size, then = before[queue.name]
    return (queue.size - size) / (time.monotonic() - then)


def _row(line: Line, now: datetime, interval: float | None) -> list[object]:
    queue = line.queue
    size = Problem("?") if queue.size is None else queue.size
    change = "-" if line.change is None else f"{line.change:+.1f}"
    changes = [change] if interval else []
    return [queue.name, size, *changes, ago(queue.oldest, now), line.workers, remark(line, now)]


def remark(line: Line, now: datetime) -> str:
    """What is unusual about it."""
    queue = line.queue
    if queue.size is None:
        return Problem("its key is no list")
    if queue.paused:
        return Stale(f"paused for {ago(queue.paused_since, now)}" if queue.paused_since else "paused")
    if line.workers == 0:
        return Problem(NOBODY) if queue.size or queue.aside else NOBODY
    return Stale(", ".join(_held_back(queue, now)))


def _held_back(queue: Queue, now: datetime) -> Iterator[str]:
    if queue.slowed and queue.slowed > now:
        yield f"its rate is reached for {ago(now, queue.slowed)}"
    if queue.aside:
        yield f"{queue.aside} more wait aside"
    if queue.dropped:
        yield f"{queue.dropped} were dropped"


def document(line: Line) -> dict[str, object]:
    """For programs: docs/fleet.md."""
    queue = line.queue
    return {
        "queue": queue.name,
        "size": queue.size,
        "oldest": iso(queue.oldest),
        "paused": queue.paused,
        "paused_since": iso(queue.paused_since),
        "aside": queue.aside,
        "dropped": queue.dropped,
        "slowed_until": iso(queue.slowed),
        "workers": line.workers,
        "change": None if line.change is None else round(line.change, 3),
    }
