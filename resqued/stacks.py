"""A signal on which this process writes all its stacks, however stuck it is, and goes on."""

import ctypes
import faulthandler
import os
import sys
from pathlib import Path

FILE = "stacks"  # in the run directory: where a master and all its processes show them
SS_DISABLE = 2


class _Stack(ctypes.Structure):
    """`stack_t` of Linux."""

    _fields_ = (("sp", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


def dump_on(number: int, descriptor: int) -> None:
    """Write them to `descriptor`; children that are forked do, too."""
    faulthandler.register(number, file=descriptor)
    _handle_signals_on_the_usual_stack()


def dump_no_more(number: int) -> None:
    faulthandler.unregister(number)


def _handle_signals_on_the_usual_stack() -> None:
    """Not on the one that faulthandler has brought: all handlers of Python use it, and it has room for two or three.

    Half a dozen signals at once, which is what a spray of them is, would end the process with SEGV.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).sigaltstack(ctypes.byref(_Stack(None, SS_DISABLE, 0)), None)


def opened(directory: Path) -> int:
    """The descriptor of FILE, for all processes to write to. Raises OSError."""
    return os.open(directory / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def remove(directory: Path) -> None:
    """At the end."""
    (directory / FILE).unlink(missing_ok=True)
