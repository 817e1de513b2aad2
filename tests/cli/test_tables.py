"""Tables: complete in a pipe, and fit to be read on a terminal."""

import os
import re
import subprocess
import sys
import unicodedata
from itertools import pairwise

import pytest

from tests.support.terminal import terminal

SHOW = """
import sys
from resqued.cli.terminal import Problem, Stale, say, say_each, table

HEADING = "QUEUE", "JOBS", "WORKER", "REMARKS"
ROWS = [
    ("mail", 5, "[red]x[/red] [/] :smile: http://x", Problem("nobody listens")),
    ("日本" * 100, 12345, "vm:1:" + ",".join(f"queue-{i}" for i in range(30)), Stale("paused")),
    ("x" * 10_000, 0, "\\x1b[2J\\r\\x9b31m\\u202e\\n", ""),
]
say("first \\x1b[2J")
"""
TABLE = "say_each(table(HEADING, ROWS))"
STYLED = re.compile(r"\x1b\[[0-9;]*m")


def on_terminal(columns: int, program: str = TABLE, **environment: str) -> str:
    with terminal() as window:
        process = window.start(
            [sys.executable, "-c", SHOW + program],
            os.environ | {"COLUMNS": str(columns), "TERM": "xterm-256color"} | environment,
        )
        said = window.shown()
    assert process.wait(10) == 0, said
    return said


def in_a_pipe(program: str = TABLE) -> str:
    return subprocess.run([sys.executable, "-c", SHOW + program], stdout=subprocess.PIPE, text=True, check=True).stdout


def width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def test_in_a_pipe_nothing_is_cut() -> None:
    said = in_a_pipe()

    assert "日本" * 100 in said
    assert "x" * 10_000 in said
    assert said.count("\n") == 5
    assert "\x1b" not in said


def test_in_a_pipe_nothing_is_loaded_that_only_a_terminal_needs() -> None:
    assert in_a_pipe(f"{TABLE}\nsay(*(name for name in sys.modules if name == 'rich'))").count("\n") == 5


@pytest.mark.parametrize("columns", [80, 200])
def test_on_a_terminal_every_line_fits(columns: int) -> None:
    said = STYLED.sub("", on_terminal(columns))

    assert max(map(width, said.splitlines())) <= columns
    assert said.count("\n") <= 1 + 1 + 3 * 4


@pytest.mark.parametrize("columns", [80, 200])
def test_columns_stay_one_below_the_other(columns: int) -> None:
    lines = STYLED.sub("", on_terminal(columns)).splitlines()
    row = next(line for line in lines if "12345" in line)

    assert width(row[: row.index("12345")]) + 5 == lines[1].index("JOBS") + 4  # numbers to the right
    assert width(row[: row.index("vm:1")]) == lines[1].index("WORKER")


def test_no_cell_is_taken_for_markup() -> None:
    assert "[red]x[/red] [/] :smile: http://x" in STYLED.sub("", on_terminal(200))


@pytest.mark.parametrize("columns", [80, 200])
def test_a_terminal_obeys_no_cell(columns: int) -> None:
    said = STYLED.sub("", on_terminal(columns))

    assert all(line.isprintable() for line in said.split("\n"))


def test_what_needs_a_person_is_red_and_what_is_stale_yellow() -> None:
    said = on_terminal(200)

    assert re.search("\x1b\\[31mnobody listens", said)
    assert re.search("\x1b\\[33mpaused", said)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "dumb"])
def test_who_wants_no_colours_gets_none(environment: dict[str, str]) -> None:
    assert re.search("\x1b\\[[0-9;]*[34][0-9]", on_terminal(200, **environment)) is None


def test_a_dumb_terminal_gets_nothing_to_obey() -> None:
    assert "\x1b" not in on_terminal(80, TERM="dumb")


@pytest.mark.parametrize("where", ["pipe", "terminal"])
def test_the_first_rows_of_many_do_not_wait_for_the_last(where: str) -> None:
    program = """
def rows():
    for number in range(1000):
        if number == 900:
            say("not yet")
        yield number, number * 10 ** (number // 100), "w", ""
say_each(table(HEADING, rows()))
"""
    said = in_a_pipe(program) if where == "pipe" else STYLED.sub("", on_terminal(80, program))
    before, after = said.split("not yet\n")

    assert len(before.splitlines()) > 500
    assert len(said.splitlines()) == 1 + 1 + 1000 + 1
    starts = [line.rindex("w") for line in (before + after).splitlines()[2:]]
    assert all(earlier <= later for earlier, later in pairwise(starts))


def test_a_table_without_rows_is_its_heading() -> None:
    program = "say_each(table(HEADING, []))"

    assert STYLED.sub("", on_terminal(80, program)).splitlines()[1:] == ["QUEUE  JOBS  WORKER  REMARKS"]
    assert in_a_pipe(program).splitlines()[1:] == ["QUEUE  JOBS  WORKER  REMARKS"]
