"""`python -m bench`: see the package."""

import argparse
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NoReturn

from bench import image, machine, picture, report
from bench.contestants.bare import Bare
from bench.effort import Effort
from bench.figures import Section
from bench.measures import idle, kills, latency, limit, memory, requests, scale, throughput
from bench.measures.limit import Limit
from bench.roster import SYSTEMS, Roster
from bench.stage import Stage, Withdrawn, prepared
from resqued import NoRedisServer
from tests.support.processes import adopt_orphans

MEASURES = ("throughput", "latency", "idle", "memory", "redis", "scale", "limit", "kills")
ROUNDS = 3
BROKEN = 1  # exit status: somebody did not do what was to be measured
Measure = Callable[[], Sequence[Section]]


def main() -> int:
    options = _parser().parse_args()
    effort = (Effort.quick if options.quick else Effort.thorough)(options.rounds or (1 if options.quick else ROUNDS))
    signal.signal(signal.SIGTERM, _end)
    adopt_orphans()
    try:
        with prepared() as stage:
            return _run(stage, options, effort)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except (Withdrawn, NoRedisServer) as error:
        print(f"bench: {error}", file=sys.stderr)
        return BROKEN


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description="Measure resqued against its peers.")
    parser.add_argument(
        "measures", nargs="*", type=_measure, default=MEASURES, metavar="|".join(MEASURES), help="default: all"
    )
    parser.add_argument("--rounds", type=int, default=0, metavar="N", help=f"default: {ROUNDS}")
    parser.add_argument("--quick", action="store_true", help="see whether it works; the figures are not worth much")
    parser.add_argument(
        "--peers",
        type=_peers,
        default=tuple(SYSTEMS),
        metavar="NAME,…",
        help=f"of {', '.join(SYSTEMS)}, or none; default: all that are there",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every value to FILE, too")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw a picture of it in FILE")
    return parser


def _measure(name: str) -> str:
    if name not in MEASURES:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(MEASURES)}")
    return name


def _peers(names: str) -> tuple[str, ...]:
    wanted = () if names == "none" else tuple(names.split(","))
    for name in wanted:
        if name not in SYSTEMS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(SYSTEMS)}")
    return wanted


def _run(stage: Stage, options: argparse.Namespace, effort: Effort) -> int:
    roster = Roster(stage, options.peers)
    facts = {**machine.facts(stage), "peers": roster.versions(), "load before": machine.load()}
    absences = {f"left out, {name}": reason for name, reason in roster.left_out.items()}
    print("\n".join(f"{name}: {fact}" for name, fact in {**facts, **absences}.items()), flush=True)
    sections = _measured(_measures(stage, roster, effort), options.measures)
    facts["load after"] = machine.load()
    print(f"\nload after: {facts['load after']}\n{report.summary(sections)}")
    if options.json:
        options.json.write_text(report.as_json(facts, sections))
    if options.svg:
        options.svg.write_text(picture.drawn(sections))
    return _verdict(roster)


def _measures(stage: Stage, roster: Roster, effort: Effort) -> Mapping[str, Measure]:
    bare = Bare(stage, image.taken_of(roster.ours, stage))
    reference = Limit(stage)
    idling = cache(lambda: idle.measure(stage, roster.field("idle"), effort))
    return {
        "throughput": lambda: throughput.measure(stage, roster.field("throughput", bare), effort, reference),
        "latency": lambda: latency.measure(stage, roster.field("latency", bare), effort, roster.three_queues),
        "idle": idling,
        "memory": lambda: memory.measure(stage, roster.field("memory"), effort),
        "redis": lambda: [*requests.measure(stage, roster.field("redis"), effort), *idling()],
        "scale": lambda: scale.measure(stage, effort),
        "limit": lambda: limit.measure(stage, [roster.ours, bare], effort, reference),
        "kills": lambda: kills.measure(stage, roster.ours, effort),
    }


def _measured(measures: Mapping[str, Measure], names: Sequence[str]) -> list[Section]:
    """Each section once, and shown when it is there."""
    sections: list[Section] = []
    for name in dict.fromkeys(names):
        for section in measures[name]():
            if section not in sections:
                sections.append(section)
                print(f"\n{report.table(section)}", flush=True)
    return sections


def _verdict(roster: Roster) -> int:
    for name, reason in roster.withdrawn().items():
        print(f"bench: {name} had to give up: {reason}", file=sys.stderr)
    return BROKEN if roster.withdrawn() else 0


def _end(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
