"""Tables on a terminal, where they fit its width and may be coloured. Imported only there: rich is slow to import."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

GAP = 2  # cells between two columns
LINES = 3  # of a cell, or one more where it breaks between words; the rest is cut
NARROWEST = 4
HEADING, PLAIN = "bold", ""


class Tables:
    """Printable rows as lines, portion by portion: what `cli.terminal.table` asks for. The first row is the heading.

    Where there is not room enough the widest columns give way, and their cells go over several lines. Rich knows how
    wide a character is, and whether colours are wanted (`NO_COLOR`, `TERM=dumb`).
    """

    def __init__(self) -> None:
        self._console = Console(markup=False, emoji=False, highlight=False, legacy_windows=False)
        self._natural: list[int] = []
        self._numeric: list[bool] = []

    def __call__(self, rows: Sequence[Sequence[str]]) -> list[str]:
        first = not self._natural
        texts = [[_text(cell, HEADING if first and not at else PLAIN) for cell in row] for at, row in enumerate(rows)]
        if first:
            self._numeric = [all(map(_is_number, column[1:])) for column in zip(*rows, strict=True)]
        widths = [max(text.cell_len for text in column) for column in zip(*texts, strict=True)]
        self._natural = list(map(max, widths, self._natural or widths))
        return self._rendered(texts)

    def _rendered(self, texts: Sequence[Sequence[Text]]) -> list[str]:
        widths = fitting(self._natural, self._console.width)
        grid = Table.grid(padding=(0, GAP, 0, 0), pad_edge=False)
        for width, is_numeric in zip(widths, self._numeric, strict=True):
            grid.add_column(width=width, overflow="fold", justify="right" if is_numeric else "left")
        for row in texts:
            grid.add_row(*map(_cut, row, widths))
        with self._console.capture() as captured:
            self._console.print(grid)
        return [line.rstrip(" ") for line in captured.get().splitlines()]


def fitting(natural: Sequence[int], room: int) -> list[int]:
    """The widths of columns for which there is so much room: those that need most get what the others leave."""
    left, widths = room - GAP * (len(natural) - 1), list(natural)
    by_need = sorted(range(len(natural)), key=natural.__getitem__)
    for rank, column in enumerate(by_need):
        widths[column] = max(min(natural[column], left // (len(natural) - rank)), min(natural[column], NARROWEST))
        left -= widths[column]
    return widths


def _text(cell: str, style: str) -> Text:
    return Text(cell, getattr(cell, "style", style))


def _is_number(cell: str) -> bool:
    return cell in ("-", "?") or cell.isdecimal()


def _cut(text: Text, width: int) -> Text:
    """`LINES` of it. A wide character may leave the last cell of a line empty."""
    if text.cell_len > width:
        text.truncate(max(1, LINES * (width - 1)), overflow="ellipsis")
    return text
