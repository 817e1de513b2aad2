"""`python -m tests.chaos`: see the package."""

import argparse
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.chaos import report
from tests.chaos.run import Plan, perform
from tests.chaos.script import Whom
from tests.support import campaign

WRONG = 1  # exit status: a job is not where it should be, or something else is wrong


def main() -> int:
    options = _parser().parse_args()
    return campaign.status_of(partial(_run, options), options.seed, options.runs)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chaos", description="Attack several masters and a Redis, then account for every job."
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="what the adversary does (default: 1)")
    parser.add_argument("--runs", type=int, default=1, metavar="N", help="so many seeds from that one on (default: 1)")
    parser.add_argument("--jobs", type=int, default=2000, metavar="N", help="default: 2000")
    parser.add_argument("--seconds", type=float, default=20, metavar="N", help="of attack (default: 20)")
    parser.add_argument("--masters", type=int, default=2, metavar="N", help="default: 2")
    parser.add_argument("--workers", type=int, default=4, metavar="N", help="of each master (default: 4)")
    parser.add_argument("--policy", choices=("fail", "requeue"), default="fail", help="worker_lost (default: fail)")
    parser.add_argument("--pause", type=float, default=0.3, metavar="S", help="between two acts (default: 0.3)")
    parser.add_argument(
        "--spare", type=_whom, action="append", default=[], metavar="KIND", help=", ".join(Whom).lower()
    )
    parser.add_argument("--show", action="store_true", help="print what the adversary would do, and do nothing")
    parser.add_argument("--verbose", action="store_true", help="print every act when it is done")
    parser.add_argument(
        "--directory", type=Path, help="where ledger and logs are kept (default: only if it goes wrong)"
    )
    return parser


def _whom(name: str) -> Whom:
    try:
        return next(whom for whom in Whom if whom.lower() == name.lower())
    except StopIteration:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(Whom).lower()}") from None


def _run(options: argparse.Namespace, seed: int) -> int:
    plan = _plan(options, seed)
    if options.show:
        print(report.replay(plan))
        return 0
    directory = Path(tempfile.mkdtemp(prefix=f"chaos-{seed}-", dir=options.directory))
    outcome = perform(plan, directory, campaign.tell if options.verbose else campaign.be_silent)
    print(report.table(plan, outcome), flush=True)
    if report.is_wrong(outcome):
        print(f"{report.details(outcome)}\nledger and logs: {directory}\nreplay: {report.replay(plan)}", flush=True)
        return WRONG
    if not options.directory:
        shutil.rmtree(directory)
    return 0


def _plan(options: argparse.Namespace, seed: int) -> Plan:
    return Plan(
        seed=seed,
        jobs=options.jobs,
        seconds=options.seconds,
        masters=options.masters,
        workers=options.workers,
        policy=options.policy,
        pause=options.pause,
        spared=frozenset(options.spare),
    )


if __name__ == "__main__":
    sys.exit(main())
