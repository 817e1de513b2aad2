"""What is seen of workers without asking them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from resqued.errors import UnknownLayout
from resqued.scoreboard import HEADER, NAME, STRIDE, Row, Scoreboard, State, now


def in_a_child(act: Callable[[], None]) -> int:
    """Do something in a process of its own; its pid, which is nobody's afterwards."""
    pid = os.fork()
    if pid == 0:
        try:
            act()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    return pid


def fill(row: Row) -> None:
    row.begin("Mail")
    row.job, row.leads, row.tick, row.done, row.failed, row.rss, row.turn = 4711, True, 5, 6, 7, 1 << 40, 8


def facts(row: Row) -> list[object]:
    return [row.state, row.job_name, row.job, row.leads, row.tick, row.done, row.failed, row.rss, row.turn]


FILLED = [State.BUSY, "Mail", 4711, True, 5, 6, 7, 1 << 40, 8]
BLANK = [State.STARTING, "", 0, False, 0, 0, 0, 0, 0]


def test_what_a_child_writes_its_parent_reads() -> None:
    board = Scoreboard(3)
    in_a_child(lambda: fill(board.row(1)))

    assert facts(board.row(1)) == FILLED
    assert facts(board.row(0)) == facts(board.row(2)) == BLANK


def test_a_row_that_is_cleared_says_nothing() -> None:
    row = Scoreboard(1).row(0)
    fill(row)
    row.clear()

    assert [*facts(row), row.since] == [*BLANK, 0]


@pytest.mark.parametrize(
    ("turn", "unwanted", "is_unwanted"),
    [(0, 0, False), (1, 0, False), (1, 1, True), (2, 1, False), (1, 2, False), (0, 1, False)],
)
def test_only_the_job_whose_turn_it_is_is_unwanted(turn: int, unwanted: int, is_unwanted: bool) -> None:
    row = Scoreboard(1).row(0)
    row.turn = turn
    row.unwant(unwanted)

    assert row.is_unwanted == is_unwanted


def test_a_state_is_since_when_it_came_and_not_since_it_was_said_again() -> None:
    row = Scoreboard(1).row(0)
    before = now()
    row.state = State.IDLE
    since = row.since
    assert before <= since <= now()
    while now() == since:
        pass
    row.state = State.IDLE

    assert row.since == since


def test_each_job_is_since_its_own_beginning() -> None:
    row = Scoreboard(1).row(0)
    row.begin("One")
    since = row.since
    while now() == since:
        pass
    row.begin("Two")

    assert row.since > since
    assert row.job_name == "Two"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("x" * 1000, "x" * NAME),
        ("x" + "ü" * 1000, "x" + "ü" * ((NAME - 1) // 2)),
        ("x" * NAME, "x" * NAME),
        ("\ud800", "?"),
        ("", ""),
    ],
)
def test_a_name_is_cut_to_the_room_that_there_is(name: str, kept: str) -> None:
    row = Scoreboard(1).row(0)
    row.begin("long before" * 99)
    row.begin(name)

    assert row.job_name == kept


# The file


def test_a_board_is_a_file_of_its_owner_until_it_is_removed(tmp_path: Path) -> None:
    board = Scoreboard(1, tmp_path, 3)
    assert board.file == tmp_path / f"scoreboard.{os.getpid()}.3"
    assert board.file.stat().st_mode & 0o777 == 0o640
    board.remove()

    assert not list(tmp_path.iterdir())
    board.row(0).job = 1  # who has it mapped keeps it


def test_a_board_without_a_directory_is_no_file() -> None:
    board = Scoreboard(1)
    board.remove()

    assert board.file is None


def test_whoever_opens_the_file_sees_and_writes_the_same_board(tmp_path: Path) -> None:
    board = Scoreboard(2, tmp_path)
    fill(board.row(1))
    assert board.file
    opened = Scoreboard.open(board.file)
    opened.log_generation = 9

    assert (opened.rows, opened.file) == (2, board.file)
    assert [facts(opened.row(number)) for number in range(2)] == [BLANK, FILLED]
    assert board.log_generation == 9


def test_a_board_may_have_no_rows(tmp_path: Path) -> None:
    board = Scoreboard(0, tmp_path)
    assert board.file

    assert Scoreboard.open(board.file).rows == 0


def changed(file: Path, cell: int, value: int) -> None:
    """Write one cell of the header."""
    content = bytearray(file.read_bytes())
    content[cell * 8 : cell * 8 + 8] = value.to_bytes(8, "little", signed=True)
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("cell", "value"),
    [(0, 0), (0, 2), (1, 3), (1, -1), (2, NAME), (2, STRIDE + 1), (2, 0)],
    ids=["half made", "newer", "more rows", "fewer than none", "no cells", "half a cell", "no stride"],
)
def test_what_another_version_has_laid_out_is_refused(tmp_path: Path, cell: int, value: int) -> None:
    file = Scoreboard(2, tmp_path).file
    assert file
    changed(file, cell, value)

    with pytest.raises(UnknownLayout, match=str(file)):
        Scoreboard.open(file)


@pytest.mark.parametrize("size", [0, HEADER - 1, HEADER + STRIDE - 1])
def test_a_file_that_is_too_short_is_refused(tmp_path: Path, size: int) -> None:
    file = Scoreboard(1, tmp_path).file
    assert file
    os.truncate(file, size)

    with pytest.raises(UnknownLayout):
        Scoreboard.open(file)


def test_a_board_with_fewer_columns_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    older = tmp_path / "scoreboard.1.0"
    stride = NAME + 3 * 8  # state, job, leads
    header = [1, 1, stride, 0, 0, 0, 0, 0]
    row = bytes(NAME) + b"".join(cell.to_bytes(8, "little") for cell in (State.BUSY, 4711, 1))
    older.write_bytes(b"".join(cell.to_bytes(8, "little") for cell in header) + row)

    board = Scoreboard.open(older)
    assert facts(board.row(0)) == [State.BUSY, "", 4711, True, 0, 0, 0, 0, 0]
    fill(board.row(0))
    board.row(0).clear()
    assert facts(board.row(0)) == BLANK


# What dead masters leave


def touched(directory: Path, *names: str) -> list[str]:
    for name in names:
        (directory / name).touch()
    return [*names]


def names(directory: Path) -> list[str]:
    return sorted(file.name for file in directory.iterdir())


def test_boards_of_masters_that_were_killed_are_cleared_away(tmp_path: Path) -> None:
    gone, living = in_a_child(lambda: None), os.getppid()
    touched(tmp_path, f"scoreboard.{gone}.0", f"scoreboard.{gone}.7", f"scoreboard.{gone}")
    kept = touched(tmp_path, f"scoreboard.{living}.0", "scoreboard.of.another")
    Scoreboard(1, tmp_path)

    assert names(tmp_path) == sorted([*kept, f"scoreboard.{os.getpid()}.0"])


def test_the_first_image_of_a_master_clears_away_what_another_left_under_its_pid(tmp_path: Path) -> None:
    touched(tmp_path, f"scoreboard.{os.getpid()}.7")
    Scoreboard(1, tmp_path, 0)

    assert names(tmp_path) == [f"scoreboard.{os.getpid()}.0"]


def test_a_later_image_leaves_the_boards_of_earlier_ones_alone(tmp_path: Path) -> None:
    first = Scoreboard(1, tmp_path, 0)
    Scoreboard(1, tmp_path, 1).remove()
    Scoreboard(1, tmp_path, 1)  # the same once more: that reload was given up

    assert names(tmp_path) == [f"scoreboard.{os.getpid()}.{generation}" for generation in (0, 1)]
    assert first.file
    assert Scoreboard.open(first.file).rows == 1
