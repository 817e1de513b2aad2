"""Shared memory with one row a worker: what the master sees of its workers without asking anybody."""

import mmap
import os
from enum import IntEnum
from pathlib import Path

from resqued import processes


class State(IntEnum):
    STARTING = 0
    IDLE = 1
    BUSY = 2
    PAUSED = 3
    LEAVING = 4


class _Cell(IntEnum):
    """Columns. Each cell is a signed 64-bit integer, written whole by one process: a reader never sees half of one."""

    STATE = 0
    JOB = 1  # pid of the job's process, 0 without one
    LEADS = 2  # 1 while the worker waits on Redis for its pool


WIDTH = len(_Cell)


class Row:
    """One worker's row. The worker writes it, its master reads it."""

    def __init__(self, cells: memoryview) -> None:
        self._cells = cells

    def clear(self) -> None:
        for column in _Cell:
            self._cells[column] = 0

    @property
    def state(self) -> State:
        return State(self._cells[_Cell.STATE])

    @state.setter
    def state(self, state: State) -> None:
        self._cells[_Cell.STATE] = state

    @property
    def job(self) -> int:
        return int(self._cells[_Cell.JOB])

    @job.setter
    def job(self, pid: int) -> None:
        self._cells[_Cell.JOB] = pid

    @property
    def leads(self) -> bool:
        return bool(self._cells[_Cell.LEADS])

    @leads.setter
    def leads(self, leads: bool) -> None:
        self._cells[_Cell.LEADS] = leads


class Scoreboard:
    """`rows` rows in a file of `directory`, which lives as long as the master; without a directory, in memory alone."""

    def __init__(self, rows: int, directory: Path | None = None) -> None:
        self._file = None if directory is None else _new_file(directory, rows)
        descriptor = -1 if self._file is None else os.open(self._file, os.O_RDWR | os.O_CLOEXEC)
        self._cells = memoryview(mmap.mmap(descriptor, _size(rows))).cast("q")
        if descriptor >= 0:
            os.close(descriptor)

    def row(self, number: int) -> Row:
        return Row(self._cells[number * WIDTH : (number + 1) * WIDTH])

    def remove(self) -> None:
        """Take the file away; who has it mapped keeps it."""
        if self._file:
            self._file.unlink(missing_ok=True)


def _size(rows: int) -> int:
    return max(1, rows) * WIDTH * 8


def _is_of_nobody(pid: str) -> bool:
    """Whether the master that had this pid was killed; perhaps it is ours now."""
    return pid.isdecimal() and (int(pid) == os.getpid() or not processes.exists(int(pid)))


def _new_file(directory: Path, rows: int) -> Path:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in directory.glob("scoreboard.*"):
        if _is_of_nobody(left.suffix[1:]):
            left.unlink(missing_ok=True)
    file = directory / f"scoreboard.{os.getpid()}"
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    os.write(descriptor, bytes(_size(rows)))  # a file with holes would kill us (SIGBUS) when the disk is full
    os.close(descriptor)
    return file
