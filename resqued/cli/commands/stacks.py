"""`resquectl stacks`: where the processes of this machine are at this moment. It asks no Redis."""

from argparse import Namespace
from collections.abc import Iterator

from resqued.cli import subjects
from resqued.cli.collecting import Asked, Stacks, collect, everybody
from resqued.cli.commands import DONE, PROBLEM, Commands
from resqued.cli.machine import Machine
from resqued.cli.terminal import say, say_json
from resqued.errors import NotRunning


def add_to(commands: Commands) -> None:
    stacks = commands.add_parser(
        "stacks",
        help="show the Python stacks of the master, its workers and their jobs on this machine",
        description="Show the Python stacks of the processes on this machine: of the master, its workers and their "
        "jobs, or of one worker and its job. That works however stuck they are, and harms none. Exit status 1: a "
        "process has shown none.",
    )
    stacks.add_argument("worker", metavar="WORKER", nargs="?", help="mail.0, or a process; default: all")
    stacks.set_defaults(run=show_stacks, about=subjects.machine)


def show_stacks(machine: Machine, arguments: Namespace) -> int:
    master = machine.master()
    asked = [one for one in everybody(master) if arguments.worker in (None, one.worker, str(one.pid))]
    if not asked:
        raise NotRunning(f"there is no worker {arguments.worker!r} here, and no process {arguments.worker!r}")
    found = []
    for shown in collect(master, asked):
        if not arguments.json:
            say(*_text(shown), "")
        found.append(shown)
    if arguments.json:
        say_json([document(shown) for shown in found])
    return PROBLEM if any(shown.problem for shown in found) else DONE


def _text(shown: Stacks) -> Iterator[str]:
    yield _title(shown.of)
    yield from (f"  {line}" for line in shown.lines)
    if shown.problem:
        yield f"  no stacks: {shown.problem}"


def _title(of: Asked) -> str:
    match of.kind:
        case "job":
            return f"job {of.job or '(none at the moment)'} of {of.worker}, process {of.pid}"
        case "worker":
            return f"worker {of.worker}, process {of.pid}"
        case _:
            return f"master, process {of.pid}"


def document(shown: Stacks) -> dict[str, object]:
    of = shown.of
    return {
        "process": of.kind,
        "pid": of.pid,
        "worker": of.worker,
        "job": of.job,
        "stacks": shown.lines,
        "problem": shown.problem,
    }
