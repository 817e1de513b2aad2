"""What Linux lets a process say about its parent and its children; elsewhere nothing happens."""

import ctypes
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def _found() -> Callable[..., int]:
    """With the types of its arguments, which make a call in a job cost a fifth of what it would else."""
    if sys.platform != "linux":
        return lambda *_: 0
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes, prctl.restype = (ctypes.c_int, *[ctypes.c_ulong] * 4), ctypes.c_int
    return prctl


_prctl = _found()


def adopt_orphans() -> None:
    """What this process's descendants leave behind becomes its child, not that of pid 1."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_with_parent(number: int) -> None:
    """Get this signal when the parent dies. A change of user ends that; who comes too late will never hear it."""
    _prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
