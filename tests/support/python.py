"""Running a piece of Python in a process of its own: what a test may not do to the one that runs all tests."""

import subprocess
import sys
from collections.abc import Mapping
from textwrap import dedent


def run_python(code: str, *arguments: object, environment: Mapping[str, str] | None = None, within: float = 20) -> str:
    """What `code` prints, run with `arguments` as sys.argv[1:]. Fails unless it exits 0 within so many seconds."""
    argv = [sys.executable, "-W", "error", "-c", dedent(code), *map(str, arguments)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=within, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
