"""Asking a person before something that cannot be undone."""

import sys
from collections.abc import Callable

from resqued.cli.terminal import printable

YES = {"y", "yes"}


def agreed(question: str, *, yes: bool, refuse: Callable[[str], object]) -> bool:
    """Whether `question` is answered with yes. Where nobody can be asked, `refuse` says so: it must have been said."""
    if yes:
        return True
    if not sys.stdin.isatty():
        refuse("nobody can be asked here; say --yes")
    sys.stderr.write(f"{printable(question)} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in YES
