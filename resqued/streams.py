"""Standard input, output and error."""

import os
import sys


def ensure_all() -> None:
    """Whoever started us may have closed them; what we open would then be taken for them."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free: this one


def use_null_as_input() -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)


def flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:  # noqa: SIM105  `suppress` is more code, of which a job has to copy the pages
            stream.flush()
        except (OSError, ValueError, AttributeError):  # closed, full, or not there at all
            pass
