"""What failed, as `resquectl failed list`, `show`, `count`, `stats` and `export` tell it. Shapes: docs/failed.md."""

import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from typing import NamedTuple

from resqued.cli import filters
from resqued.cli.commands import DONE, PROBLEM
from resqued.cli.progress import bar
from resqued.cli.terminal import complain, date, say, say_each, say_json, table
from resqued.protocol.failed import Entry
from resqued.store.failures import Failures
from resqued.telling.failures import LONGEST, Stats, has_id, when

SHOWN_EVERY = 1000  # entries: to draw the bar takes longer than to look at one
UNDATED = datetime.max.replace(tzinfo=UTC)


class Found(NamedTuple):
    list: str
    entry: Entry


# List, export


def list_entries(failures: Failures, arguments: Namespace) -> int:
    found = _found(failures, arguments, oldest=arguments.oldest)
    page = islice(found, arguments.skip, arguments.skip + arguments.limit)
    if arguments.json:
        say_json([document(one) for one in page])
    else:
        say_each(table(("ID", "FAILED", "QUEUE", "CLASS", "ERROR"), (_row(entry) for _, entry in page)))
    return DONE


def export_entries(failures: Failures, arguments: Namespace) -> int:
    for one in _found(failures, arguments, oldest=True):
        say_json(document(one))
    return DONE


def _found(failures: Failures, arguments: Namespace, *, oldest: bool = False) -> Iterator[Found]:
    """Of all lists that are meant, in one order. No more than a portion of each is held."""
    chosen = filters.chosen_by(arguments)
    read = failures.oldest_first if oldest else failures.newest_first
    streams = [(Found(name, entry) for entry in read(name)) for name in filters.lists(failures, arguments)]
    every = merge(*streams, key=_moment, reverse=not oldest) if len(streams) > 1 else streams[0]
    return (one for one in every if chosen(one.entry))


def _moment(found: Found) -> datetime:
    return when(found.entry) or UNDATED


def _row(entry: Entry) -> list[str]:
    if not entry.is_readable:
        return [entry.id, "-", "-", "-", f"(unreadable) {_text(entry)[:LONGEST]}"]
    said = entry.text("failed_at")
    at = when(entry)
    first = entry.error.partition("\n")[0][:LONGEST]
    tried = f" (tried {entry.tried} times)" if entry.tried > 1 else ""
    error = f"{entry.exception or '?'}: {first}{tried}" + (" (retried)" if entry.retried_at else "")
    return [entry.id, date(at) if at else said or "-", entry.queue or "-", entry.name or "-", error]


def _text(entry: Entry) -> str:
    return entry.raw.decode(errors="backslashreplace")


def document(found: Found) -> dict[str, object]:
    """An entry for programs. Times are ISO 8601 in UTC; what it does not say is empty, or null."""
    name, entry = found
    at = when(entry)
    return {
        "id": entry.id,
        "list": name,
        "readable": entry.is_readable,
        "failed_at": at.astimezone(UTC).isoformat() if at else None,
        "queue": entry.queue,
        "class": entry.name,
        "exception": entry.exception,
        "error": entry.error,
        "backtrace": entry.backtrace,
        "worker": entry.worker,
        "host": entry.host,
        "retried_at": entry.retried_at or None,
        "tried": entry.tried or 1,
        "tries": entry.tries,
        "payload": entry.payload.decode(errors="surrogateescape"),
        "entry": entry.raw.decode(errors="surrogateescape"),
    }


# Show


def show_entries(failures: Failures, arguments: Namespace) -> int:
    shown: list[Found] = []
    missing = set(arguments.ids)
    for one in _found_by_id(failures, arguments):
        shown.append(one)
        missing -= {has_id(one.entry, arguments.ids)}
        if not missing:
            break
    if arguments.json:
        say_json([document(one) for one in shown])
    elif arguments.raw:
        sys.stdout.flush()
        sys.stdout.buffer.writelines(one.entry.raw + b"\n" for one in shown)
    else:
        say_each(_told(shown))
    complain("resquectl", *(f"there is no failed job {one}" for one in sorted(missing)))
    return PROBLEM if missing else DONE


def _found_by_id(failures: Failures, arguments: Namespace) -> Iterator[Found]:
    for name in failures.sizes():
        for entry in failures.newest_first(name):
            if has_id(entry, arguments.ids):
                yield Found(name, entry)


def _told(shown: list[Found]) -> Iterator[str]:
    for number, (name, entry) in enumerate(shown):
        if number:
            yield ""
        yield from (f"{key:10}{value}" for key, value in _facts(name, entry) if value)
        yield from (f"{'' if line else 'backtrace':10}{said}" for line, said in enumerate(entry.backtrace))


def _facts(name: str, entry: Entry) -> Iterator[tuple[str, str]]:
    yield "id", entry.whole_id
    yield "list", name
    if not entry.is_readable:
        yield "entry", _text(entry)
        return
    at = when(entry)
    yield "failed", date(at) if at else entry.text("failed_at")
    yield "retried", entry.retried_at
    yield "queue", entry.queue
    yield "class", entry.name
    yield "worker", entry.worker
    yield "payload", entry.payload.decode(errors="backslashreplace")
    yield "exception", entry.exception
    first, *others = entry.error.splitlines() or [""]
    yield "error", first
    yield from (("", line) for line in others)
    if entry.tried > 1:
        yield "tried", f"{entry.tried} times"
    yield from (("", _try(one)) for one in entry.tries)


def _try(one: Mapping[str, str]) -> str:
    """How it had failed before, on one line."""
    first = one.get("error", "").partition("\n")[0][:LONGEST]
    return f"{one.get('failed_at', '?')} {one.get('exception', '?')}: {first} ({one.get('worker', '?')})"


# Count, stats


def count_entries(failures: Failures, arguments: Namespace) -> int:
    if filters.chosen_by(arguments).is_open:
        count = sum(filters.lists(failures, arguments).values())
    else:
        count = sum(1 for _ in _watched(failures, arguments))
    if arguments.json:
        say_json({"count": count})
    else:
        say(str(count))
    return DONE


def _watched(failures: Failures, arguments: Namespace) -> Iterator[Entry]:
    """Those that the filter lets pass, with a bar for how many have been looked at."""
    chosen, sizes = filters.chosen_by(arguments), filters.lists(failures, arguments)
    seen = passed = 0
    with bar("found", sum(sizes.values())) as show:
        for name in sizes:
            for entry in failures.oldest_first(name):
                seen += 1
                if chosen(entry):
                    passed += 1
                    yield entry
                if seen % SHOWN_EVERY == 0:
                    show(passed, seen)


def show_stats(failures: Failures, arguments: Namespace) -> int:
    stats = Stats()
    for entry in _watched(failures, arguments):
        stats.add(entry)
    if arguments.json:
        say_json(_stats_document(stats))
    else:
        say_each(_stats_text(stats, arguments.limit))
    return DONE


def _stats_document(stats: Stats) -> dict[str, object]:
    counts = {"total": stats.total, "unreadable": stats.unreadable, "undated": stats.undated, "retried": stats.retried}
    return counts | {kind: dict(stats.of(kind)) for kind in stats.by}


def _stats_text(stats: Stats, limit: int) -> Iterator[str]:
    yield f"{stats.total} failed, {stats.retried} of them retried, {stats.unreadable} unreadable"
    for kind in stats.by:
        if names := stats.of(kind):
            most = names[-limit:] if kind == "hour" else names[:limit]
            yield ""
            yield from table(("JOBS", kind.upper()), [(count, name) for name, count in most])
            if len(names) > limit:
                yield f"and {len(names) - limit} more"
