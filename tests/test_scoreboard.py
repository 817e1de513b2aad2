"""What a master sees of its workers."""

import os
from pathlib import Path

from resqued.scoreboard import Scoreboard, State


def test_what_a_child_writes_its_parent_reads(tmp_path: Path) -> None:
    board = Scoreboard(2, tmp_path)
    pid = os.fork()
    if pid == 0:
        row = board.row(1)
        row.state, row.job, row.leads = State.BUSY, 4711, True
        os._exit(0)
    os.waitpid(pid, 0)

    row = board.row(1)
    assert (row.state, row.job, row.leads) == (State.BUSY, 4711, True)
    assert (board.row(0).state, board.row(0).job, board.row(0).leads) == (State.STARTING, 0, False)


def test_a_row_that_is_cleared_says_nothing() -> None:
    row = Scoreboard(1).row(0)
    row.state, row.job = State.LEAVING, 1
    row.clear()

    assert (row.state, row.job) == (State.STARTING, 0)


def test_a_board_is_a_file_until_it_is_removed(tmp_path: Path) -> None:
    board = Scoreboard(1, tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.name == f"scoreboard.{os.getpid()}"
    assert file.stat().st_mode & 0o777 == 0o600
    board.remove()

    assert not list(tmp_path.iterdir())
    board.row(0).job = 1  # who has it mapped keeps it


def test_boards_of_masters_that_were_killed_are_cleared_away(tmp_path: Path) -> None:
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    for pid in (gone, os.getppid(), os.getpid()):
        (tmp_path / f"scoreboard.{pid}").touch()

    Scoreboard(1, tmp_path)

    assert {file.name for file in tmp_path.iterdir()} == {f"scoreboard.{pid}" for pid in (os.getppid(), os.getpid())}
