"""A translation as a file: settings with the variables that they come from, and as comments what became none."""

import json
import textwrap
from collections.abc import Iterator, Sequence
from itertools import chain, starmap

from resqued.cli.translation.composition import Settings, Translation
from resqued.cli.translation.meaning import Value

WIDTH = 100
UNNAMED = ("app.jobs",)  # as long as nobody says what the modules are called
TO_BE_NAMED = "the modules whose jobs may run; no variable says which"
NAMES = (
    "[jobs.names]",
    "# what the other side calls a job, and what performs it here, one line for each:",
    '# "SendMail" = "app.jobs:SendMail"',
)


def toml(translation: Translation, source: str, modules: Sequence[str], path: Sequence[str]) -> Iterator[str]:
    """Line by line. Nothing in them commands a terminal."""
    yield f"# Translated from {_plain(source)}"
    yield from _comment("Behind each setting stands the variable that said it.")
    tables = list(translation.all_tables())
    server = int("redis" in translation.tables)
    yield from chain.from_iterable(starmap(_table, tables[:server]))
    yield from _jobs(modules, path)
    yield from chain.from_iterable(starmap(_table, tables[server:]))
    yield from _said("No setting:", [_plain(f"{one.name}: {one.why}") for one in translation.remarks])
    environment = "The application's own, by the look of them; jobs have the environment of resqued, so set them there:"
    yield from _said(environment, [", ".join(map(_plain, translation.application))] * bool(translation.application))
    yield from _said("No workers:", [", ".join(map(_plain, translation.others))] * bool(translation.others))


def _table(name: str, settings: Settings) -> Iterator[str]:
    yield from ("", f"[{name}]")
    for key, setting in settings.items():
        yield from _comment(setting.note) if setting.note else ()
        yield f"{key} = {_value(setting.value)}  # {_plain(setting.name)}"


def _jobs(modules: Sequence[str], path: Sequence[str]) -> Iterator[str]:
    yield from ("", "[jobs]")
    if path:
        yield f"path = {_value(list(path))}"
    yield f"modules = {_value(list(modules or UNNAMED))}" + ("" if modules else f"  # {TO_BE_NAMED}")
    yield from ("", *NAMES)


def _said(heading: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield from _comment(heading)
    for line in lines:
        yield from _comment(line, indent="  ")


def _comment(text: str, indent: str = "") -> Iterator[str]:
    first, more = f"# {indent}", f"# {indent}{indent}"
    yield from textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=more, break_long_words=False, break_on_hyphens=False
    )


def _value(value: Value) -> str:
    match value:
        case str():
            return _plain(json.dumps(value, ensure_ascii=False))
        case list():
            return f"[{', '.join(map(_value, value))}]"
    return f"{value:.15g}"


def _plain(text: str) -> str:
    """What cannot be seen is written as TOML escapes it: in a comment it could end the line."""
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)
