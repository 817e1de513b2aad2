"""Which failed jobs a command is about: options, and the question that they are."""

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable
from typing import Any

from resqued.cli.moments import moment
from resqued.errors import NotEncodable, ResquedError
from resqued.protocol import payloads
from resqued.store.failures import Failures
from resqued.telling.failures import Filter, glob


class NoSuchList(ResquedError):
    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        super().__init__(f"there is no failed list {name!r}; there are: {', '.join(known)}")


def add_to(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("which failed jobs (all that is said must apply)")
    group.add_argument("--class", dest="names", action="append", default=[], type=glob, metavar="GLOB")
    group.add_argument("--queue", dest="queues", action="append", default=[], type=glob, metavar="GLOB")
    group.add_argument("--exception", dest="exceptions", action="append", default=[], type=glob, metavar="GLOB")
    group.add_argument("--host", dest="hosts", action="append", default=[], type=glob, metavar="GLOB")
    group.add_argument(
        "--worker",
        dest="workers",
        action="append",
        default=[],
        type=glob,
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


def chosen_by(arguments: Namespace) -> Filter:
    given: dict[str, Any] = {name: getattr(arguments, name) for name in Filter.__slots__}
    given |= {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    return Filter(**given)


def lists(failures: Failures, arguments: Namespace) -> dict[str, int]:
    """The failed lists that are meant, each with its size."""
    sizes = failures.sizes()
    for name in arguments.lists:
        if name not in sizes:
            raise NoSuchList(name, sizes)
    return {name: sizes[name] for name in arguments.lists or sizes}
