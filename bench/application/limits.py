"""How often a worker's own process could fork if it did nothing else."""

import ctypes
import os
import signal
import time
from collections.abc import Callable

from trivial import say

from resqued import hooks
from resqued.work import Job


class Limit:
    """Its worker forks in vain for so many seconds, in each of two ways, and says how often it did in a second."""

    @staticmethod
    def perform(letterbox: str, seconds: str) -> None:
        pass  # it happens before


@hooks.before_fork
def fork_in_vain(job: Job) -> None:
    """`os.fork` runs the at-fork handlers of Python and of all modules; the C library's does not."""
    if job.name == "Limit":
        letterbox, seconds = job.args
        rates = [_rate(fork, float(seconds)) for fork in (os.fork, ctypes.PyDLL(None).fork)]
        say(letterbox, " ".join(map(str, rates)))


def _rate(fork: Callable[[], int], seconds: float) -> float:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])  # the worker would be told of each end
    began, count = time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        pid = fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        count += 1
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return count / passed
