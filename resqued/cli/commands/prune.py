"""`resquectl prune`: settle what dead workers left, now."""

import socket
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass

from resqued import whereabouts
from resqued.cli import consent, inquest, subjects
from resqued.cli.commands import DONE, PROBLEM, Commands
from resqued.cli.inquest import Fate, Finding, Inquest
from resqued.cli.subjects import Fleet
from resqued.cli.terminal import Problem, Stale, complain, say, say_each, say_json, table
from resqued.errors import NotPruned
from resqued.store.pruning import Dead, Pruned

PAUSE = 10.0  # s between two looks
RESULTS = {
    Pruned.NONE: "struck off; it had no job",
    Pruned.DONE: "struck off; its job had ended well",
    Pruned.FAILED: "struck off; its job failed",
    Pruned.REQUEUED: "struck off; its job is back on its queue",
    Pruned.RECORDED: "struck off; a peer had failed its job",
    Pruned.CHANGED: "left: it has changed since",
}


@dataclass(frozen=True, slots=True)
class Settled:
    finding: Finding
    result: Pruned | None  # None: it was left alone
    why_not: str = ""


def add_to(commands: Commands) -> None:
    prune = commands.add_parser(
        "prune",
        help="settle the jobs of dead workers, and strike them off",
        description="Settle the jobs of dead workers of resqued, and strike them off, as other workers do within "
        "minutes. Workers of other implementations only if they are named; their jobs fail, as in Ruby. "
        "No worker that lives is ever touched.",
    )
    prune.add_argument("workers", metavar="WORKER", nargs="*", help="only these, by their ids; they may be anybody's")
    prune.add_argument("--dry-run", action="store_true", help="only say what would be done")
    prune.add_argument("--wait", action="store_true", help="until it is known of each whether it is dead: two minutes")
    prune.add_argument(
        "--yes", action="store_true", help="those that are named and of which nothing tells whether they live are dead"
    )
    prune.set_defaults(run=prune_workers, about=subjects.fleet, refuse=prune.error)


def prune_workers(fleet: Fleet, arguments: Namespace) -> int:
    if arguments.yes and not arguments.workers:
        arguments.refuse("--yes is for workers that are named")
    findings = _findings(fleet, arguments)
    settled = [Settled(one, None) for one in findings] if arguments.dry_run else _settle(fleet, findings, arguments)
    if arguments.json:
        say_json([_document(one) for one in settled])
    else:
        _say(settled, arguments)
    left = [one for one in settled if one.result in (None, Pruned.CHANGED)]
    return PROBLEM if left and not arguments.dry_run else DONE


def _findings(fleet: Fleet, arguments: Namespace) -> list[Finding]:
    """Those that are named; else all that do not live."""
    look = Inquest(fleet, whereabouts.whereabouts())
    while True:
        findings = look.named(arguments.workers) if arguments.workers else look.all_of_ours()
        unsure = [one for one in findings if one.fate is Fate.UNSURE]
        if not (arguments.wait and unsure):
            break
        complain("resquectl", f"waiting: {unsure[0].id}: {unsure[0].why}")
        time.sleep(PAUSE)
    return [one for one in findings if arguments.workers or one.fate is not Fate.LIVES]


def _settle(fleet: Fleet, findings: Sequence[Finding], arguments: Namespace) -> list[Settled]:
    """Under Resque's own lock, so that of all who prune one does."""
    dead = [one for one in findings if one.fate is Fate.DEAD or _is_sure(one, arguments)]
    pruner = f"resquectl@{socket.gethostname()}"
    if dead and not fleet.pruning.lock(pruner):
        raise NotPruned("somebody else is pruning at this moment; try again in a minute")
    try:
        return [_settled(fleet, one) if one in dead else Settled(one, None) for one in findings]
    finally:
        if dead:
            fleet.pruning.release(pruner)


def _is_sure(one: Finding, arguments: Namespace) -> bool:
    """Whether the operator knows what nothing tells."""
    if one.fate is not Fate.UNKNOWN or not arguments.workers or not (arguments.yes or sys.stdin.isatty()):
        return False
    question = f"{one.id}: {one.why}. Is it dead, for sure?"
    return consent.agreed(question, yes=arguments.yes, refuse=arguments.refuse)


def _settled(fleet: Fleet, one: Finding) -> Settled:
    try:
        return Settled(one, inquest.settle(fleet, one.worker))
    except NotPruned as error:
        return Settled(one, None, str(error))


def _say(settled: Sequence[Settled], arguments: Namespace) -> None:
    if settled:
        rows = ((one.finding.id, _marked(one.finding), one.finding.why, _result(one, arguments)) for one in settled)
        say_each(table(("WORKER", "IS", "BECAUSE", "RESULT"), rows))
    else:
        say("no worker is dead")


def _marked(finding: Finding) -> str:
    match finding.fate:
        case Fate.DEAD:
            return Problem(finding.fate)
        case Fate.LIVES:
            return finding.fate
        case _:
            return Stale(finding.fate)


def _result(one: Settled, arguments: Namespace) -> str:
    if one.result is not None:
        return RESULTS[one.result]
    if arguments.dry_run:
        return "would be struck off" if one.finding.fate is Fate.DEAD else "would be left"
    match one.finding.fate:
        case Fate.UNSURE:
            return "left; say --wait"
        case Fate.UNKNOWN:
            return "left; if it is dead, name it and say --yes"
        case _:
            return f"left: {one.why_not}" if one.why_not else "left"


def _document(one: Settled) -> dict[str, object]:
    """For programs: docs/fleet.md."""
    return {
        "worker": one.finding.id,
        "ours": isinstance(one.finding.worker, Dead),
        "state": one.finding.fate.value,
        "why": one.why_not or one.finding.why,
        "job": one.result and one.result.value,
    }
