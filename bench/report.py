"""What was measured, as a table for people and as JSON for machines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bench.figures import Figure, Section, Spread

Row = tuple[str, ...]


def table(section: Section) -> str:
    """One line a contestant for each quantity; several rounds are one line."""
    rows: list[Row] = [("", "median", "min", "max", f"{section.ours} is better")]
    for quantity in dict.fromkeys(figure.quantity for figure in section.figures):
        rows.append((f"{quantity}, {section.unit}".removesuffix(", "), "", "", "", ""))
        rows += [_row(section, figure) for figure in section.figures if figure.quantity == quantity]
    return f"{section.name}: {section.title} ({section.better} is better)\n" + _aligned(rows)


def _row(section: Section, figure: Figure) -> Row:
    return (f"  {figure.contestant}", *_words(figure.spread), _ratio(section.advantage(figure)))


def _words(spread: Spread) -> tuple[str, str, str]:
    return _number(spread.median), _number(spread.least), _number(spread.most)


def _number(value: float) -> str:
    """To three figures, or whole."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _ratio(advantage: Spread | None) -> str:
    if advantage is None:
        return ""
    middle, least, most = _words(advantage)
    return f"{middle} times" if least == most else f"{middle} times ({least}-{most})"


def _aligned(rows: Sequence[Row]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: Row, widths: Sequence[int]) -> str:
    first, *numbers, ratio = row
    cells = [f"{number:>{width}}" for number, width in zip(numbers, widths[1:], strict=False)]
    return "  ".join([f"{first:<{widths[0]}}", *cells, ratio]).rstrip()


def as_json(facts: Mapping[str, str], sections: Sequence[Section]) -> str:
    return json.dumps({"facts": dict(facts), "sections": [_plain(section) for section in sections]}, indent=2) + "\n"


def _plain(section: Section) -> dict[str, Any]:
    figures = [
        {
            "quantity": figure.quantity,
            "contestant": figure.contestant,
            "values": figure.values,
            **asdict(figure.spread),
            "advantage": (advantage := section.advantage(figure)) and asdict(advantage),
        }
        for figure in section.figures
    ]
    described = {"name": section.name, "title": section.title, "unit": section.unit, "better": section.better}
    return {**described, "figures": figures, "broken": section.broken()}
