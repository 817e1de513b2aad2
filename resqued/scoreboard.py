"""Shared memory with one row a worker: what others see of the workers without asking them, or Redis.

A board is a file `scoreboard.PID.GENERATION` of its master. It begins with a header of eight cells; then come the rows,
each a text (the job's name) and its cells. A cell is a signed 64-bit integer that one process writes whole: a reader
never sees half of one. Columns are only ever appended, so that a master which is newer than a board, or older, reads
what both know; for any other change there is a new LAYOUT.
"""

import mmap
import os
from enum import IntEnum
from pathlib import Path
from time import monotonic
from typing import Self

from resqued import processes
from resqued.errors import UnknownLayout

LAYOUT = 1
NAME = 128  # bytes of a job's name that are kept, as UTF-8


class State(IntEnum):
    STARTING = 0  # importing the application, asking Redis for the first time; all others are ready
    OFFLINE = 1  # at work, but Redis has never answered yet: the worker is not registered; see `Row.shown`, too
    IDLE = 2
    BUSY = 3
    PAUSED = 4
    LEAVING = 5


class _Header(IntEnum):
    LAYOUT = 0
    ROWS = 1
    STRIDE = 2  # bytes of a row
    LOG = 3  # raised when log files are to be reopened


# Columns. Times are milliseconds on the monotonic clock.
_STATE = 0
_JOB = 1
_LEADS = 2
_SINCE = 3
_TICK = 4
_DONE = 5
_FAILED = 6
_RSS = 7
_BEGUN = 8
_TURN = 9
_UNWANTED = 10  # the turn of a job that is to end: the one cell that the master writes
_SEVERED = 11
_QUEUE = 12
_TOTALS = 13  # from here on only counters
TALLY = 138  # of them are a `tally`
COLUMNS = _TOTALS + 2 + TALLY

HEADER = 64  # bytes
STRIDE = NAME + COLUMNS * 8


def now() -> int:
    """Milliseconds, as in SINCE and TICK. The same clock in every process of the machine."""
    return int(monotonic() * 1000)


class _Fewer:
    """The cells of a board that an older version made: what it has no column for is 0, whatever is written."""

    def __init__(self, cells: memoryview) -> None:
        self._cells = cells

    def __len__(self) -> int:
        return COLUMNS

    def __getitem__(self, column: int) -> int:
        return int(self._cells[column]) if column < len(self._cells) else 0

    def __setitem__(self, column: int, value: int) -> None:
        if column < len(self._cells):
            self._cells[column] = value


class _Cell:
    """A number of a row."""

    def __init__(self, column: int) -> None:
        self._column = column

    def __get__(self, row: "Row", _: type | None = None) -> int:
        return row.cells[self._column]

    def __set__(self, row: "Row", value: int) -> None:
        row.cells[self._column] = value


class Row:
    """One worker's row, which the worker writes."""

    __slots__ = ("_name", "cells")

    job = _Cell(_JOB)  # the pid of the process of the present job, or of one that stands by for the next; 0: none
    leads = _Cell(_LEADS)  # 1 while the worker waits on Redis for its pool
    tick = _Cell(_TICK)  # when the worker's loop last turned (as `now`); 0: never
    done = _Cell(_DONE)  # jobs that this process has done well
    failed = _Cell(_FAILED)  # and those that failed
    rss = _Cell(_RSS)  # bytes of memory that the worker had when it last looked
    begun = _Cell(_BEGUN)  # the run of the last job that was begun in a process which performs several
    turn = _Cell(_TURN)  # which of its jobs, from 1, it performs now; 0: none. Unlike a run, none comes twice
    severed = _Cell(_SEVERED)  # since when Redis has been away (as `now`); 0: it is not
    queue = _Cell(_QUEUE)  # of the last job that is in the tally: its place there

    def __init__(self, row: memoryview) -> None:
        cells = row[NAME:].cast("q")
        self._name = row[:NAME]
        self.cells = cells if len(cells) >= COLUMNS else _Fewer(cells)

    def clear(self) -> None:
        self._name[:] = bytes(NAME)
        for column in range(len(self.cells)):
            self.cells[column] = 0

    @property
    def state(self) -> State:
        return State(self.cells[_STATE])

    @state.setter
    def state(self, state: State) -> None:
        if state != self.cells[_STATE]:
            self.cells[_SINCE] = now()
            self.cells[_STATE] = state

    @property
    def shown(self) -> State:
        """As others are told of it: who only waits for a Redis that is away is OFFLINE, not IDLE."""
        state = self.state
        return State.OFFLINE if state is State.IDLE and self.severed else state

    @property
    def since(self) -> int:
        """When the worker came to its state, or began its job (as `now`); 0: never."""
        return self.cells[_SINCE]

    def begin(self, job: str) -> None:
        """BUSY from now on, with a job of this name, of which the end is cut off if it is very long."""
        self._name[:] = job.encode(errors="replace")[:NAME].ljust(NAME, b"\0")
        self.cells[_SINCE] = now()
        self.cells[_STATE] = State.BUSY

    @property
    def job_name(self) -> str:
        """Of the present job; of the last one if there is none. Half of each, if read while it changes."""
        return bytes(self._name).rstrip(b"\0").decode(errors="ignore")

    def unwant(self, turn: int) -> None:
        """Somebody wants the job of this turn to end. If it has ended already, nothing happens."""
        self.cells[_UNWANTED] = turn

    @property
    def is_unwanted(self) -> bool:
        return self.turn != 0 and self.cells[_UNWANTED] == self.turn

    def lost_redis(self) -> None:
        """It does not answer any more."""
        if not self.severed:
            self.severed = now()

    def found_redis(self) -> None:
        if self.severed:
            self.cells[_TOTALS] += 1
            self.cells[_TOTALS + 1] += now() - self.severed
            self.severed = 0

    @property
    def totals(self) -> list[int]:
        """Counters, none of which ever goes back: outages of Redis that are over, their milliseconds, the tally."""
        if isinstance(self.cells, _Fewer):
            return [self.cells[column] for column in range(_TOTALS, COLUMNS)]
        return self.cells[_TOTALS:COLUMNS].tolist()

    @property
    def tally(self) -> memoryview:
        """The cells of `metrics.tally`, for a worker to count in, whose board is of its own version."""
        assert isinstance(self.cells, memoryview)
        return self.cells[_TOTALS + 2 : COLUMNS]


class Scoreboard:
    """`rows` rows in a file of `directory`, which lives as long as the master; without a directory, in memory alone.

    `generation` counts the images of a master that have had its pid. The first of them clears away what dead masters
    have left in the directory; of its own pid's files only the last image knows which are still in use.
    """

    def __init__(self, rows: int, directory: Path | None = None, generation: int = 0) -> None:
        self.file = None if directory is None else _new_file(directory, _size(rows), generation)
        self._map(_memory(self.file) if self.file else mmap.mmap(-1, _size(rows)))
        self._head[_Header.ROWS], self._head[_Header.STRIDE] = rows, STRIDE
        self._head[_Header.LAYOUT] = LAYOUT

    @classmethod
    def open(cls, file: Path) -> Self:
        """The board that somebody has made. Raises OSError; UnknownLayout for what this version cannot read."""
        board = cls.__new__(cls)
        board.file = file
        board._map(_memory(file))  # noqa: SLF001  it is one of us
        if not board._is_readable():  # noqa: SLF001
            raise UnknownLayout(str(file), LAYOUT)
        return board

    def _map(self, memory: mmap.mmap) -> None:
        self._memory = memoryview(memory)
        self._head = self._memory[:HEADER].cast("q")

    def _is_readable(self) -> bool:
        stride = self._head[_Header.STRIDE]
        return (
            self._head[_Header.LAYOUT] == LAYOUT
            and stride > NAME
            and stride % 8 == 0
            and 0 <= self.rows <= (len(self._memory) - HEADER) // stride
        )

    @property
    def rows(self) -> int:
        return int(self._head[_Header.ROWS])

    def row(self, number: int) -> Row:
        stride = self._head[_Header.STRIDE]
        start = HEADER + number * stride
        return Row(self._memory[start : start + stride])

    @property
    def log_generation(self) -> int:
        """Whoever finds another one than at its last line reopens its log file. The master raises it."""
        return int(self._head[_Header.LOG])

    @log_generation.setter
    def log_generation(self, generation: int) -> None:
        self._head[_Header.LOG] = generation

    def remove(self) -> None:
        """Take the file away; who has it mapped keeps it."""
        if self.file:
            self.file.unlink(missing_ok=True)


def _size(rows: int) -> int:
    return HEADER + rows * STRIDE


def _memory(file: Path) -> mmap.mmap:
    descriptor, access = _opened(file)
    try:
        if os.fstat(descriptor).st_size < HEADER:
            raise UnknownLayout(str(file), LAYOUT)
        return mmap.mmap(descriptor, 0, access=access)
    finally:
        os.close(descriptor)


def _opened(file: Path) -> tuple[int, int]:
    """A descriptor, and what it is good for: its owner's group may read."""
    try:
        return os.open(file, os.O_RDWR | os.O_CLOEXEC), mmap.ACCESS_WRITE
    except PermissionError:
        return os.open(file, os.O_RDONLY | os.O_CLOEXEC), mmap.ACCESS_READ


def _new_file(directory: Path, size: int, generation: int) -> Path:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in directory.glob("scoreboard.*"):
        if _is_of_nobody(left, generation):
            left.unlink(missing_ok=True)
    file = directory / f"scoreboard.{os.getpid()}.{generation}"
    file.unlink(missing_ok=True)  # of an image that was given up before it had workers
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    with os.fdopen(descriptor, "wb") as made:
        os.fchmod(descriptor, 0o640)  # whatever the umask is
        made.write(bytes(size))  # a file with holes would kill us (SIGBUS) when the disk is full
    return file


def _is_of_nobody(file: Path, generation: int) -> bool:
    """Whether the master that had the pid in the file's name was killed; perhaps the pid is ours now."""
    pid = file.name.split(".")[1]
    if pid == str(os.getpid()):
        return generation == 0
    return pid.isdecimal() and not processes.exists(int(pid))
