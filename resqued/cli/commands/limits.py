"""`resquectl limits`: jobs of which only so many may run at a time."""

from argparse import Namespace

from resqued.cli import subjects
from resqued.cli.commands import DONE, PROBLEM, Commands
from resqued.cli.terminal import complain, say, say_each, say_json, say_json_list, table
from resqued.store.turns import LimitInUse, Turns


def add_to(commands: Commands) -> None:
    limits = commands.add_parser("limits", help="look at jobs of which only so many may run at a time")
    actions = limits.add_subparsers(metavar="ACTION", required=True)
    shown = actions.add_parser(
        "list",
        help="limits under which jobs run or wait",
        description="List the limits under which jobs run or wait: how many RUN of how many that MAY, how many are "
        "CALLED, which means on their queues again because it is their turn, and how many wait ASIDE.",
    )
    shown.set_defaults(run=list_limits, about=subjects.turns)
    release = actions.add_parser(
        "release",
        help="put all jobs that wait under a limit back on their queues",
        description="Put all jobs that wait aside under a limit at the ends of their queues, in their order, where "
        "they ask again: for a limit that the application does not state any more.",
    )
    release.add_argument("limit", metavar="LIMIT", help="as `resquectl limits list` shows it")
    release.set_defaults(run=release_limit, about=subjects.turns)


def list_limits(turns: Turns, arguments: Namespace) -> int:
    found = turns.in_use()
    if arguments.json:
        say_json_list(document(limit) for limit in found)
    else:
        say_each(table(["LIMIT", "MAY", "RUN", "CALLED", "ASIDE"], map(_row, found)))
    return DONE


def _row(limit: LimitInUse) -> list[object]:
    return [limit.name, limit.most, limit.running, limit.called, limit.aside]


def document(limit: LimitInUse) -> dict[str, object]:
    """For programs: docs/limits.md."""
    return {
        "limit": limit.name,
        "may": limit.most,
        "running": limit.running,
        "called": limit.called,
        "aside": limit.aside,
    }


def release_limit(turns: Turns, arguments: Namespace) -> int:
    moved = turns.release(arguments.limit)
    if arguments.json:
        say_json({"limit": arguments.limit, "released": moved})
    elif moved:
        say(f"put {moved} {'job' if moved == 1 else 'jobs'} back")
    else:
        complain("resquectl", f"no job waits under {arguments.limit}; `resquectl limits list` shows where some do")
    return DONE if moved else PROBLEM
