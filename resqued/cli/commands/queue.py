"""`resquectl queue show|pause|resume`: one queue, for the whole fleet."""

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from resqued.cli import subjects
from resqued.cli.commands import DONE, PROBLEM, Commands
from resqued.cli.subjects import Fleet
from resqued.cli.terminal import ago, complain, date, iso, say, say_each, say_json, table
from resqued.cli.workerlines import ALL_PAUSED, HEADING, row
from resqued.protocol import records
from resqued.protocol.records import WorkerView
from resqued.store.replies import name_of
from resqued.store.stock import Queue
from resqued.telling.jobs import class_in
from resqued.telling.listeners import serves

LOOKED_INTO, AT_ONCE = 1000, 100  # jobs, for their classes


def add_to(commands: Commands) -> None:
    queue = commands.add_parser("queue", help="show one queue; pause or resume queues for the whole fleet")
    actions = queue.add_subparsers(metavar="ACTION", required=True)
    show = actions.add_parser("show", help="what waits on a queue, and for whom")
    show.add_argument("queue", metavar="QUEUE")
    show.set_defaults(run=show_queue, about=subjects.fleet)
    for action, run, help_ in (
        ("pause", pause, "let no worker of the fleet take jobs from these queues; jobs under way go on"),
        ("resume", resume, "end a pause"),
    ):
        parser = actions.add_parser(action, help=help_, description=f"{help_.capitalize()}.")
        _add_queues(parser)
        parser.set_defaults(run=run, about=subjects.fleet, refuse=parser.error)


def _add_queues(parser: ArgumentParser) -> None:
    parser.add_argument("queues", metavar="QUEUE", nargs="*")
    parser.add_argument(
        "--all",
        action="store_true",
        help="all workers of all queues, those of other implementations too, by Resque's own key",
    )


# --- show ---


@dataclass(frozen=True, slots=True)
class Shown:
    queue: Queue
    newest: datetime | None
    classes: Counter[str]  # of the first jobs
    workers: int  # that serve it
    at_work: Iterator[WorkerView]  # those that perform a job of it
    now: datetime


def show_queue(fleet: Fleet, arguments: Namespace) -> int:
    name = arguments.queue
    workers = _serving(fleet, name)
    if not workers and name not in fleet.stock.names():
        complain("resquectl", f"there is no queue {name!r}, nor a worker that serves one of that name")
        return PROBLEM
    shown = _shown(fleet, name, workers)
    if arguments.json:
        say_json(_document(shown))
    else:
        say_each(_text(shown))
    return DONE


def _shown(fleet: Fleet, name: str, workers: Sequence[bytes]) -> Shown:
    (queue,) = fleet.stock.look([name])
    last = fleet.stock.peek(name, -1, 1) if queue.size else []
    return Shown(
        queue,
        newest=records.enqueued(last[0][1]) if last else None,
        classes=Counter(_classes(fleet, name) if queue.size else ()),
        workers=len(workers),
        at_work=(view for view in fleet.census.views(workers) if view.working and view.working.queue == name),
        now=fleet.census.now(),
    )


def _classes(fleet: Fleet, name: str) -> Iterator[str]:
    """In portions: each job may be large."""
    for start in range(0, LOOKED_INTO, AT_ONCE):
        yield from (class_in(raw) for _, raw in fleet.stock.peek(name, start, AT_ONCE))


def _serving(fleet: Fleet, queue: str) -> list[bytes]:
    """The ids of the workers that serve it."""
    return [worker for worker in fleet.census.ids() if serves(records.parts(name_of(worker))[2], queue)]


def _text(shown: Shown) -> Iterator[str]:
    queue, now = shown.queue, shown.now
    yield f"queue     {queue.name}"
    yield f"jobs      {'? (its key is no list)' if queue.size is None else queue.size}"
    yield f"oldest    {_age(queue.oldest, now)}"
    yield f"newest    {_age(shown.newest, now)}"
    yield f"paused    {_pause(queue, now)}"
    yield f"workers   {shown.workers or 'none: nobody listens'}"
    if shown.classes:
        yield ""
        yield from table((_classes_heading(shown), "JOBS"), shown.classes.most_common())
    for first in shown.at_work:  # without anybody there is no table
        yield ""
        yield from table(HEADING, (row(view, now) for view in chain([first], shown.at_work)))


def _age(moment: datetime | None, now: datetime) -> str:
    return f"{ago(moment, now)} ({date(moment)})" if moment else "-"


def _pause(queue: Queue, now: datetime) -> str:
    return f"since {_age(queue.paused_since, now)}" if queue.paused else "no"


def _classes_heading(shown: Shown) -> str:
    looked_into = shown.classes.total()
    return "CLASS" if looked_into == shown.queue.size else f"CLASS (of the first {looked_into})"


def _document(shown: Shown) -> dict[str, object]:
    """For programs: docs/fleet.md."""
    queue = shown.queue
    return {
        "queue": queue.name,
        "size": queue.size,
        "oldest": iso(queue.oldest),
        "newest": iso(shown.newest),
        "paused": queue.paused,
        "paused_since": iso(queue.paused_since),
        "workers": shown.workers,
        "classes": dict(shown.classes.most_common()),
        "at_work": [
            {"worker": view.id, "name": view.working.name, "since": iso(view.working.since)}
            for view in shown.at_work
            if view.working
        ],
    }


# --- pause and resume ---


def pause(fleet: Fleet, arguments: Namespace) -> int:
    _check_choice(arguments)
    if arguments.all:
        fleet.stock.pause_all()
        return _say_all(arguments, "all workers are paused, those of other implementations too", paused=True)
    known = fleet.stock.names()
    paused = fleet.stock.pause(arguments.queues)
    if arguments.json:
        say_json({"paused": arguments.queues, "changed": paused})
        return DONE
    for queue in dict.fromkeys(arguments.queues):
        say(f"paused {queue}" if queue in paused else f"{queue} was paused already")
        say(*_doubts(fleet, queue, is_known=queue in known))
    return DONE


def _doubts(fleet: Fleet, queue: str, *, is_known: bool) -> Iterator[str]:
    """Why the pause may not do what it should."""
    serving = _serving(fleet, queue)
    foreign = sum(view.registration is None for view in fleet.census.views(serving))
    if foreign:
        yield f"  workers of other implementations know no such pause; of those that serve it: {foreign}"
    if not serving and not is_known:
        yield "  nobody has pushed to it, and nobody serves it: is that its name?"


def resume(fleet: Fleet, arguments: Namespace) -> int:
    _check_choice(arguments)
    if arguments.all:
        fleet.stock.resume_all()
        return _say_all(arguments, "all workers go on, but for those and the queues that are paused by themselves")
    resumed = fleet.stock.resume(arguments.queues)
    if arguments.json:
        say_json({"paused": [], "changed": resumed})
        return DONE
    say(*(f"resumed {q}" if q in resumed else f"{q} was not paused" for q in dict.fromkeys(arguments.queues)))
    if fleet.stock.all_paused():
        say(ALL_PAUSED)
    return DONE


def _check_choice(arguments: Namespace) -> None:
    if bool(arguments.queues) == arguments.all:
        arguments.refuse("name queues, or say --all")


def _say_all(arguments: Namespace, text: str, *, paused: bool = False) -> int:
    if arguments.json:
        say_json({"all_paused": paused})
    else:
        say(text)
    return DONE
