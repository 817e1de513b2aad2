"""Programs of the system that are asked something."""

import subprocess
from collections.abc import Sequence


def answer_of(command: Sequence[str], *, within: float) -> str | None:
    """What it writes; None if it fails, takes longer than so many seconds, or does not exist."""
    try:
        done = subprocess.run(  # noqa: S603  words of ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=within,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace")
