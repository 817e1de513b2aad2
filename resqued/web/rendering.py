"""Templates. Whatever is written into one is harmless: markup is escaped, and so is what nobody could see.

The second is done at the one place that every value passes: a name that turns the direction of writing, or half a
character that cannot be encoded, breaks no page, whoever has forgotten to think of it.
"""

from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from resqued.telling import text, times

LONGEST = 300  # characters of what is one of many
NOTHING = "\N{EN DASH}"


def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("resqued.web"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"ago": _ago, "date": times.date, "number": _number, "size": text.size, "cut": cut, "rate": _rate}
    made.filters |= {"literal": literal, "span": times.span}
    made.globals["lines"] = lines
    return made


def lines(long: str) -> Markup:
    """Text of many lines, laid out as it is."""
    shown = "\n".join(map(text.printable, long.split("\n")))
    return Markup('<pre tabindex="0">{}</pre>').format(shown)


def literal(name: str) -> str:
    """A pattern that is found in nothing but this name."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _shown(value: object) -> object:
    if value is None:
        return NOTHING
    return text.printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def cut(long: str, most: int = LONGEST) -> str:
    return long if len(long) <= most else f"{long[:most]}…"


def _ago(moment: datetime | None, now: datetime) -> str:
    return times.ago(moment, now) if moment else NOTHING


def _number(value: float | None) -> str:
    """A narrow space between thousands, which is not among what nobody could see."""
    return NOTHING if value is None else Markup("{}").format(f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}"))


def _rate(value: float | None) -> str:
    """Per minute, in as many digits as mean anything."""
    if value is None:
        return NOTHING
    is_whole = abs(value) >= 10 or value == round(value)  # noqa: PLR2004
    return _number(round(value)) if is_whole else f"{value:.1f}"
