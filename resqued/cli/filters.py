"""Which failed jobs a command is about: options, and the question that they are."""

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import translate
from typing import Any

from resqued.cli.moments import in_local_zone, moment
from resqued.errors import NotEncodable, ResquedError
from resqued.protocol import payloads
from resqued.protocol.failed import Entry
from resqued.store.failures import Failures


class NoSuchList(ResquedError):
    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        super().__init__(f"there is no failed list {name!r}; there are: {', '.join(known)}")


Patterns = tuple[re.Pattern[str], ...]


def add_to(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("which failed jobs (all that is said must apply)")
    group.add_argument("--class", dest="names", action="append", default=[], type=_glob, metavar="GLOB")
    group.add_argument("--queue", dest="queues", action="append", default=[], type=_glob, metavar="GLOB")
    group.add_argument("--exception", dest="exceptions", action="append", default=[], type=_glob, metavar="GLOB")
    group.add_argument("--host", dest="hosts", action="append", default=[], type=_glob, metavar="GLOB")
    group.add_argument(
        "--worker",
        dest="workers",
        action="append",
        default=[],
        type=_glob,
        metavar="GLOB",
        help="its id, as `resquectl workers` shows it",
    )
    group.add_argument("--message", metavar="TEXT", help="what the error message contains")
    group.add_argument("--matching", type=_expression, metavar="REGEX", help="what is found in the error message")
    group.add_argument("--since", type=moment, metavar="TIME", help="failed then or later: 2h (ago), 2026-11-23T07:00")
    group.add_argument("--until", type=moment, metavar="TIME", help="failed before then")
    group.add_argument("--unreadable", action="store_true", help="the entry is no JSON object")
    group.add_argument("--retried", action="store_true", help="it stands there still although it has been retried")
    group.add_argument(
        "--list",
        dest="lists",
        action="append",
        default=[],
        metavar="NAME",
        help="a failed list; default: all there are",
    )


def _glob(text: str) -> re.Pattern[str]:
    return re.compile(translate(text))


def _expression(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise ArgumentTypeError(f"{text!r} is no regular expression: {error}") from None


def entry_id(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{6,40}", text):
        raise ArgumentTypeError(f"expected an id as `failed list` shows it, 6 digits or more, got {text!r}")
    return text


def queue(text: str) -> str:
    try:
        return payloads.check_queue_name(text)
    except NotEncodable as error:
        raise ArgumentTypeError(str(error)) from None


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

    @classmethod
    def of(cls, arguments: Namespace) -> "Filter":
        given: dict[str, Any] = {name: getattr(arguments, name) for name in cls.__slots__}
        given |= {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
        return cls(**given)

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


def lists(failures: Failures, arguments: Namespace) -> dict[str, int]:
    """The failed lists that are meant, each with its size."""
    sizes = failures.sizes()
    for name in arguments.lists:
        if name not in sizes:
            raise NoSuchList(name, sizes)
    return {name: sizes[name] for name in arguments.lists or sizes}
