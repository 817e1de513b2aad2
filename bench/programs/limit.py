"""How often a process like a resqued worker can fork at all: `python -m bench.programs.limit IMAGE SECONDS PROCESSES`.

Each of so many processes, at the same time, forks a child that exits at once, waits for it, and so on. Prints for each
how many children it had in a second.
"""

import os
import sys
import time
from pathlib import Path

from bench.programs import likeness


def main() -> None:
    image, seconds, processes = sys.argv[1:]
    likeness.assume(Path(image))
    likeness.spread(int(processes), lambda: say(rate(float(seconds))))


def say(figure: float) -> None:
    """In one write: others write to the same pipe."""
    os.write(1, f"{figure}\n".encode())


def rate(seconds: float) -> float:
    began, count = time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        count += 1
    return count / passed


if __name__ == "__main__":
    main()
