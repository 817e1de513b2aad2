"""`resquectl schedule list|next|run|disable|enable`: jobs that come again and again."""

from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

from resqued.cli import subjects
from resqued.cli.commands import DONE, PROBLEM, Commands
from resqued.cli.subjects import Schedules
from resqued.cli.terminal import Stale, complain, date, iso, say, say_each, say_json, say_json_list, span, table
from resqued.recurring import Recurring, Unusable
from resqued.telling import schedules as telling
from resqued.telling.jobs import arguments_in, class_in, decoded

HEADING = "SCHEDULE", "FROM", "WHEN", "LAST", "NEXT", "QUEUE", "CLASS", "ARGS"


def add_to(commands: Commands) -> None:
    group = commands.add_parser("schedule", help="show jobs that come again and again; run, disable or enable one")
    actions = group.add_subparsers(metavar="ACTION", required=True)
    for name, run, help_ in (
        ("list", list_schedules, "list those of the configuration (-c), and those kept in Redis"),
        ("next", show_next, "show when one comes next"),
        ("run", run_one, "enqueue the job of one now, beside its times"),
        ("disable", disable, "let one enqueue nothing any more, on no host"),
        ("enable", enable, "end that"),
    ):
        parser = actions.add_parser(name, help=help_, description=f"{help_.capitalize()}.")
        if name != "list":
            parser.add_argument("name", metavar="SCHEDULE")
        if name == "next":
            parser.add_argument("--count", type=int, default=5, metavar="N", help="so many times; default 5")
        parser.set_defaults(run=run, about=subjects.schedules)


def list_schedules(schedules: Schedules, arguments: Namespace) -> int:
    found = telling.found(schedules.agenda, schedules.file)
    usable = [one for one in found if isinstance(one, Recurring)]
    last = dict(zip((one.field for one in usable), schedules.agenda.ticks(usable), strict=True))
    disabled, now = schedules.agenda.disabled(), int(schedules.census.now().timestamp())
    if arguments.json:
        say_json_list(_document(one, last, disabled, now) for one in found)
    else:
        say_each(table(HEADING, (_row(one, last, disabled, now) for one in usable)))
        say(*(f"{one.name} cannot be used: {one.why}" for one in found if isinstance(one, Unusable)))
    return DONE


Ticks = dict[str, int | None]


def _row(one: Recurring, last: Ticks, disabled: set[str], now: int) -> list[object]:
    tick, following = last[one.field], one.rhythm.after(now)
    ago = "-" if tick is None else f"{span(now - tick)} ago"
    until = "-" if following is None else f"in {span(following - now)}"
    job = one.payload.encode()
    return [
        one.name,
        "Redis" if one.is_persistent else "file",
        one.said,
        ago,
        Stale("disabled") if one.name in disabled else until,
        one.queue,
        class_in(job),
        arguments_in(job),
    ]


def _document(one: Recurring | Unusable, last: Ticks, disabled: set[str], now: int) -> dict[str, object]:
    if isinstance(one, Unusable):
        return {"schedule": one.name, "unusable": one.why}
    job = decoded(one.payload.encode())
    assert job
    return {
        "schedule": one.name,
        "when": one.said,
        "last": iso(_moment(last[one.field])),
        "next": iso(_moment(one.rhythm.after(now))),
        "queue": one.queue,
        "class": job.name,
        "args": list(job.args),
        "missed": one.missed.value,
        "disabled": one.name in disabled,
        "in_redis": one.is_persistent,
        "description": one.description,
    }


def _moment(epoch: int | None) -> datetime | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC)


def show_next(schedules: Schedules, arguments: Namespace) -> int:
    if (one := _named(schedules, arguments.name)) is None:
        return PROBLEM
    times = list(islice(_times(one, int(schedules.census.now().timestamp())), max(0, arguments.count)))
    if arguments.json:
        say_json([iso(_moment(time)) for time in times])
    else:
        say(*(date(_moment(time)) for time in times))
    return DONE


def _times(one: Recurring, after: int) -> Iterator[int]:
    tick = one.rhythm.after(after)
    while tick is not None:
        yield tick
        tick = one.rhythm.after(tick)


def run_one(schedules: Schedules, arguments: Namespace) -> int:
    if (one := _named(schedules, arguments.name)) is None:
        return PROBLEM
    schedules.agenda.run(one)
    return _say(arguments, f"enqueued the job of {one.name} on {one.queue}", {"schedule": one.name, "queue": one.queue})


def disable(schedules: Schedules, arguments: Namespace) -> int:
    if _named(schedules, arguments.name) is None:
        return PROBLEM
    is_new = schedules.agenda.disable(arguments.name)
    text = f"disabled {arguments.name}" if is_new else f"{arguments.name} was disabled already"
    return _say(arguments, text, {"schedule": arguments.name, "changed": is_new})


def enable(schedules: Schedules, arguments: Namespace) -> int:
    """One that is gone may be enabled, too: it would be disabled when it comes again."""
    was = schedules.agenda.enable(arguments.name)
    text = f"enabled {arguments.name}" if was else f"{arguments.name} was not disabled"
    return _say(arguments, text, {"schedule": arguments.name, "changed": was})


def _say(arguments: Namespace, text: str, document: dict[str, object]) -> int:
    if arguments.json:
        say_json(document)
    else:
        say(text)
    return DONE


def _named(schedules: Schedules, name: str) -> Recurring | None:
    match telling.named(telling.found(schedules.agenda, schedules.file), name):
        case Recurring() as one:
            return one
        case Unusable(why=why):
            complain("resquectl", f"schedule {name!r} cannot be used: {why}")
        case _:
            where = "" if schedules.file else "; say -c FILE for those of a configuration"
            complain("resquectl", f"there is no schedule {name!r}{where}")
    return None
