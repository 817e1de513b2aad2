"""A whole terminal for one picture that changes, given back as it was, whatever ends the program."""

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from resqued import processes
from resqued.cli.terminal import window
from resqued.signals import Inbox, milliseconds

# A screen of its own, no cursor, and no second line for what is too long: a wide character may be, by one column.
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l\x1b[?7l", "\x1b[?7h\x1b[?25h\x1b[?1049l"
_HOME, _REST_OF_LINE, _REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"
QUIT = "q"
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def is_at_hand() -> bool:
    """Whether there is a terminal that can show a picture, and be typed at."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


class Screen:
    """`draw` raises BrokenPipeError if the terminal has gone."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._keys = sys.stdin.fileno()
        self._found: list[Any] = termios.tcgetattr(self._keys)
        self._poll = select.poll()
        for source in (inbox.fileno(), self._keys):
            self._poll.register(source, select.POLLIN)

    @property
    def size(self) -> os.terminal_size:
        return window(sys.stdout)

    def enter(self) -> None:
        tty.setcbreak(self._keys)
        self._write(_ENTER)

    def leave(self) -> None:
        with suppress(OSError, termios.error):  # there may be no terminal any more
            self._write(_LEAVE)
        with suppress(OSError, termios.error):
            termios.tcflush(self._keys, termios.TCIFLUSH)
            termios.tcsetattr(self._keys, termios.TCSANOW, self._found)  # what is to be shown may stand still

    def draw(self, lines: Sequence[str]) -> None:
        """Lines in which nothing is left that a terminal might obey; what does not fit is cut off."""
        columns, rows = self.size
        shown = [line[:columns] + _REST_OF_LINE for line in lines[:rows]]
        self._write(_HOME + "\n".join(shown) + _REST_OF_SCREEN)

    def _write(self, text: str) -> None:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError as error:
            raise BrokenPipeError(error.errno, error.strerror) from None

    def wait(self, until: float) -> str:
        """What was typed, QUIT if somebody wants an end; nothing: it is `until` (monotonic), or time to draw again."""
        ready = {descriptor for descriptor, _ in self._poll.poll(milliseconds(until))}
        if self._inbox.fileno() in ready and self._heeds_an_end():
            return QUIT
        if self._keys not in ready:
            return ""
        typed = os.read(self._keys, 64).decode(errors="replace")
        return typed or QUIT  # the terminal has gone

    def _heeds_an_end(self) -> bool:
        heard = self._inbox.read()
        if signal.SIGTSTP in heard:
            self._stand_back()
        return not set(ENDS).isdisjoint(heard)

    def _stand_back(self) -> None:
        """As Ctrl-Z wants: until the shell lets us go on."""
        self.leave()
        processes.send(os.getpid(), signal.SIGSTOP)
        self.enter()


@contextmanager
def screen() -> Iterator[Screen]:
    """No signal ends the program meanwhile: `wait` tells of those that shall, and no other harms."""
    inbox = Inbox()
    try:
        shown = Screen(inbox)
        try:
            shown.enter()
            yield shown
        finally:
            shown.leave()
    finally:
        inbox.close()
