"""`resquectl failed …`: what failed, and putting it back."""

from argparse import ArgumentParser, ArgumentTypeError

from resqued.cli import failed_changes as changes
from resqued.cli import failed_reading as reading
from resqued.cli import filters, subjects
from resqued.cli.commands import Commands
from resqued.cli.moments import duration
from resqued.protocol.keys import FAILED

PAGE = 20


def add_to(commands: Commands) -> None:
    failed = commands.add_parser(
        "failed",
        help="look at failed jobs, put them back on their queues, remove them",
        description="Look at failed jobs, put them back on their queues, remove them. A job is known by its id, "
        "which `failed list` shows; any 6 or more of its first digits will do.",
    )
    actions = failed.add_subparsers(metavar="ACTION", required=True)
    for add in (_list, _show, _count, _stats, _export, _retry, _remove, _clear, _trim):
        add(actions)


def _list(actions: Commands) -> None:
    parser = actions.add_parser("list", help="list failed jobs, the newest first")
    parser.add_argument("-n", "--limit", type=_positive, default=PAGE, metavar="N", help="default: %(default)d")
    parser.add_argument("--skip", type=_count_of, default=0, metavar="N", help="leave out the first N")
    parser.add_argument("--oldest", action="store_true", help="the oldest first")
    filters.add_to(parser)
    parser.set_defaults(run=reading.list_entries, about=subjects.failures)


def _show(actions: Commands) -> None:
    parser = actions.add_parser("show", help="show all that is known of a failed job")
    parser.add_argument("ids", nargs="+", type=filters.entry_id, metavar="ID")
    parser.add_argument("--raw", action="store_true", help="the entry as it stands in Redis, byte for byte")
    parser.set_defaults(run=reading.show_entries, about=subjects.failures, lists=[])


def _count(actions: Commands) -> None:
    parser = actions.add_parser("count", help="count failed jobs")
    filters.add_to(parser)
    parser.set_defaults(run=reading.count_entries, about=subjects.failures)


def _stats(actions: Commands) -> None:
    parser = actions.add_parser("stats", help="count failed jobs by exception, class, queue, host and hour")
    parser.add_argument(
        "-n", "--limit", type=_positive, default=10, metavar="N", help="lines of each kind; default: %(default)d"
    )
    filters.add_to(parser)
    parser.set_defaults(run=reading.show_stats, about=subjects.failures)


def _export(actions: Commands) -> None:
    parser = actions.add_parser("export", help="write failed jobs as lines of JSON, the oldest first")
    filters.add_to(parser)
    parser.set_defaults(run=reading.export_entries, about=subjects.failures)


def _retry(actions: Commands) -> None:
    parser = actions.add_parser(
        "retry",
        help="put failed jobs back on their queues",
        description="Put failed jobs back at the end of their queues, the oldest first, each as it was, byte for byte. "
        "An entry leaves the failed list in the same step, so that it is retried once, whatever is interrupted and "
        "whoever else retries: run it again to go on.",
    )
    _which(parser)
    parser.add_argument("--to", type=filters.queue, metavar="QUEUE", help="put all on this queue instead")
    parser.add_argument("--rate", type=_positive, metavar="N", help="at most N a second")
    parser.add_argument(
        "--keep", action="store_true", help="leave the entries in the list, marked as retried, as resque-web does"
    )
    parser.add_argument("--again", action="store_true", help="also those that are marked as retried")
    parser.set_defaults(run=changes.retry, about=subjects.failures, refuse=parser.error)


def _remove(actions: Commands) -> None:
    parser = actions.add_parser("remove", help="remove failed jobs from the failed list")
    _which(parser)
    _asks(parser)
    parser.set_defaults(run=changes.remove, about=subjects.failures, refuse=parser.error, rate=None)


def _which(parser: ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", type=filters.entry_id, metavar="ID")
    parser.add_argument("--all", action="store_true", dest="every", help="all that the failed lists hold")
    filters.add_to(parser)


def _clear(actions: Commands) -> None:
    parser = actions.add_parser("clear", help="empty the failed list")
    parser.add_argument(
        "--list",
        dest="lists",
        action="append",
        default=[],
        metavar="NAME",
        help="a failed list; default: all there are",
    )
    _asks(parser)
    parser.set_defaults(run=changes.clear, about=subjects.failures, refuse=parser.error)


def _asks(parser: ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _trim(actions: Commands) -> None:
    parser = actions.add_parser(
        "trim",
        help="remove the oldest failed jobs beyond a number or an age",
        description="Remove the oldest failed jobs beyond a number or an age; default: as [failed] in the file of -c.",
    )
    parser.add_argument("--max", type=_positive, metavar="N", help="how many may stay")
    parser.add_argument("--max-age", type=duration, metavar="TIME", help="how old they may be: 30d, 12h")
    parser.add_argument(
        "--list", dest="lists", action="append", default=[], metavar="NAME", help=f"a failed list; default: {FAILED}"
    )
    parser.set_defaults(run=changes.trim, about=subjects.failures, refuse=parser.error)


def _positive(text: str) -> int:
    if (number := _count_of(text)) == 0:
        raise ArgumentTypeError("expected a number > 0, got 0")
    return number


def _count_of(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):  # noqa: PLR2004  what any counter can hold
        raise ArgumentTypeError(f"expected a number, got {text!r}")
    return int(text)
