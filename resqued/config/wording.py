"""How a mistake is put into words: values and keys as TOML writes them, and what was probably meant."""

import json
import re
from collections.abc import Collection, Sequence

LONGEST = 60  # characters of a value that are worth repeating
PASSWORD = re.compile(r"(?<=//).*(?=@)|(?<=password=)[^&]*")  # in a URL that stands where it does not belong
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def shown(value: object) -> str:
    """`value` on one line and not too long. The parts of a list or table stay unsaid: a password may be among them."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return _quoted(PASSWORD.sub("***", value))
        case int() if value.bit_length() > LONGEST:  # Python refuses to print the really large ones
            return "an enormous int"
        case list():
            return "a list" if value else "an empty list"
        case dict():
            return "a table" if value else "an empty table"
    return str(value)  # numbers, dates, times


def place_of(key: str, table: str) -> str:
    """The full name of `key`; `table` is empty for the file itself."""
    written = key if BARE_KEY.fullmatch(key) else _quoted(key)
    return f"{table}.{written}" if table else written


def nearest(word: str, known: Collection[str]) -> str | None:
    """The one of `known` that somebody who wrote `word` probably meant, whatever the case of its letters."""
    from difflib import get_close_matches  # noqa: PLC0415  the daemon forks: what only a mistake needs stays out

    matches = get_close_matches(word.casefold(), known, n=1)
    return matches[0] if matches else None


def alternatives(words: Sequence[str]) -> str:
    """`"a", "b" or "c"`."""
    *first, last = (_quoted(word) for word in words)
    return f"{', '.join(first)} or {last}" if first else last


def _quoted(text: str) -> str:
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return json.dumps(cut, ensure_ascii=False)
