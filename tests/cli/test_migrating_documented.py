"""docs/migrating says what is true: its configurations, commands, programs, links and variables."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from resqued import config
from resqued.cli import resquectl, resqued
from resqued.cli.translation import variables
from tests.cli.asking import Ask

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted((DOCS / "migrating").glob("*.md"))
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


def fenced(language: str) -> Iterator[object]:
    for page in PAGES:
        found = [text for kind, text in FENCE.findall(page.read_text()) if kind == language]
        yield from (pytest.param(text, id=f"{page.stem}-{at}") for at, text in enumerate(found))


def commands() -> Iterator[str]:
    """Those of ours that stand behind a prompt; of a pipe the last."""
    for page in PAGES:
        for kind, text in FENCE.findall(page.read_text()):
            lines = (line.strip() for line in text.splitlines() if kind == "console")
            shown = (line.removeprefix("$ ").rpartition(" | ")[2] for line in lines if line.startswith("$ "))
            yield from (line for line in shown if line.startswith("resque"))


@pytest.mark.parametrize("text", list(fenced("toml")))
def test_every_configuration_is_one(text: str) -> None:
    assert config.parse(text, "docs").pools


@pytest.mark.parametrize("line", sorted(set(commands())))
def test_every_command_is_one(line: str) -> None:
    program, *words = shlex.split(line, comments=True)
    parsers = {"resquectl": resquectl.parser, "resqued": resqued.parser}

    assert parsers[program]().parse_args(words) is not None


@pytest.mark.parametrize("text", list(fenced("python")))
def test_every_program_can_be_read(text: str) -> None:
    assert compile(text, "docs", "exec") is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]*)(?:#([\w-]*))?\)", page.read_text()):
        target, heading = (page.parent / link[0]).resolve() if link[0] else page, link[1]
        if link[0].startswith("https:"):
            continue

        assert target.exists(), link
        headings = re.findall(r"(?m)^#+ (.*)$", target.read_text())
        assert not heading or heading in {re.sub(r"[^\w-]", "", each.lower().replace(" ", "-")) for each in headings}


def test_every_variable_has_its_row() -> None:
    section = (DOCS / "migrating" / "ruby.md").read_text().partition("\n## Variables\n")[2].partition("\n## ")[0]
    rows = re.findall(r"(?m)^\| (`.*?) \| (.*) \|$", section)
    said = {name: meaning for names, meaning in rows for name in re.findall(r"`(\w+)`", names)}
    known = {name for names in variables.READERS for name in names} | variables.REASONS.keys()

    assert said.keys() == {name for name in known if not name.startswith("-")}
    assert {
        name: why for name, why in variables.REASONS.items() if said.get(name, f"none: {why}") != f"none: {why}"
    } == {}


def test_the_example_is_translated_as_it_says(ask: Ask, tmp_path: Path) -> None:
    page = (DOCS / "migrating" / "ruby.md").read_text()
    given, expected = (
        re.search(r"```\n(worker: .*?)```", page, re.DOTALL),
        re.search(r"```toml\n(.*?)```", page, re.DOTALL),
    )
    assert given
    assert expected
    (tmp_path / "Procfile").write_text(given[1])
    out = ask("translate-env", "--module", "app.jobs", str(tmp_path / "Procfile")).out

    assert tomllib.loads(out) == tomllib.loads(expected[1])


def test_what_translate_env_answers_in_json_is_documented() -> None:
    section = (DOCS / "resquectl.md").read_text().partition("\n## Translate-env\n")[2].partition("\n## ")[0]

    assert re.findall(r"(?m)^\| `(\w+)` \|", section) == ["configuration", "remarks", "application", "others"]
