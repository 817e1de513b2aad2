"""A wire to a Redis that may have stopped: who comes while it does not answer is told so at once."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from resqued.errors import StoreUnavailable
from resqued.wire import Argument, Command, Meanwhile, Pending, Reply, Wire, rest

T = TypeVar("T")

REST = 1.0  # s between two tries


class Fuse:
    """One caller at a time finds out whether Redis is back; the others do not wait for him."""

    def __init__(self, wire: Wire, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._wire, self._clock = wire, clock
        self._trying = threading.Lock()
        self._why = ""  # it does not answer; empty: it does
        self._rests_until = 0.0

    def call(self, *command: Argument, meanwhile: Meanwhile = rest) -> Reply:
        return self._through(lambda: self._wire.call(*command, meanwhile=meanwhile))

    def transaction(self, commands: Sequence[Command]) -> list[Reply]:
        return self._through(lambda: self._wire.transaction(commands))

    def pipeline(self, commands: Sequence[Command]) -> list[Reply]:
        return self._through(lambda: self._wire.pipeline(commands))

    def ask(self, *command: Argument) -> None:
        self._wire.ask(*command)

    def fileno(self) -> int:
        return self._wire.fileno()

    def answer(self) -> Reply | Pending:
        return self._wire.answer()

    def close(self) -> None:
        self._wire.close()

    def _through(self, do: Callable[[], T]) -> T:
        if not self._why:
            return self._tried(do)
        if self._clock() < self._rests_until or not self._trying.acquire(blocking=False):
            raise StoreUnavailable(self._why)
        try:
            return self._tried(do)
        finally:
            self._trying.release()

    def _tried(self, do: Callable[[], T]) -> T:
        try:
            answer = do()
        except StoreUnavailable as error:
            self._why, self._rests_until = str(error), self._clock() + REST
            raise
        self._why = ""
        return answer
