"""The manual pages say what there is: every command, option and key, in pages that `man` reads without a word."""

import argparse
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import msgspec
import pytest

from man import generate
from resqued.cli import resquectl, resqued
from resqued.config import Config, Pool, Schedule
from resqued.config.policies import Retry
from resqued.config.table import Table

ROOT = Path(__file__).parents[1]
PAGES = sorted(page.name for page in (ROOT / "man").glob("*.[1-8]"))
PROGRAMS = [
    pytest.param("resquectl.1", resquectl.parser(), id="resquectl"),
    pytest.param("resqued.8", resqued.parser(), id="resqued"),
]
TABLES: dict[str, type[Table]] = {
    "pools.NAME": Pool,
    "schedule.NAME": Schedule,
    **{table.name: table.type for table in msgspec.structs.fields(Config) if table.name not in ("pools", "schedule")},
}


def text_of(page: str) -> str:
    return (ROOT / "man" / page).read_text()


def shown(page: str) -> str:
    """The page as a terminal shows it, without its markup."""
    if not shutil.which("man"):
        pytest.skip("man is not installed")
    done = subprocess.run(
        ["man", "-P", "cat", "-l", str(ROOT / "man" / page)],
        env={"PATH": "/usr/bin:/bin", "MANWIDTH": "160", "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return re.sub(".\b", "", done.stdout)


def test_there_are_three() -> None:
    assert PAGES == ["resquectl.1", "resqued.8", "resqued.toml.5"]


@pytest.mark.parametrize(("page", "text"), [pytest.param(*each, id=each[0].name) for each in generate.pages().items()])
def test_what_is_generated_is_up_to_date(page: Path, text: str) -> None:
    assert page.read_text() == text, "./run man writes it anew"


@pytest.mark.parametrize(("page", "program"), PROGRAMS)
def test_every_option_is_named(page: str, program: argparse.ArgumentParser) -> None:
    every = [program, *(command for _, _, command in generate.commands(program))]
    options = {option for parser in every for option in generate.names(parser)}

    assert (
        sorted(option for option in options if f"Fl {option[1:].replace('-', chr(92) + '-')}" not in text_of(page))
        == []
    )


def test_every_command_has_a_section_of_its_own() -> None:
    names = [name for name, _, _ in generate.commands(resquectl.parser())]

    assert "enqueue" in names
    assert [name for name in names if f"\n.Ss {name}\n" not in text_of("resquectl.1")] == []


@pytest.mark.parametrize("table", TABLES)
def test_every_key_is_named_with_its_default(table: str) -> None:
    section = shown("resqued.toml.5").partition(f"   Table {table}\n")[2].partition("   Table ")[0]
    keys = dict(re.findall(r"(?m)^     (\w+) = (.*)$", section))

    for field in msgspec.structs.fields(TABLES[table]):
        if field.name != "names":
            is_required = field.required or field.name in TABLES[table].wanting({})
            assert field.encode_name in keys
            value = tomllib.loads(f"key = {keys[field.encode_name]}")["key"]
            assert is_required or value == plain(default_of(field)) or table == "schedule.NAME"  # that is an example


def default_of(field: msgspec.structs.FieldInfo) -> object:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def plain(default: object) -> object:
    """As the file would say it."""
    if isinstance(default, tuple):
        return list(default)
    if isinstance(default, Retry):
        return {"limit": default.limit}
    return {0: "", 1 << 20: "1MiB"}[int(default)] if type(default).__name__ in ("Bytes", "Cap") else default  # type: ignore[call-overload]


@pytest.mark.parametrize("page", PAGES)
def test_mandoc_has_nothing_to_warn_of(page: str) -> None:
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is not installed")
    lint = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", str(ROOT / "man" / page)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert (lint.stdout, lint.returncode) == ("", 0)


@pytest.mark.parametrize("page", PAGES)
def test_groff_has_nothing_to_warn_of(page: str) -> None:
    if not shutil.which("groff"):
        pytest.skip("groff is not installed")
    argv = ["groff", "-mandoc", "-Tutf8", "-Kutf8", "-ww", "-z", str(ROOT / "man" / page)]
    done = subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)

    assert done.stderr == ""


def test_the_wheel_brings_them_along() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]

    assert wheel["shared-data"] == {f"man/{page}": f"share/man/man{page[-1]}/{page}" for page in PAGES}
