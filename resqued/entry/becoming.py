"""Becoming the new version of oneself: the same pid and the same children, with everything else read anew."""

import os
import sys
from pathlib import Path
from typing import IO

from resqued import processes
from resqued.handover import Handover, decode, encode

ENVIRONMENT = "RESQUED_HANDOVER"  # the number of the descriptor that the new image reads


class Origin:
    """How this image was started; made before the application, which may change directory and environment, is there."""

    def __init__(self, file: Path) -> None:
        launcher = sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv) + 1]
        self._launcher = [_absolute(launcher[0])] if len(launcher) == 1 else launcher
        self._arguments = ["-c", str(file.absolute())]
        self.environment = dict(os.environ)

    def command(self, *more: str) -> list[str]:
        """The same again, so that what has been installed in our place since then is found.

        A script is executed by its own name: its first line may name another Python by now.
        """
        is_program = len(self._launcher) == 1 and _is_program(self._launcher[0])
        return [*([] if is_program else [sys.executable]), *self._launcher, *self._arguments, *more]


def _absolute(path: str) -> str:
    return path if path.startswith("-") else os.path.abspath(path)  # noqa: PTH100  a link is to be followed anew


def _is_program(path: str) -> bool:
    """Said of a vanished script, too: to execute that fails in time, while a Python without it would fail too late."""
    return not path.startswith("-") and (not Path(path).exists() or (os.access(path, os.X_OK) and Path(path).is_file()))


def become(handover: Handover, origin: Origin) -> OSError:
    """Execute the new image, with signals blocked until it can hear them. Returns only if that fails, and why."""
    try:
        note = _noted(encode(handover))
    except OSError as error:
        return error
    descriptors = [*handover.descriptors, note]
    for descriptor in descriptors:
        os.set_inheritable(descriptor, True)  # noqa: FBT003  as Python has it
    refused = processes.execute(origin.command(), {**origin.environment, ENVIRONMENT: str(note)})
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)  # noqa: FBT003
    os.close(note)
    return refused


def _noted(text: bytes) -> int:
    """The descriptor of a file without a name, to be read from its beginning. Raises OSError."""
    with _nameless() as file:
        file.write(text)
        file.seek(0)
        return os.dup(file.fileno())


def _nameless() -> IO[bytes]:
    """In memory where that can be had: a full disk shall not stand in the way of a reload."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("handover"), "w+b")
    from tempfile import TemporaryFile  # noqa: PLC0415  it brings much along, and the daemon forks

    return TemporaryFile()


def inherited() -> Handover | None:
    """What the image before this one has left, if there was one. Raises ValueError if it cannot be understood."""
    number = os.environ.pop(ENVIRONMENT, "")
    if not number.isdecimal():
        return None
    with os.fdopen(int(number), "rb") as note:
        return decode(note.read())
