"""What an interpreter of another language says when it is asked."""

import subprocess
from collections.abc import Sequence


def complaint(argv: Sequence[str]) -> str:
    """The first line of what is wrong; empty if nothing is."""
    run = subprocess.run(argv, capture_output=True, text=True, check=False)
    return (run.stderr.partition("\n")[0] or f"it ends with status {run.returncode}") if run.returncode else ""


def answer(argv: Sequence[str]) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout
