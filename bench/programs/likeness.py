"""Be like a resqued worker: import what it has imported, fork from a master that has done so, and die with it."""

import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import NoReturn

PR_SET_PDEATHSIG = 1
APPLICATION = Path(__file__).parents[1] / "application"  # `bench.stage` would bring modules that resqued has not


def assume(image: Path) -> None:
    """Import the modules that the file `image` names, and forget about garbage, as resqued's master does."""
    sys.path.insert(0, str(APPLICATION))
    for name in image.read_text().splitlines():
        if name != "__main__":
            import_module(name)
    gc.collect()
    gc.freeze()


def spread(count: int, main: Callable[[], None]) -> NoReturn:
    """Run `main` in so many forks of this process, and exit when they have."""
    pids = [_forked(main) for _ in range(count)]
    for pid in pids:
        os.waitpid(pid, 0)
    sys.exit(0)


def _forked(main: Callable[[], None]) -> int:
    pid = os.fork()
    if pid == 0:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
        main()
        sys.stdout.flush()
        os._exit(0)
    return pid
