"""Which failed jobs are meant, and how many there are of each kind."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import translate

from resqued.protocol.failed import Entry
from resqued.telling.times import in_local_zone

LONGEST = 200  # characters of what is one of many
MOST_KINDS = 10_000  # that are counted one by one: names come from whoever can write to Redis
OTHERS = "(others)"

Patterns = tuple[re.Pattern[str], ...]


def glob(text: str) -> re.Pattern[str]:
    return re.compile(translate(text))


@dataclass(frozen=True, slots=True)
class Filter:
    """Of several patterns for one thing, one must match. What has no date was neither before nor after another."""

    names: Patterns = ()
    queues: Patterns = ()
    exceptions: Patterns = ()
    hosts: Patterns = ()
    workers: Patterns = ()
    message: str | None = None
    matching: re.Pattern[str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    unreadable: bool = False
    retried: bool = False

    @property
    def is_open(self) -> bool:
        """Whether everything passes."""
        return self == Filter()

    def __call__(self, entry: Entry) -> bool:
        return (
            (not self.unreadable or not entry.is_readable)
            and (not self.retried or bool(entry.retried_at))
            and (not self.names or _fits(entry.name, self.names))
            and (not self.queues or _fits(entry.queue, self.queues))
            and (not self.exceptions or _fits(entry.exception, self.exceptions))
            and (not self.hosts or _fits(entry.host, self.hosts))
            and (not self.workers or _fits(entry.worker, self.workers))
            and (self.message is None or self.message in entry.error)
            and (self.matching is None or self.matching.search(entry.error) is not None)
            and self._is_of_the_time(entry)
        )

    def _is_of_the_time(self, entry: Entry) -> bool:
        if self.since is None and self.until is None:
            return True
        at = when(entry)
        return at is not None and (self.since is None or at >= self.since) and (self.until is None or at < self.until)


def _fits(text: str, patterns: Patterns) -> bool:
    return any(pattern.match(text) for pattern in patterns)


def when(entry: Entry) -> datetime | None:
    return entry.failed_at or in_local_zone(entry.text("failed_at"))


def has_id(entry: Entry, ids: Sequence[str]) -> str | None:
    """Which of `ids`, each perhaps a beginning, is the entry's."""
    own = entry.whole_id
    return next((one for one in ids if own.startswith(one)), None)


class Stats:
    def __init__(self) -> None:
        self.total = self.unreadable = self.retried = self.undated = 0
        self.by = {kind: Counter[str]() for kind in ("exception", "class", "queue", "host", "hour")}

    def add(self, entry: Entry) -> None:
        self.total += 1
        if not entry.is_readable:
            self.unreadable += 1
            return
        self.retried += bool(entry.retried_at)
        at = when(entry)
        self.undated += at is None
        hour = at.astimezone(UTC).strftime("%Y-%m-%dT%H:00:00+00:00") if at else ""
        for kind, name in zip(self.by, (entry.exception, entry.name, entry.queue, entry.host, hour), strict=True):
            if name:
                self._count(self.by[kind], name[:LONGEST])

    def _count(self, counter: Counter[str], name: str) -> None:
        counter[name if name in counter or len(counter) < MOST_KINDS else OTHERS] += 1

    def of(self, kind: str) -> list[tuple[str, int]]:
        """The most frequent first; hours in their order."""
        return sorted(self.by[kind].items()) if kind == "hour" else self.by[kind].most_common()
