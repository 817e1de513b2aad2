"""What a command writes: text for people, from which no hostile name can command a terminal, or JSON for programs."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

DELETE = "\x7f"  # the one control character that JSON leaves as it is


def printable(text: str) -> str:
    """`text` on one line, with whatever a terminal might obey or cannot show escaped as in Python."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def say(*lines: str) -> None:
    sys.stdout.writelines(f"{printable(line)}\n" for line in lines)


def say_json(document: object) -> None:
    """One line. ASCII only, so that it survives any terminal and any pipe."""
    sys.stdout.write(json.dumps(document).replace(DELETE, "\\u007f") + "\n")


def complain(command: str, *problems: object) -> None:
    """Each line of each problem on standard error, after the command's name."""
    lines = (line for problem in problems for line in str(problem).splitlines())
    sys.stderr.writelines(f"{command}: {printable(line)}\n" for line in lines)


def table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Rows as lines with aligned columns."""
    lines = [[printable(str(cell)) for cell in row] for row in (heading, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]


def date(moment: datetime | None) -> str:
    """In UTC, so that those of several hosts can be compared; `-` if it is not known."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if moment else "-"


def span(seconds: float) -> str:
    """How long, in the largest unit of which there are two: `90s`, `90m`, `30h`, `12d`. Nothing is shorter than 0."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f}{unit}"
    return f"{max(0, seconds):.0f}s"


def size(count: int | None) -> str:
    """Bytes, in the unit that leaves four digits at most; `-` if it is not known."""
    if count is None:
        return "-"
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 10_000 or unit == "GiB":  # noqa: PLR2004  four digits
            break
        amount /= 1024
    return f"{amount:.0f}{unit}"
