"""`resquectl workers`."""

from argparse import Namespace
from collections.abc import Iterator
from datetime import datetime

from resqued.cli import subjects
from resqued.cli.commands import DONE, Commands
from resqued.cli.subjects import Fleet
from resqued.cli.terminal import say, say_each, say_json_list, table
from resqued.cli.workerlines import ALL_PAUSED, HEADING, document, row
from resqued.protocol import records
from resqued.protocol.records import WorkerView
from resqued.queues import matches
from resqued.store.replies import name_of
from resqued.telling.listeners import serves
from resqued.telling.workers import is_stale


def add_to(commands: Commands) -> None:
    workers = commands.add_parser(
        "workers",
        help="list the workers of all hosts, and what they are working on",
        description="List the workers of all hosts and of every implementation; POOL and VERSION are resqued's. "
        "A heartbeat is stale when no worker that lives would have let it become so old.",
    )
    workers.add_argument("--host", metavar="PATTERN", help="only those of a host: web1, 'web*', …")
    workers.add_argument("--queue", metavar="QUEUE", help="only those that serve this queue")
    workers.add_argument("--pool", metavar="POOL", help="only resqued's of this pool")
    workers.add_argument("--busy", action="store_true", help="only those that perform a job")
    workers.add_argument("--stale", action="store_true", help="only those whose heartbeat is stale")
    workers.set_defaults(run=list_workers, about=subjects.fleet)


def list_workers(fleet: Fleet, arguments: Namespace) -> int:
    now = fleet.census.now()
    found = _chosen(fleet, arguments, now)
    if arguments.json:
        say_json_list(document(view, now) for view in found)
        return DONE
    if fleet.stock.all_paused():
        say(ALL_PAUSED)
    say_each(table(HEADING, (row(view, now) for view in found)))
    return DONE


def _chosen(fleet: Fleet, wanted: Namespace, now: datetime) -> Iterator[WorkerView]:
    ids = [worker for worker in fleet.census.ids() if _is_named(worker, wanted)]
    return (view for view in fleet.census.views(ids) if _is_so(view, wanted, now))


def _is_named(worker: bytes, wanted: Namespace) -> bool:
    """By its id alone: of the others nothing needs to be asked."""
    host, _, queues = records.parts(name_of(worker))
    return (wanted.host is None or matches(wanted.host, host)) and (
        wanted.queue is None or serves(queues, wanted.queue)
    )


def _is_so(view: WorkerView, wanted: Namespace, now: datetime) -> bool:
    pool = view.registration.pool if view.registration else None
    return (
        (wanted.pool is None or pool == wanted.pool)
        and (view.working is not None or not wanted.busy)
        and (is_stale(view, now) or not wanted.stale)
    )
