"""A signal on which this process writes all its stacks, however stuck it is, and goes on."""

import ctypes
import faulthandler
import sys

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
