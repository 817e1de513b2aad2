"""What a command writes: text for people, from which no hostile name can command a terminal, or JSON for programs."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import ClassVar, TextIO, TypeAlias

from resqued.telling.text import printable, size
from resqued.telling.times import ago, date, iso, span

__all__ = [
    "Marked",
    "Problem",
    "Rendered",
    "Stale",
    "ago",
    "columns",
    "complain",
    "date",
    "iso",
    "printable",
    "say",
    "say_each",
    "say_json",
    "say_json_list",
    "size",
    "span",
    "table",
    "window",
]

DELETE = "\x7f"  # the one control character that JSON leaves as it is
AT_ONCE = 100  # rows that are laid out together

Layout: TypeAlias = Callable[[Sequence[Sequence[str]]], Iterable[str]]  # rows as lines


class Rendered(str):
    """A line in which nothing is hostile any more: what a terminal obeys in it is ours."""

    __slots__ = ()


def say(*lines: str) -> None:
    say_each(lines)


def say_each(lines: Iterable[str]) -> None:
    """Each when it comes: the first is read while the last is still on its way."""
    sys.stdout.writelines(f"{line if isinstance(line, Rendered) else printable(line)}\n" for line in lines)


def say_json(document: object) -> None:
    """One line. ASCII only, so that it survives any terminal and any pipe."""
    sys.stdout.write(_json(document) + "\n")


def say_json_list(documents: Iterable[object]) -> None:
    """A list of which each is written when it comes: there may be many. On one line, too."""
    separator = "["
    for document in documents:
        sys.stdout.write(separator + _json(document))
        separator = ", "
    sys.stdout.write("[]\n" if separator == "[" else "]\n")


def _json(document: object) -> str:
    return json.dumps(document).replace(DELETE, "\\u007f")


def complain(command: str, *problems: object) -> None:
    """Each line of each problem on standard error, after the command's name."""
    lines = (line for problem in problems for line in str(problem).splitlines())
    sys.stderr.writelines(f"{command}: {printable(line)}\n" for line in lines)


class Marked(str):
    """A cell of a table that stands out on a terminal; elsewhere it is like any other."""

    __slots__ = ()
    style: ClassVar[str]


class Problem(Marked):
    """A person should see to it."""

    __slots__ = ()
    style = "red"


class Stale(Marked):
    """It may not be true any more."""

    __slots__ = ()
    style = "yellow"


def table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Rows as lines with aligned columns: for `say`, or, if there may be many, for `say_each`.

    On a terminal they fit its width, and what does not is cut; anywhere else they are complete. Rows are taken in
    portions, so that the first lines of many are there at once; each portion is at least as wide as those before it.
    """
    taken = iter(rows)
    portion = [heading, *islice(taken, AT_ONCE)]
    laid_out = _layout()
    while portion:
        yield from map(Rendered, laid_out([list(map(_shown, row)) for row in portion]))
        portion = list(islice(taken, AT_ONCE))


def columns(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """The same, all at once and plain, whoever reads it; for whoever cuts lines himself."""
    return _Columns()([list(map(_shown, row)) for row in (heading, *rows)])


def _shown(cell: object) -> str:
    text = printable(str(cell))
    return type(cell)(text) if isinstance(cell, Marked) else text


def _layout() -> Layout:
    if not sys.stdout.isatty():
        return _Columns()
    from resqued.cli.tables import Tables  # noqa: PLC0415  rich is slow to import, and of no use in a pipe

    return Tables()


class _Columns:
    """As wide as they need to be."""

    def __init__(self) -> None:
        self._widths: list[int] = []

    def __call__(self, rows: Sequence[Sequence[str]]) -> list[str]:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        self._widths = list(map(max, widths, self._widths or widths))
        return ["  ".join(map(str.ljust, row, self._widths)).rstrip() for row in rows]


def window(stream: TextIO) -> os.terminal_size:
    """How large the terminal is that `stream` writes to, now, whatever $COLUMNS says."""
    usual = os.terminal_size((80, 24))
    try:
        size = os.get_terminal_size(stream.fileno())
    except OSError:
        return usual
    return size if size.columns and size.lines else usual  # it may not know
