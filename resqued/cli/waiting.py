"""Waiting for something on this machine: how long at most, and what a person is shown meanwhile."""

import sys
import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import inf, isfinite

from resqued.cli.terminal import printable, window

PAUSE = 0.05  # s between two looks
_TO_THE_START_AND_CLEAR = "\r\x1b[K"


def seconds(text: str) -> float:
    """The type of an argument."""
    try:
        found = float(text)
    except ValueError:
        found = -1
    if found < 0 or not isfinite(found):
        raise ArgumentTypeError(f"expected seconds ≥ 0, got {text!r}")
    return found


def looks(within: float | None, pause: float = PAUSE) -> Iterator[None]:
    """One turn for each look, until so many seconds have passed; None: for ever. There is always one."""
    deadline = inf if within is None else time.monotonic() + within
    yield
    while time.monotonic() < deadline:
        time.sleep(pause)
        yield


class Line:
    """One line on a terminal that changes; nothing where nobody looks."""

    def __init__(self) -> None:
        self._shown = ""
        self._is_seen = sys.stderr.isatty()

    def show(self, text: str) -> None:
        text = printable(text)[: window(sys.stderr).columns - 1]
        if self._is_seen and text != self._shown:
            self._write(_TO_THE_START_AND_CLEAR + text)
            self._shown = text

    def clear(self) -> None:
        if self._shown:
            self._write(_TO_THE_START_AND_CLEAR)

    def _write(self, text: str) -> None:
        with suppress(OSError):  # the terminal has gone
            sys.stderr.write(text)
            sys.stderr.flush()


@contextmanager
def line() -> Iterator[Line]:
    """It is taken away at the end, whatever that is."""
    shown = Line()
    try:
        yield shown
    finally:
        shown.clear()
