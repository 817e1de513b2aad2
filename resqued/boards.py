"""The scoreboards of a master: its own, and those of its earlier images as long as one of their workers lives."""

from collections.abc import Collection, Mapping
from pathlib import Path

from resqued.scoreboard import Row, Scoreboard

SPARE = 64  # rows for workers that somebody asks for beyond what is configured


class Boards:
    """By generation. One that a newer version cannot read is None: its workers are taken for ready and well."""

    def __init__(self, generation: int, own: Scoreboard, earlier: Mapping[int, Scoreboard | None]) -> None:
        self._generation, self._own = generation, own
        self._boards: dict[int, Scoreboard | None] = {**earlier, generation: own}

    def row(self, generation: int, number: int) -> Row | None:
        board = self._boards.get(generation)
        return board.row(number) if board else None

    @property
    def own_rows(self) -> int:
        return self._own.rows

    def vacant(self, taken: Collection[int]) -> int | None:
        """A row of our own board that nobody has; None: it is full."""
        return next((number for number in range(self._own.rows) if number not in taken), None)

    def keep(self, generations: Collection[int]) -> None:
        """Take away those of other generations: nobody writes there any more."""
        for generation in self._boards.keys() - {self._generation, *generations}:
            if board := self._boards.pop(generation):
                board.remove()

    @property
    def files(self) -> dict[int, Path]:
        return {generation: board.file for generation, board in self._boards.items() if board and board.file}

    def log_generation(self) -> int:
        """Of our own board, which the workers that this image forks have."""
        return self._own.log_generation

    def reopen_logs(self) -> None:
        """Workers and jobs reopen their log files before their next lines."""
        for board in self._boards.values():
            if board:
                board.log_generation += 1

    def remove(self) -> None:
        for board in self._boards.values():
            if board:
                board.remove()
