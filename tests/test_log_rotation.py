"""A log file that is moved away, or taken away: who writes to it goes on in a new one."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from resqued.log import Log
from resqued.scoreboard import Scoreboard


class Rotated:
    """A log that follows a number."""

    def __init__(self, directory: Path) -> None:
        self.generation, self.asked = 0, 0
        self.file = directory / "log"
        self.log = Log()
        self.log.configure(file=str(self.file))
        self.log.follow(self._number)

    def _number(self) -> int:
        self.asked += 1
        return self.generation

    def say(self, count: int) -> None:
        self.log.info("job.done", count=count)


@pytest.fixture
def rotated(tmp_path: Path) -> Iterator[Rotated]:
    directory = tmp_path / "logs"
    directory.mkdir()
    rotated = Rotated(directory)
    yield rotated
    rotated.log.configure()  # which closes the file


def counts(file: Path) -> list[int]:
    return [json.loads(line).get("count") for line in file.read_text().splitlines()]


def moved(file: Path) -> Path:
    return file.rename(file.with_suffix(".1"))


def test_a_file_that_was_moved_away_gets_the_lines_until_the_number_is_raised(rotated: Rotated) -> None:
    rotated.say(1)
    old = moved(rotated.file)
    rotated.say(2)
    rotated.generation += 1
    rotated.say(3)
    rotated.say(4)

    assert (counts(old), counts(rotated.file)) == ([1, 2], [3, 4])


def test_a_file_that_was_deleted_is_made_anew(rotated: Rotated) -> None:
    rotated.say(1)
    rotated.file.unlink()
    rotated.generation += 1
    rotated.say(2)

    assert counts(rotated.file) == [2]


def test_who_is_told_to_reopens_at_once(rotated: Rotated) -> None:
    moved(rotated.file)
    rotated.log.reopen()

    assert rotated.file.exists()


def test_who_was_told_to_does_not_reopen_again_for_the_same_number(rotated: Rotated) -> None:
    rotated.generation += 1
    rotated.log.reopen()
    rotated.file.unlink()
    rotated.say(1)

    assert not rotated.file.exists()


def test_the_descriptor_keeps_its_number_and_is_not_inherited(rotated: Rotated) -> None:
    """What writes to it without us, such as faulthandler, writes to the new file."""
    before, opened = rotated.log.fileno(), len(list(Path("/proc/self/fd").iterdir()))
    old = moved(rotated.file)
    rotated.log.reopen()
    os.write(rotated.log.fileno(), b'{"count":7}\n')

    assert (rotated.log.fileno(), os.get_inheritable(before)) == (before, False)
    assert (counts(old), counts(rotated.file)) == ([], [7])
    assert len(list(Path("/proc/self/fd").iterdir())) == opened


def test_a_file_that_cannot_be_reopened_is_complained_of_once_in_the_one_that_is_open(rotated: Rotated) -> None:
    directory = rotated.file.parent
    aside = directory.rename(directory.with_name("aside"))
    rotated.generation += 1
    for count in range(3):
        rotated.say(count)

    lines = [json.loads(line) for line in (aside / "log").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["log.not_reopened", *["job.done"] * 3]
    assert lines[0]["file"] == str(rotated.file)
    assert "No such file or directory" in lines[0]["error"]


def test_lines_that_were_lost_are_told_of_in_the_new_file(rotated: Rotated) -> None:
    moved(rotated.file)
    rotated.file.symlink_to("/dev/full")
    rotated.log.reopen()
    rotated.say(1)
    rotated.file.unlink()
    rotated.log.reopen()
    rotated.say(2)

    lines = [json.loads(line) for line in rotated.file.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["log.lost", "job.done"]


def test_what_could_not_be_reopened_is_tried_again_for_the_next_number(rotated: Rotated) -> None:
    directory = rotated.file.parent
    directory.rename(directory.with_name("aside"))
    rotated.generation += 1
    rotated.say(1)
    directory.mkdir()
    rotated.generation += 1
    rotated.say(2)

    assert counts(rotated.file) == [2]


def test_a_log_that_is_no_file_asks_for_no_number(rotated: Rotated) -> None:
    reader, writer = os.pipe()
    rotated.log.configure(stream=writer)
    before = rotated.asked
    rotated.say(1)
    rotated.log.reopen()
    os.close(reader)
    os.close(writer)

    assert rotated.asked == before


def test_who_is_configured_later_follows_all_the_same(tmp_path: Path) -> None:
    log, numbers = Log(), iter([5, 5, 6, 6, 6])
    log.follow(lambda: next(numbers))
    log.configure(file=str(tmp_path / "log"))
    log.info("job.done", count=1)
    moved(tmp_path / "log")
    log.info("job.done", count=2)
    log.configure()

    assert (counts(tmp_path / "log.1"), counts(tmp_path / "log")) == ([1], [2])


def test_every_process_that_sees_the_board_goes_on_in_the_new_file(rotated: Rotated) -> None:
    """As a worker does, and a job that it had started long before."""
    board = Scoreboard(1)
    rotated.log.follow(lambda: board.log_generation)
    told, tell = os.pipe()
    children = [forked(rotated, told, count) for count in (1, 2)]
    shutil.move(rotated.file, rotated.file.with_suffix(".1"))
    board.log_generation += 1
    os.write(tell, b"!!")
    for child in children:
        os.waitpid(child, 0)
    rotated.say(3)
    os.close(told)
    os.close(tell)

    assert sorted(counts(rotated.file)) == [1, 2, 3]


def forked(rotated: Rotated, told: int, count: int) -> int:
    """A child that writes a line when it is told to."""
    pid = os.fork()
    if pid == 0:
        try:
            os.read(told, 1)
            rotated.say(count)
        finally:
            os._exit(0)
    return pid
