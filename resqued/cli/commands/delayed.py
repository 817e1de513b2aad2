"""`resquectl delayed list|run|remove`: jobs that wait for their time."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from itertools import islice

from resqued.cli import consent, subjects
from resqued.cli.commands import DONE, Commands
from resqued.cli.terminal import date, iso, say, say_each, say_json, say_json_list, table
from resqued.errors import InvalidPayload
from resqued.protocol import delayed
from resqued.store.delays import Delayed, Delays
from resqued.telling.jobs import arguments_in, class_in, decoded, queue_in, shown

MOST = 50  # that are listed unless more are asked for


def add_to(commands: Commands) -> None:
    group = commands.add_parser("delayed", help="list, run or remove jobs that wait for their time")
    actions = group.add_subparsers(metavar="ACTION", required=True)
    listed = _action(actions, "list", list_delayed, "list them, the first to come first")
    listed.add_argument("--count", type=int, default=MOST, metavar="N", help=f"so many at most; default {MOST}")
    _action(actions, "run", run, "put them onto their queues now")
    _action(actions, "remove", remove, "throw them away")


def _action(actions: Commands, name: str, run: object, help_: str) -> ArgumentParser:
    parser = actions.add_parser(name, help=help_, description=f"{help_.capitalize()}.")
    parser.add_argument("--class", dest="job", metavar="CLASS", help="only jobs of this class")
    parser.add_argument("--queue", metavar="QUEUE", help="only those for this queue")
    if name != "list":
        parser.add_argument("--all", action="store_true", help="all there are")
        parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.set_defaults(run=run, about=subjects.delays, refuse=parser.error)
    return parser


def list_delayed(delays: Delays, arguments: Namespace) -> int:
    found = islice(_chosen(delays, arguments), max(0, arguments.count))
    if arguments.json:
        say_json_list(map(_document, found))
    else:
        say_each(table(("TIME", "QUEUE", "CLASS", "ARGS"), map(_row, found)))
    return DONE


def _chosen(delays: Delays, arguments: Namespace) -> Iterator[Delayed]:
    for one in delays.each():
        job = decoded(one.item)
        name, queue = (job.name, job.document.get("queue")) if job else (None, None)
        if arguments.job in (None, name) and arguments.queue in (None, queue):
            yield one


def _row(one: Delayed) -> list[object]:
    return [date(one.at), queue_in(one.item) or "-", class_in(one.item), arguments_in(one.item)]


def _document(one: Delayed) -> dict[str, object]:
    job = decoded(one.item)
    return {
        "at": iso(one.at),
        "queue": queue_in(one.item) or None,
        "class": job.name if job else None,
        "args": list(job.args) if job else None,
        "text": shown(one.item),
    }


def run(delays: Delays, arguments: Namespace) -> int:
    return _each(delays, arguments, "run", "put onto their queues")


def remove(delays: Delays, arguments: Namespace) -> int:
    return _each(delays, arguments, "remove", "removed")


def _each(delays: Delays, arguments: Namespace, what: str, done: str) -> int:
    if arguments.all == bool(arguments.job or arguments.queue):
        arguments.refuse("say which: --class, --queue, or --all")
    chosen = list(dict.fromkeys(_chosen(delays, arguments)))
    if chosen and not consent.agreed(
        f"{what} these {len(chosen)} delayed jobs?", yes=arguments.yes, refuse=arguments.refuse
    ):
        return DONE
    count = sum(_run(delays, one) if what == "run" else delays.drop(one) for one in chosen)
    if arguments.json:
        say_json({"jobs": count})
    else:
        say(f"{count} delayed job{'' if count == 1 else 's'} {done}")
    return DONE


def _run(delays: Delays, one: Delayed) -> int:
    try:
        return delays.run(one, delayed.due(one.item))
    except InvalidPayload:  # a scheduler sets it aside when its time comes
        return 0
