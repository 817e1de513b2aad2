"""`resquectl enqueue`: one job out of words, or many out of lines."""

import os
import signal
import stat
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NoReturn, TypeAlias, get_args

from resqued.bounds import EVERY_QUEUE, Bound, WhenFull
from resqued.cli import lines, progress, subjects
from resqued.cli.commands import DONE, Commands
from resqued.cli.lines import Loading
from resqued.cli.terminal import say, say_json
from resqued.client import Client
from resqued.errors import UnreadableInput

INPUT = "-"
CHUNK = 256 * 1024  # bytes that are read at once, if so many are there

Refuse: TypeAlias = Callable[[str], NoReturn]  # for wrong usage


def add_to(commands: Commands) -> None:
    enqueue = commands.add_parser(
        "enqueue",
        help="put a job on a queue, or many from standard input",
        usage="resquectl enqueue QUEUE CLASS [ARG ...]\n       resquectl enqueue QUEUE CLASS - [--skip N] < arguments"
        "\n       resquectl enqueue - [--skip N] < jobs",
        description="Put a job on a queue. An argument that is JSON is passed as what it means, anything else as text. "
        "With a - in the place of the arguments each line of standard input is a job: a JSON array is its arguments, "
        'anything else its only one. With a - alone each line is {"queue": …, "class": …, "args": […]}. '
        "Whatever ends this early, the last lines say what is enqueued and how to go on.",
    )
    enqueue.add_argument("queue", metavar="QUEUE", help="its name; a single -: each line of standard input is a job")
    enqueue.add_argument("name", metavar="CLASS", nargs="?", help="what the workers of the queue call the job")
    enqueue.add_argument(
        "args",
        metavar="ARG",
        nargs="*",
        help="an argument of the job; a single -: each line of standard input is a job",
    )
    enqueue.add_argument("--skip", type=_count, default=0, metavar="N", help="pass over the first N lines of the input")
    enqueue.add_argument(
        "--receipt", default="", metavar="NAME", help="as an earlier run said, when it could not know what had arrived"
    )
    _add_bound(enqueue)
    enqueue.set_defaults(run=partial(enqueue_jobs, enqueue.error), about=partial(subjects.queues, bounds=_bounds))


def _add_bound(enqueue: ArgumentParser) -> None:
    enqueue.add_argument(
        "--max-length", type=_most, metavar="N", help="put no job on a queue that has N; default: however many it has"
    )
    enqueue.add_argument(
        "--when-full",
        choices=get_args(WhenFull),
        default="refuse",
        help="what becomes of a job for which there is no room: refuse it (the default), drop the oldest on its queue, "
        "which is then recorded as failed, or wait for room",
    )
    enqueue.add_argument(
        "--patience", type=_seconds, default=10.0, metavar="S", help="with block: for so long; default: 10 s"
    )


def _most(text: str) -> int:
    if (most := _count(text)) < 1:
        raise ArgumentTypeError(f"expected a number ≥ 1, got {text!r}")
    return most


def _seconds(text: str) -> float:
    try:
        return Bound(1, patience=float(text)).patience
    except ValueError:
        raise ArgumentTypeError(f"expected a number of seconds ≥ 0, got {text!r}") from None


def _bounds(arguments: Namespace) -> dict[str, Bound]:
    if arguments.max_length is None:
        return {}
    return {EVERY_QUEUE: Bound(arguments.max_length, arguments.when_full, arguments.patience)}


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError(f"expected a number ≥ 0, got {text!r}")
    return int(text)


def enqueue_jobs(refuse: Refuse, resque: Client, arguments: Namespace) -> int:
    queue, name, args = arguments.queue, arguments.name, arguments.args
    if name is None and queue != INPUT:
        refuse("the following arguments are required: CLASS")
    if name is not None and queue == INPUT:
        refuse("nothing stands behind a - in the place of QUEUE")
    if queue == INPUT or args == [INPUT]:
        return _load(arguments, None if queue == INPUT else queue)
    if arguments.skip or arguments.receipt:
        refuse("--skip and --receipt are about lines of standard input")
    resque.enqueue_to(queue, name, *map(lines.meant, args))
    return _said(1, queue, arguments)


def _load(arguments: Namespace, queue: str | None) -> int:
    with subjects.bulk(arguments, _bounds(arguments)) as bulk:
        skipped = max(arguments.skip, bulk.mark() if arguments.receipt else 0)
        read = lines.whole_jobs if queue is None else partial(lines.arguments, queue, arguments.name)
        loading = Loading(bulk, skipped=skipped)
        with _interruptible(), progress.bar("jobs", _size(), shown=not os.isatty(0)) as show:
            loading.run(map(read, _numbered(skipped)), lambda count: show(count, _position()))
    return _said(loading.jobs, queue, arguments)


@contextmanager
def _interruptible() -> Iterator[None]:
    """By TERM, too: whoever sends it wants to know what is enqueued."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _said(count: int, queue: str | None, arguments: Namespace) -> int:
    if arguments.json:
        say_json({"queue": queue, "enqueued": count})
    else:
        say(f"enqueued {count} {'job' if count == 1 else 'jobs'}{f' on {queue}' if queue else ''}")
    return DONE


# Standard input


def _numbered(skipped: int) -> Iterator[list[lines.Numbered]]:
    """Its lines without the first ones, as they come: whoever writes slowly does not wait for the next to be read."""
    number, rest = 0, b""
    while chunk := _read():
        *whole, rest = (rest + chunk).split(b"\n")
        yield [(at, _text(line)) for at, line in enumerate(whole, number + 1) if at > skipped]
        number += len(whole)
    if rest and number >= skipped:
        yield [(number + 1, _text(rest))]


def _read() -> bytes:
    """What there is, or comes next; empty at the end."""
    try:
        return sys.stdin.buffer.read1(CHUNK)  # type: ignore[union-attr,no-any-return]  # a BufferedReader has it
    except (OSError, AttributeError) as error:  # there is none if it was closed
        raise UnreadableInput(getattr(error, "strerror", "it is closed")) from None


def _text(line: bytes) -> str:
    """What is not UTF-8 is for others to refuse."""
    return line.removesuffix(b"\r").decode(errors="surrogateescape")


def _size() -> int | None:
    """Bytes, if it is a file."""
    try:
        found = os.fstat(0)
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _position() -> int:
    """How far it has been read."""
    try:
        return os.lseek(0, 0, os.SEEK_CUR)
    except OSError:
        return 0
