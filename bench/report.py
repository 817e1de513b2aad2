"""What was measured, as a table for people and as JSON for machines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bench.figures import Figure, Judgement, Section, Spread

Row = tuple[str, ...]


def table(section: Section) -> str:
    """One line a contestant for each quantity; several rounds are one line. Bounds stand where they are about."""
    rows: list[Row] = [("", "median", "min", "max", f"{section.ours} is better", "")]
    for quantity in dict.fromkeys(figure.quantity for figure in section.figures):
        rows.append((f"{quantity}, {section.unit}".removesuffix(", "), "", "", "", "", ""))
        rows += [_row(section, figure) for figure in section.figures if figure.quantity == quantity]
    return f"{section.name}: {section.title} ({section.better} is better)\n" + _aligned(rows)


def _row(section: Section, figure: Figure) -> Row:
    words = _words(figure.spread)
    return (f"  {figure.contestant}", *words, _ratio(section.advantage(figure)), _verdict(section, figure))


def _words(spread: Spread) -> tuple[str, str, str]:
    return number(spread.median), number(spread.least), number(spread.most)


def number(value: float) -> str:
    """To three figures, or whole."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _ratio(advantage: Spread | None) -> str:
    if advantage is None:
        return ""
    middle, least, most = _words(advantage)
    return f"{middle} times" if least == most else f"{middle} times ({least}-{most})"


def _verdict(section: Section, figure: Figure) -> str:
    """Of the bound that compares ours with this figure, or that is about this figure alone."""
    rival = "" if figure.contestant == section.ours else figure.contestant
    about = (figure.quantity, rival)
    found = (one for one in section.judgements() if (one.bound.quantity, one.bound.rival) == about)
    return "; ".join(f"{judged.bound.words}: {number(judged.found)}, {_word(judged)}" for judged in found)


def _word(judged: Judgement) -> str:
    return "ok" if judged.holds else "MISSED"


def _aligned(rows: Sequence[Row]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: Row, widths: Sequence[int]) -> str:
    first, *numbers, ratio, verdict = row
    cells = [f"{cell:>{width}}" for cell, width in zip(numbers, widths[1:], strict=False)]
    return "  ".join([f"{first:<{widths[0]}}", *cells, f"{ratio:<{widths[-2]}}", verdict]).rstrip()


def summary(sections: Sequence[Section]) -> str:
    """How the bounds have fared."""
    judged = [(section, one) for section in sections for one in section.judgements()]
    missed = [(section, one) for section, one in judged if not one.holds]
    open_ = [(section, bound) for section in sections for bound in section.unjudged()]
    lines = [f"bounds: {len(judged) - len(missed)} ok, {len(missed)} MISSED, {len(open_)} not judged"]
    for section, one in missed:
        wanted = f"{one.bound.words} {one.bound.rival or section.unit}".rstrip()
        lines.append(
            f"  MISSED: {section.name}, {one.bound.quantity}: {section.ours}: {number(one.found)}, not {wanted}"
        )
    for section, bound in open_:
        lines.append(f"  not judged: {section.name}, {bound.quantity}: {bound.rival or section.ours} is not here")
    return "\n".join(lines)


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
    bounds = [{**asdict(one.bound), "found": one.found, "holds": one.holds} for one in section.judgements()]
    described = {"name": section.name, "title": section.title, "unit": section.unit, "better": section.better}
    return {**described, "ours": section.ours, "figures": figures, "bounds": bounds}
