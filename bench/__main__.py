"""`python -m bench`: see the package."""

import argparse
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from bench import image, machine, report
from bench.contestants import Contestant
from bench.contestants.bare import Bare
from bench.contestants.ours import Resqued
from bench.contestants.python_rq import Rq, absence
from bench.effort import Effort
from bench.figures import Section
from bench.measures import idle, latency, memory, throughput
from bench.stage import Stage, Withdrawn, prepared
from resqued import NoRedisServer
from tests.support.processes import adopt_orphans

MEASURES = ("latency", "throughput", "idle", "memory")
ROUNDS = 3
BROKEN = 1  # exit status: a bound did not hold, or nothing could be measured
Measure = Callable[[], Section]


def main() -> int:
    options = _parser().parse_args()
    effort = (Effort.quick if options.quick else Effort.thorough)(options.rounds or (1 if options.quick else ROUNDS))
    signal.signal(signal.SIGTERM, _end)
    adopt_orphans()
    try:
        with prepared() as stage:
            return _run(stage, options.measures, effort, options.json)
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
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every value to FILE, too")
    return parser


def _measure(name: str) -> str:
    if name not in MEASURES:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(MEASURES)}")
    return name


def _run(stage: Stage, names: Sequence[str], effort: Effort, file: Path | None) -> int:
    facts = {**machine.facts(stage), "load before": machine.load()}
    print("\n".join(f"{name}: {fact}" for name, fact in facts.items()), flush=True)
    measures = _measures(stage, effort)
    sections = [_shown(measures[name]()) for name in dict.fromkeys(names)]
    facts["load after"] = machine.load()
    print(f"\nload after: {facts['load after']}")
    if file:
        file.write_text(report.as_json(facts, sections))
    return _verdict(sections)


def _measures(stage: Stage, effort: Effort) -> Mapping[str, Measure]:
    ours = Resqued(stage)
    modules = image.taken_of(ours, stage)
    peers = _peers(stage)
    return {
        "latency": lambda: latency.measure(stage, [ours, *peers, Bare(stage, modules)], effort),
        "throughput": lambda: throughput.measure(stage, [ours, *peers, Bare(stage, modules)], effort, modules),
        "idle": lambda: idle.measure(stage, [ours, *peers], effort),
        "memory": lambda: memory.measure(stage, [ours, *peers], effort),
    }


def _peers(stage: Stage) -> list[Contestant]:
    if missing := absence():
        print(missing)
        return []
    return [Rq(stage)]


def _shown(section: Section) -> Section:
    print(f"\n{report.table(section)}", flush=True)
    return section


def _verdict(sections: Sequence[Section]) -> int:
    broken = [sentence for section in sections for sentence in section.broken()]
    for sentence in broken:
        print(f"bench: {sentence}", file=sys.stderr)
    return BROKEN if broken else 0


def _end(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
