"""A terminal window, and a program in it that knows no other."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

CTRL_C, CTRL_Z = b"\x03", b"\x1a"

_IN_TERMINAL = """
import fcntl, os, signal, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
if sys.argv[1] == "nohup":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
os.execv(sys.argv[2], sys.argv[2:])
"""


class Terminal:
    """What is typed here is a signal to the program, as is the end of the window."""

    def __init__(self) -> None:
        self._window, self._line = pty.openpty()

    def type(self, keys: bytes) -> None:
        os.write(self._window, keys)

    def shown(self) -> str:
        """All that the program says until its end. A terminal turns each line feed into two characters."""
        said = bytearray()
        try:
            while part := os.read(self._window, 65536):
                said += part
        except OSError:  # nobody has it open any more
            pass
        return said.decode().replace("\r\n", "\n")

    def so_far(self) -> str:
        """What it has said since somebody looked last."""
        said = bytearray()
        with suppress(OSError, ValueError):  # it is closed by now
            while select.select([self._window], [], [], 0)[0] and (part := os.read(self._window, 65536)):
                said += part
        return said.decode(errors="replace").replace("\r\n", "\n")

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._window, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def flags(self) -> int:
        """How lines are edited (`termios.ICANON` and its like)."""
        return int(termios.tcgetattr(self._window)[3])

    def close(self) -> None:
        if self._window >= 0:
            os.close(self._window)
            self._window = -1

    def start(
        self, argv: Sequence[str], environment: Mapping[str, str], out: Path | None = None, *, nohup: bool = False
    ) -> subprocess.Popen[bytes]:
        """What it says goes to the terminal, or to the file `out`."""
        launcher = [sys.executable, "-I", "-S", "-c", _IN_TERMINAL, "nohup" if nohup else "", *argv]
        said = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND) if out else os.dup(self._line)
        try:
            return subprocess.Popen(launcher, stdin=self._line, stdout=said, stderr=said, env=environment)
        finally:
            os.close(said)
            os.close(self._line)


@contextmanager
def terminal() -> Iterator[Terminal]:
    window = Terminal()
    try:
        yield window
    finally:
        window.close()
