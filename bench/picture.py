"""What was measured, as a picture: bars in an SVG that can be read on a light ground and on a dark one."""

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from bench.figures import Figure, Section
from bench.report import number

NAMES, BARS, WORDS = 270, 380, 190  # width of a column in px
LINE, HEAD, GAP = 20, 30, 14  # height in px
PART = "of which"
BREAK = 12.0  # times ours: a longer bar is cut there
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px }
.quantity, .number { fill: #59636e }
.number { font-variant-numeric: tabular-nums }
.bar { fill: #8c959f } .ours { fill: #1a7f37 } .range { stroke: #1f2328; stroke-width: 1.5 }
.cut { fill: none; stroke: #ffffff; stroke-width: 3 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .quantity, .number { fill: #9198a1 }
  .bar { fill: #656c76 } .ours { fill: #3fb950 } .range { stroke: #e6edf3 }
  .cut { stroke: #0d1117 }
}
"""


def drawn(sections: Sequence[Section]) -> str:
    """The text of the file."""
    lines, y = [], 0
    for section in sections:
        lines.append(f'<text class="title" x="0" y="{y + 20}">{escape(f"{section.name}: {section.title}")}</text>')
        y += HEAD
        for figures in _groups(section):
            lines += _group(section, figures, y)
            y += LINE * (len(figures) + 1) + GAP
    width = NAMES + BARS + WORDS
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}" width="{width}" height="{y}" role="img">'
    return "\n".join([head, f"<style>{STYLE}</style>", *lines, "</svg>\n"])


def _groups(section: Section) -> Iterator[Sequence[Figure]]:
    """By quantity: those of which there is something to see, and which are not parts of others."""
    for quantity in dict.fromkeys(figure.quantity for figure in section.figures):
        figures = [figure for figure in section.figures if figure.quantity == quantity]
        if any(figure.spread.most > 0 for figure in figures) and not quantity.startswith(PART):
            yield figures


def _group(section: Section, figures: Sequence[Figure], y: int) -> Iterator[str]:
    unit = f"{figures[0].quantity}, {section.unit} ({section.better} is better)".replace(",  (", " (")
    yield f'<text class="quantity" x="0" y="{y + 14}">{escape(unit)}</text>'
    longest = max(figure.spread.most for figure in figures)
    ours = next((figure.spread.most for figure in figures if figure.contestant == section.ours), 0.0)
    end = min(longest, BREAK * ours) if section.better == "less" and ours > 0 else longest
    for row, figure in enumerate(figures, start=1):
        yield from _bar(figure, BARS / end if end > 0 else 0.0, y + row * LINE, ours=figure.contestant == section.ours)


def _bar(figure: Figure, scale: float, y: int, *, ours: bool) -> Iterator[str]:
    """The bar ends at the median; a line goes from the least to the most."""
    middle, least, most = (min(BARS, max(0.0, value * scale)) for value in _spread(figure))
    yield f'<text x="12" y="{y + 14}">{escape(figure.contestant)}</text>'
    kind = "bar ours" if ours else "bar"
    yield f'<rect class="{kind}" x="{NAMES}" y="{y + 3}" width="{middle:.1f}" height="14" rx="2"/>'
    if figure.spread.median * scale > BARS + 1:
        yield f'<path class="cut" d="M{NAMES + BARS - 24} {y + 20} l8 -20 m6 0 l-8 20"/>'
    elif most > least:
        ends = f'x1="{NAMES + least:.1f}" x2="{NAMES + most:.1f}"'
        yield f'<line class="range" {ends} y1="{y + 10}" y2="{y + 10}"/>'
    yield f'<text class="number" x="{NAMES + BARS + 10}" y="{y + 14}">{_words(figure)}</text>'


def _spread(figure: Figure) -> tuple[float, float, float]:
    return figure.spread.median, figure.spread.least, figure.spread.most


def _words(figure: Figure) -> str:
    middle, least, most = map(number, _spread(figure))
    return middle if least == most else f"{middle} ({least}-{most})"
