"""`resquectl info`."""

from argparse import Namespace
from dataclasses import asdict

from resqued.cli import subjects
from resqued.cli.commands import DONE, Commands
from resqued.cli.terminal import say, say_json
from resqued.client import Client


def add_to(commands: Commands) -> None:
    info = commands.add_parser("info", help="count queues, jobs, workers and failures")
    info.set_defaults(run=show_info, about=subjects.queues)


def show_info(resque: Client, arguments: Namespace) -> int:
    facts = asdict(resque.info())
    if arguments.json:
        say_json(facts)
    else:
        facts["paused"] = "yes: resquectl queue resume --all" if facts["paused"] else "no"
        facts["servers"] = ", ".join(facts["servers"])
        say(*(f"{name:10}{fact}" for name, fact in facts.items()))
    return DONE
