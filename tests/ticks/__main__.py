"""`python -m tests.ticks`: see the package."""

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median

from tests.support import campaign
from tests.ticks.account import wrongs
from tests.ticks.run import Outcome, Plan, perform
from tests.ticks.schedulers import absence

WRONG = 1  # exit status: something of ours is wrong
SHOWN = 8  # details of each wrong


def main() -> int:
    options = _parser().parse_args()
    for kind in options.beside:
        if reason := absence(kind):
            print(f"ticks: no scheduler of {kind}: {reason}", file=sys.stderr)
            return 2
    return campaign.status_of(partial(_run, options), options.seed, options.runs)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ticks", description="An hour of ticks in a minute, with leaders killed, and an account of every job."
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default: 1")
    parser.add_argument("--runs", type=int, default=1, metavar="N", help="so many seeds from that one on (default: 1)")
    parser.add_argument("--hour", type=int, default=3600, metavar="N", help="seconds that it has (default: 3600)")
    parser.add_argument("--seconds", type=float, default=60, metavar="N", help="for the hour (default: 60)")
    parser.add_argument("--hosts", type=int, default=3, metavar="N", help="with a scheduler of ours (default: 3)")
    parser.add_argument(
        "--beside", choices=("ruby", "node"), action="append", default=[], help="and one of that kind; again: another"
    )
    parser.add_argument("--pause", type=float, default=0.7, metavar="S", help="between two acts (default: 0.7)")
    parser.add_argument(
        "--poison", type=float, default=0.03, metavar="F", help="seconds with what can go nowhere (default: 0.03)"
    )
    parser.add_argument("--verbose", action="store_true", help="print every act when it is done")
    parser.add_argument("--directory", type=Path, help="where logs are kept (default: only if it goes wrong)")
    return parser


def _run(options: argparse.Namespace, seed: int) -> int:
    plan = Plan(
        seed,
        hour=options.hour,
        seconds=options.seconds,
        hosts=options.hosts,
        beside=Counter(options.beside),
        pause=options.pause,
        poison=options.poison,
    )
    directory = Path(tempfile.mkdtemp(prefix=f"ticks-{seed}-", dir=options.directory))
    outcome = perform(plan, directory, campaign.tell if options.verbose else campaign.be_silent)
    campaign.tell("\n".join(_report(plan, outcome)))
    if wrong := [line for line in _wrong(outcome) if line]:
        campaign.tell("\n".join([*wrong, f"logs and commands: {directory}"]))
        return WRONG
    if not options.directory:
        shutil.rmtree(directory)
    return 0


def _report(plan: Plan, outcome: Outcome) -> Iterator[str]:
    account = outcome.account
    others = "".join(f", {count} of {kind}" for kind, count in plan.beside.items())
    yield f"seed {plan.seed}: {plan.hour} due seconds in {plan.seconds:g} s, {plan.hosts} schedulers of ours{others}"
    yield f"  {account.put_aside} jobs put aside; {account.ticks} ticks; {len(account.leaders)} leaders of ours"
    for what, times in sorted(outcome.deeds.items()):
        yield f"    {what:<44}{times:>8}"
    yield f"  {'':<14}{'moved':>8}{'lost':>8}{'doubled':>8}{'early':>8}"
    for who, hands in sorted(account.hands.items()):
        counts = hands.put.total(), len(hands.lost), len(hands.doubled), len(hands.early)
        yield f"  {who:<14}" + "".join(f"{count:>8}" for count in counts)
    waits = account.waits or [0.0]
    yield f"  ours came late by {median(waits):.2f} s (half of them), at most {max(waits):.2f} s"
    yield f"  the last {outcome.drained:.1f} s after the end of the attack"
    for name, details in wrongs(account, outcome.trouble):
        yield f"    {name:<44}{len(details):>8}"


def _wrong(outcome: Outcome) -> Iterator[str]:
    for name, details in wrongs(outcome.account, outcome.trouble):
        yield from (f"  {name}: {detail}" for detail in details[:SHOWN])


if __name__ == "__main__":
    sys.exit(main())
