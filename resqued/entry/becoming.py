"""Becoming the new version of oneself: the same pid and the same children, with everything else read anew."""

import os
import sys
from pathlib import Path
from tempfile import TemporaryFile

from resqued import processes
from resqued.handover import Handover, decode, encode

ENVIRONMENT = "RESQUED_HANDOVER"  # the number of the descriptor that the new image reads


def command(file: Path, *more: str) -> list[str]:
    """How we were started, so that what has been installed in our place since then is found.

    A script is executed by its own name: its first line may name another Python by now.
    """
    launcher = sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1]
    if len(launcher) == 2 and _is_program(launcher[1]):  # noqa: PLR2004  interpreter and script
        return [os.path.abspath(launcher[1]), "-c", str(file), *more]  # noqa: PTH100  a link is to be followed anew
    return [sys.executable, *launcher[1:], "-c", str(file), *more]


def _is_program(path: str) -> bool:
    return not path.startswith("-") and os.access(path, os.X_OK) and Path(path).is_file()


def become(handover: Handover, file: Path) -> OSError:
    """Execute the new image, with signals blocked until it can hear them. Returns only if that fails, and why."""
    note = _noted(encode(handover))
    descriptors = [*handover.descriptors, note]
    for descriptor in descriptors:
        os.set_inheritable(descriptor, True)  # noqa: FBT003  as Python has it
    error = processes.execute(command(file), {**os.environ, ENVIRONMENT: str(note)})
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)  # noqa: FBT003
    os.close(note)
    return error


def _noted(text: bytes) -> int:
    """The descriptor of a file without a name, to be read from its beginning."""
    with TemporaryFile() as file:
        file.write(text)
        file.seek(0)
        return os.dup(file.fileno())


def inherited() -> Handover | None:
    """What the image before this one has left, if there was one. Raises ValueError if it cannot be understood."""
    number = os.environ.pop(ENVIRONMENT, "")
    if not number.isdecimal():
        return None
    with os.fdopen(int(number), "rb") as note:
        return decode(note.read())
