"""`resquectl info`, `resquectl workers`."""

from argparse import Namespace
from dataclasses import asdict
from datetime import datetime

from resqued.cli import subjects
from resqued.cli.commands import DONE, Commands
from resqued.cli.terminal import date, say, say_each, say_json, table
from resqued.client import Client
from resqued.protocol.records import WorkerView, Working


def add_to(commands: Commands) -> None:
    info = commands.add_parser("info", help="count queues, jobs, workers and failures")
    info.set_defaults(run=show_info, about=subjects.queues)
    workers = commands.add_parser("workers", help="list the workers, and what they are working on")
    workers.set_defaults(run=list_workers, about=subjects.queues)


def show_info(resque: Client, arguments: Namespace) -> int:
    facts = asdict(resque.info())
    if arguments.json:
        say_json(facts)
    else:
        facts["servers"] = ", ".join(facts["servers"])
        say(*(f"{name:10}{fact}" for name, fact in facts.items()))
    return DONE


def list_workers(resque: Client, arguments: Namespace) -> int:
    workers = resque.workers()
    if arguments.json:
        say_json([_document(worker) for worker in workers])
    else:
        heading = "WORKER", "STARTED", "HEARTBEAT", "WORKING ON"
        rows = [(w.id, date(w.started), date(w.heartbeat), _doing(w.working)) for w in workers]
        say_each(table(heading, rows))
    return DONE


def _doing(working: Working | None) -> str:
    if working is None:
        return "-"
    return f"{working.name or '?'} of {working.queue or '?'} since {date(working.since)}"


def _document(worker: WorkerView) -> dict[str, object]:
    """All of it, dates in ISO 8601; `working` is null for an idle worker."""
    document = asdict(worker)
    for facts in filter(None, (document, document["working"])):
        facts |= {name: fact.isoformat() for name, fact in facts.items() if isinstance(fact, datetime)}
    return document
