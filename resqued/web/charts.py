"""Small pictures as SVG shapes. No style stands in them: the page's own sheet has it all."""

from collections.abc import Sequence
from dataclasses import dataclass

MOST = 360  # points of a line


@dataclass(frozen=True, slots=True)
class Line:
    points: str  # of a polyline
    area: str  # of what is below it
    most: float


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    label: str
    value: float


def line(values: Sequence[float], width: float, height: float) -> Line | None:
    """From left to right; None where there is nothing to connect. Of more than can be seen the peaks are drawn."""
    values = _thinned(values)
    if len(values) < 2:  # noqa: PLR2004  a line has two ends
        return None
    most = max(*values, 1.0)
    step = width / (len(values) - 1)
    points = " ".join(f"{at * step:.1f},{height - value / most * (height - 1):.1f}" for at, value in enumerate(values))
    return Line(points, f"0,{height:g} {points} {width:g},{height:g}", max(values))


def _thinned(values: Sequence[float]) -> Sequence[float]:
    size = -(-len(values) // MOST)
    return [max(values[at : at + size]) for at in range(0, len(values), size)] if size > 1 else values


def bars(values: Sequence[tuple[str, float]], width: float, height: float) -> list[Bar]:
    """Each with its label."""
    most = max([value for _, value in values] + [1.0])
    step = width / max(1, len(values))
    return [
        Bar(
            x=round(at * step, 2),
            y=round(height - value / most * height, 2),
            width=round(step * 0.8, 2),
            height=round(value / most * height, 2),
            label=label,
            value=value,
        )
        for at, (label, value) in enumerate(values)
    ]
