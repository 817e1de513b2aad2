"""`resquectl doctor`: what is wrong, in plain words, and what to do about it."""

import shutil
import sys
import textwrap
from argparse import Namespace
from collections.abc import Iterator, Mapping

from resqued.cli import subjects
from resqued.cli.commands import DONE, PROBLEM, Commands
from resqued.cli.doctor.diagnosis import CHECKS, Diagnosis, diagnosis
from resqued.cli.doctor.findings import Finding, Weight
from resqued.cli.doctor.gathering import gathered
from resqued.cli.terminal import printable, say, say_json


def add_to(commands: Commands) -> None:
    doctor = commands.add_parser(
        "doctor",
        help="say what is wrong with Redis, the fleet, and the master on this machine",
        description="Look at everything that may be wrong with Redis, with queues and workers, and with the master on "
        "this machine, and say what to do about it. What cannot be seen (by this user, or because Redis is away) is "
        "said not to be checked. Changes nothing. Exit status 1: there is a problem. Hints may be meant like that.",
    )
    doctor.set_defaults(run=examine, about=subjects.nothing)


def examine(_: None, arguments: Namespace) -> int:
    found = diagnosis(gathered(arguments))
    if arguments.json:
        say_json(document(found))
    else:
        say(*text(found))
    return PROBLEM if found.of(Weight.PROBLEM) else DONE


# For people


def text(found: Diagnosis) -> Iterator[str]:
    for weight in Weight:
        for check, finding in found.of(weight):
            yield from _finding(check, finding)
    for why, checks in _by_reason(found.unchecked):
        yield from _paragraph(f"not checked  {', '.join(checks)}: ", why)
    yield _summary(found)


def _by_reason(unchecked: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    for why in dict.fromkeys(unchecked.values()):
        yield why, [check for check, other in unchecked.items() if other == why]


def _finding(check: str, finding: Finding) -> Iterator[str]:
    yield from _paragraph(f"{finding.weight}  {check}: ", finding.says)
    yield from _paragraph("    do: ", finding.do)


def _paragraph(head: str, body: str) -> Iterator[str]:
    """On a terminal it fits its width; in a pipe it is one line."""
    line = head + printable(" ".join(body.split()))
    if not sys.stdout.isatty():
        yield line
        return
    width = shutil.get_terminal_size().columns
    yield from textwrap.wrap(line, max(width - 1, 40), subsequent_indent="    ", break_on_hyphens=False)


def _summary(found: Diagnosis) -> str:
    problems, hints = len(found.of(Weight.PROBLEM)), len(found.of(Weight.HINT))
    counts = [_count(problems, "problem"), _count(hints, "hint"), f"{len(found.unchecked)} not checked"]
    return f"{len(CHECKS)} checks: {', '.join(counts)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


# For programs: docs/resquectl.md


def document(found: Diagnosis) -> dict[str, object]:
    return {
        "healthy": not found.of(Weight.PROBLEM),
        "findings": [
            {"check": check, "weight": finding.weight.value, "says": finding.says, "do": finding.do}
            for check, finding in found.findings
        ],
        "unchecked": [{"check": check, "why": why} for check, why in found.unchecked.items()],
        "checks": list(CHECKS),
    }
