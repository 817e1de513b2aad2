"""The cases of `memory_cases`, in a small process: at each fork handlers touch what thousands of tests have left."""

import subprocess
import sys
from pathlib import Path


def test_how_much_memory_a_job_uses() -> None:
    cases = Path(__file__).with_name("memory_cases.py")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(cases)]
    run = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr
