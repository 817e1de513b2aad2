"""The scoreboards of a master and of its earlier images."""

import os
from pathlib import Path

import pytest

from resqued.boards import Boards
from resqued.scoreboard import Row, Scoreboard, State


@pytest.fixture(name="before")
def board_of_an_earlier_image(tmp_path: Path) -> Scoreboard:
    return Scoreboard(2, tmp_path, 0)


@pytest.fixture(name="boards")
def boards_of_the_second_image(tmp_path: Path, before: Scoreboard) -> Boards:
    return Boards(1, Scoreboard(3, tmp_path, 1), {0: before})


def found(row: Row | None) -> Row:
    assert row
    return row


def names(directory: Path) -> list[str]:
    return sorted(file.name for file in directory.iterdir())


def name_of(generation: int) -> str:
    return f"scoreboard.{os.getpid()}.{generation}"


def test_a_row_is_found_by_generation_and_number(boards: Boards, before: Scoreboard) -> None:
    before.row(1).state = State.BUSY

    assert found(boards.row(0, 1)).state is State.BUSY
    assert found(boards.row(1, 1)).state is State.STARTING


def test_a_generation_that_nobody_has_left_has_no_rows(boards: Boards) -> None:
    assert boards.row(7, 0) is None


def test_a_board_that_cannot_be_read_has_no_rows(tmp_path: Path) -> None:
    boards = Boards(1, Scoreboard(1, tmp_path, 1), {0: None})

    assert boards.row(0, 0) is None
    assert boards.row(1, 0)


def test_new_workers_get_the_first_row_of_our_own_that_is_free(boards: Boards) -> None:
    assert boards.own_rows == 3
    assert [boards.vacant(taken) for taken in ([], [1], [0, 1], [0, 2])] == [0, 0, 2, 1]


def test_where_all_rows_are_taken_none_is_free(boards: Boards) -> None:
    assert boards.vacant({0, 1, 2}) is None


def test_a_board_is_kept_as_long_as_one_of_its_workers_lives(boards: Boards, tmp_path: Path) -> None:
    boards.keep({0, 1})

    assert boards.row(0, 0)
    assert names(tmp_path) == [name_of(0), name_of(1)]


def test_a_board_of_which_nobody_lives_is_taken_away(boards: Boards, tmp_path: Path) -> None:
    boards.keep({1})

    assert boards.row(0, 0) is None
    assert names(tmp_path) == [name_of(1)]


def test_our_own_board_is_kept_though_it_has_no_workers_yet(boards: Boards, tmp_path: Path) -> None:
    boards.keep({0})

    assert boards.row(1, 0)
    assert names(tmp_path) == [name_of(0), name_of(1)]


def test_what_cannot_be_read_may_be_taken_away_too(tmp_path: Path) -> None:
    boards = Boards(1, Scoreboard(1, tmp_path, 1), {0: None})
    boards.keep(set())

    assert names(tmp_path) == [name_of(1)]


def test_whoever_comes_after_us_is_told_of_each_file(boards: Boards, tmp_path: Path) -> None:
    assert boards.files == {0: tmp_path / name_of(0), 1: tmp_path / name_of(1)}


def test_what_is_no_file_or_cannot_be_read_is_left_to_nobody() -> None:
    assert Boards(1, Scoreboard(1), {0: None}).files == {}


def test_all_workers_are_told_to_reopen_their_logs(boards: Boards, before: Scoreboard) -> None:
    boards.reopen_logs()
    boards.reopen_logs()

    assert (boards.log_generation(), before.log_generation) == (2, 2)


def test_logs_are_reopened_although_a_board_cannot_be_read() -> None:
    boards = Boards(1, Scoreboard(1), {0: None})
    boards.reopen_logs()

    assert boards.log_generation() == 1


def test_in_the_end_no_file_is_left(boards: Boards, tmp_path: Path) -> None:
    boards.remove()

    assert names(tmp_path) == []
