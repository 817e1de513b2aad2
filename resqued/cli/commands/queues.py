"""`resquectl queues`, `resquectl enqueue`."""

import json
import sys
from argparse import Namespace

from resqued.cli import subjects
from resqued.cli.commands import DONE, Commands
from resqued.cli.terminal import say, say_each, say_json, table
from resqued.client import Client
from resqued.errors import ResquedError

FROM_INPUT = ["-"]


def add_to(commands: Commands) -> None:
    queues = commands.add_parser("queues", help="list the queues and how many jobs wait on them")
    queues.set_defaults(run=list_queues, about=subjects.queues)

    enqueue = commands.add_parser(
        "enqueue",
        help="put a job on a queue",
        description="Put a job on a queue. An argument that is JSON is passed as what it means, anything else as text.",
    )
    enqueue.add_argument("queue", metavar="QUEUE")
    enqueue.add_argument("name", metavar="CLASS", help="what the workers of the queue call the job")
    enqueue.add_argument(
        "args",
        metavar="ARG",
        nargs="*",
        help="an argument of the job; a single - reads standard input instead, where each line is a job: a JSON array "
        "is its arguments, anything else its only argument",
    )
    enqueue.set_defaults(run=enqueue_jobs, about=subjects.queues)


def list_queues(resque: Client, arguments: Namespace) -> int:
    sizes = resque.queue_sizes()
    if arguments.json:
        say_json([{"queue": queue, "size": size} for queue, size in sizes.items()])
    else:
        say_each(table(("QUEUE", "JOBS"), sizes.items()))
    return DONE


def enqueue_jobs(resque: Client, arguments: Namespace) -> int:
    queue, name, args = arguments.queue, arguments.name, arguments.args
    if args == FROM_INPUT:
        count = _enqueue_lines(resque, queue, name)
    else:
        resque.enqueue_to(queue, name, *map(meant, args))
        count = 1
    if arguments.json:
        say_json({"queue": queue, "enqueued": count})
    else:
        say(f"enqueued {count} {'job' if count == 1 else 'jobs'} on {queue}")
    return DONE


def _enqueue_lines(resque: Client, queue: str, name: str) -> int:
    """A job for each line of the standard input; how many there were."""
    count = 0
    for count, line in enumerate(sys.stdin, 1):
        found = meant(line.rstrip("\n"))
        try:
            resque.enqueue_to(queue, name, *(found if isinstance(found, list) else [found]))
        except ResquedError as error:
            error.add_note(f"that was line {count}; the lines before it are enqueued")
            raise
    return count


def meant(text: str) -> object:
    """What `text` says in JSON, else the text itself."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")
