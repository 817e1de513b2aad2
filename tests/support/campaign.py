"""What programs have in common that attack daemons and account for every job: tests.chaos, tests.ticks."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from tests.support.processes import adopt_orphans

ROOT = Path(__file__).parents[2]


def status_of(run: Callable[[int], int], first: int, runs: int) -> int:
    """Run so many seeds from the first one on; the worst exit status. TERM and Ctrl-C end it in order."""
    signal.signal(signal.SIGTERM, _end)
    adopt_orphans()
    try:
        return max([run(first + further) for further in range(runs)])
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _end(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)


def tell(line: str) -> None:
    print(line, flush=True)


def be_silent(line: str) -> None:
    pass


def command(program: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", f"tests.{program}", *map(str, arguments)]


def ran(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """In less time than a test has."""
    return subprocess.run(
        command(program, *arguments), cwd=ROOT, capture_output=True, text=True, check=False, timeout=58
    )
