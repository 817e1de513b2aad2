"""A master and its workers as `resquectl` reads of them: a status, and a scoreboard to write on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resqued.scoreboard import Row, Scoreboard
from resqued.status import PoolStatus, WorkerStatus
from tests.cli.masters import Place, place


@dataclass
class Stage:
    """A master of `workers` workers, all of them this process, in one pool `mail`, with their scoreboard."""

    place: Place
    board: Scoreboard

    def row(self, number: int) -> Row:
        return self.board.row(number)

    def says(self, *workers: WorkerStatus, pool: PoolStatus | None = None, **facts: Any) -> None:
        assert self.board.file
        self.place.write(
            boards=(self.board.file.name,),
            pools={"mail": pool or PoolStatus(workers=len(workers), min=len(workers), max=len(workers))},
            workers=workers,
            **facts,
        )


def worker(number: int = 0, **facts: Any) -> WorkerStatus:
    usual: dict[str, Any] = {
        "slot": f"mail.{number}",
        "pool": "mail",
        "pid": os.getpid(),
        "generation": 1,
        "board": 0,
        "row": number,
    }
    return WorkerStatus(**usual | facts)


@contextmanager
def stage_in(directory: Path) -> Iterator[Stage]:
    there = place(directory)
    board = Scoreboard(4, there.directory)
    yield Stage(there, board)
    board.remove()
