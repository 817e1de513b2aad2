"""`resquectl locks`: whose the locks are of jobs of which there may be one only, and letting go of one."""

from argparse import Namespace
from collections.abc import Sequence

from resqued.cli import subjects
from resqued.cli.commands import DONE, PROBLEM, Commands
from resqued.cli.subjects import Fleet
from resqued.cli.terminal import Stale, complain, date, iso, say, say_each, say_json, say_json_list, span, table
from resqued.store.locks import Lock

SHOWN_OF_ID = 12  # digits; 4 or more will do where they mean one lock only
FEWEST = 4


def add_to(commands: Commands) -> None:
    locks = commands.add_parser(
        "locks",
        help="list the locks of jobs of which there may be one only, or let go of some",
        description="Jobs of which there may be one only (`unique` of their class) have a lock.",
    )
    what = locks.add_subparsers(metavar="WHAT", required=True)
    every = what.add_parser(
        "list",
        help="list them: what each is about, since when, and where its job is",
        description="List the locks. AT is the queue or the worker that has the job, WAITING counts jobs that wait for "
        "it, LIVES is how long the lock lives if nothing happens; that of a running job lives as long as its worker.",
    )
    every.set_defaults(run=list_locks, about=subjects.fleet)
    release = what.add_parser(
        "release",
        help="let go of locks",
        description="Let go of locks; one of the jobs that wait for each comes back to its queue. A lock whose job a "
        "worker performs at this moment is refused.",
    )
    release.add_argument("ids", metavar="ID", nargs="+", help="as `locks list` shows them; 4 or more digits")
    release.add_argument(
        "--although-performed", action="store_true", help="also if a worker performs its job: another may run beside it"
    )
    release.set_defaults(run=release_locks, about=subjects.fleet)


def list_locks(fleet: Fleet, arguments: Namespace) -> int:
    found = fleet.locks.all()
    if arguments.json:
        say_json_list(map(document, found))
        return DONE
    heading = ["ID", "JOB", "WHILE", "SINCE", "AT", "WAITING", "LIVES"]
    say_each(table(heading, map(_row, found)))
    return DONE


def _row(lock: Lock) -> list[object]:
    waiting = Stale(str(lock.waiting)) if lock.waiting else 0
    lives = "-" if lock.lives is None else span(lock.lives)
    return [lock.digest[:SHOWN_OF_ID], lock.shown, lock.scope, date(lock.since), place(lock), waiting, lives]


def place(lock: Lock) -> str:
    return lock.worker or lock.queue


def document(lock: Lock) -> dict[str, object]:
    """For programs: docs/unique.md."""
    return {
        "id": lock.digest[:SHOWN_OF_ID],
        "job": lock.shown,
        "while": lock.scope,
        "since": iso(lock.since),
        "queue": lock.queue or None,
        "worker": lock.worker or None,
        "waiting": lock.waiting,
        "lives": lock.lives,
    }


def release_locks(fleet: Fleet, arguments: Namespace) -> int:
    there, released, problems = fleet.locks.all(), list[str](), list[str]()
    for wanted in arguments.ids:
        lock = meant(wanted, there)
        why = lock if isinstance(lock, str) else _release(fleet, lock, although_performed=arguments.although_performed)
        if why:
            problems.append(why)
        else:
            released.append(wanted)
    if arguments.json:
        say_json({"released": released, "refused": problems})
    else:
        say(f"released {len(released)} {'lock' if len(released) == 1 else 'locks'}")
        complain("resquectl", *problems)
    return PROBLEM if problems else DONE


def meant(wanted: str, there: Sequence[Lock]) -> Lock | str:
    """The one lock that begins so, or why there is not one."""
    found = [lock for lock in there if len(wanted) >= FEWEST and lock.digest.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    return f"{wanted}: there is no such lock" if not found else f"{wanted}: there are {len(found)} locks that begin so"


def _release(fleet: Fleet, lock: Lock, *, although_performed: bool) -> str:
    """Why it was not released; empty if it was."""
    what = fleet.locks.release(lock.digest, although_performed=although_performed)
    if what < 0:
        return f"{lock.shown}: {place(lock)} performs it; --although-performed lets another run beside it"
    return "" if what else f"{lock.shown}: it is gone"
