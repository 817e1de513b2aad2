"""`resquectl peek|move|clear`: the jobs on a queue."""

from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator

from resqued.cli import consent, subjects
from resqued.cli.commands import DONE, PROBLEM, Commands
from resqued.cli.subjects import Fleet
from resqued.cli.terminal import ago, complain, say, say_each, say_json, say_json_list, table
from resqued.protocol import payloads, records
from resqued.telling.jobs import arguments_in, class_in, document

FIRST = 20  # jobs that are shown unless told otherwise
AT_ONCE = 100


def add_to(commands: Commands) -> None:
    peek = commands.add_parser("peek", help="show jobs on a queue, and leave them there")
    peek.add_argument("queue", metavar="QUEUE")
    peek.add_argument(
        "--start",
        type=int,
        default=0,
        metavar="N",
        help="position of the first; 0: the head, -5: the fifth from the end",
    )
    peek.add_argument("--count", type=_count, default=FIRST, metavar="N", help="how many; default: %(default)s")
    peek.set_defaults(run=show_jobs, about=subjects.fleet)

    move = commands.add_parser(
        "move",
        help="move jobs from one queue to the end of another",
        description="Move jobs from the head of FROM to the end of TO, in their order: all that are there now, or N. "
        "Every job is on one of the two at any instant; what is interrupted may be repeated.",
    )
    move.add_argument("from_", metavar="FROM")
    move.add_argument("to", metavar="TO")
    move.add_argument("--count", type=_count, metavar="N", help="how many at most; default: all")
    move.set_defaults(run=move_jobs, about=subjects.fleet, refuse=move.error)

    clear = commands.add_parser("clear", help="throw away every job on a queue")
    clear.add_argument("queue", metavar="QUEUE")
    clear.add_argument("--yes", action="store_true", help="do not ask")
    clear.add_argument("--forget", action="store_true", help="the queue itself, too: it is listed no longer")
    clear.set_defaults(run=clear_queue, about=subjects.fleet, refuse=clear.error)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError(f"expected an int ≥ 0, got {text!r}")
    return int(text)


def show_jobs(fleet: Fleet, arguments: Namespace) -> int:
    found = _jobs(fleet, arguments)
    if arguments.json:
        say_json_list(document(position, raw) for position, raw in found)
        return DONE
    now = fleet.census.now()
    rows = ((at, class_in(raw), arguments_in(raw), ago(records.enqueued(raw), now)) for at, raw in found)
    say_each(table(("JOB", "CLASS", "ARGUMENTS", "AGE"), rows))
    return DONE


def _jobs(fleet: Fleet, arguments: Namespace) -> Iterator[tuple[int, bytes]]:
    """In portions. Jobs that are taken meanwhile shift those behind them."""
    start, left = arguments.start, arguments.count
    while found := fleet.stock.peek(arguments.queue, start, min(left, AT_ONCE)):
        yield from found
        start, left = found[-1][0] + 1, left - len(found)


def move_jobs(fleet: Fleet, arguments: Namespace) -> int:
    from_, to = arguments.from_, payloads.check_queue_name(arguments.to)
    if from_ == to:
        arguments.refuse("FROM and TO are the same queue")
    moved, size = 0, fleet.stock.size(from_)
    try:
        for portion in fleet.stock.transfer(from_, to, size if arguments.count is None else min(size, arguments.count)):
            moved += portion
    except BaseException as error:
        error.add_note(f"{_jobs_are(moved)} moved by then; what was under way may have been, too")
        raise
    if arguments.json:
        say_json({"from": from_, "to": to, "moved": moved})
    else:
        say(f"moved {_number(moved)} from {from_} to {to}")
    return DONE


def clear_queue(fleet: Fleet, arguments: Namespace) -> int:
    queue = arguments.queue
    (seen,) = fleet.stock.look([queue])
    question = f"Throw away {_number(seen.size or 0)} on {queue}?"
    if not consent.agreed(question, yes=arguments.yes, refuse=arguments.refuse):
        complain("resquectl", "nothing was thrown away")
        return PROBLEM
    gone = fleet.stock.forget(queue) if arguments.forget else fleet.stock.clear(queue)
    if arguments.json:
        say_json({"queue": queue, "removed": gone})
    else:
        say(f"threw away {_number(gone)} on {queue}")
    return DONE


def _number(jobs: int) -> str:
    return f"{jobs} {'job' if jobs == 1 else 'jobs'}"


def _jobs_are(jobs: int) -> str:
    return f"{_number(jobs)} {'was' if jobs == 1 else 'were'}"
