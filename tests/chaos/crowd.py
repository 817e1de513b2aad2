"""All processes that a run has started, by what they are. Nobody else's are ever seen here."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from tests.chaos.script import PROCESSES, Whom

HELPERS = {"pruning": Whom.PRUNER, "scheduler": Whom.SCHEDULER}  # as their titles call them


def crowd(masters: Iterable[int], *, without: Iterable[int]) -> Mapping[Whom, list[psutil.Process]]:
    """The living descendants of this process, sorted by pid. Workers whose master died come to it as its children."""
    heads, helpers = set(masters), set(without)
    found: dict[Whom, list[psutil.Process]] = {whom: [] for whom in PROCESSES}
    titles = {one: title_of(one.pid) for one in psutil.Process().children(recursive=True) if one.pid not in helpers}
    performing = {one.pid for one, title in titles.items() if title.startswith("resque-")}
    for one in sorted(titles, key=lambda one: one.pid):
        if kind := _kind(one, titles[one], heads, performing):
            found[kind].append(one)
    return found


def _kind(one: psutil.Process, title: str, masters: set[int], performing: set[int]) -> Whom | None:
    """None for what is not yet, or no longer, anything."""
    if one.pid in masters:
        return Whom.MASTER if title.startswith("resqued-") else None
    if title.startswith("resqued-"):
        return next((whom for what, whom in HELPERS.items() if f": {what}" in title), None)
    if one.pid in performing:
        return Whom.JOB if parent_of(one) in performing else Whom.WORKER
    return None


def parent_of(one: psutil.Process) -> int:
    """0 if it is gone."""
    with suppress(psutil.NoSuchProcess):
        return one.ppid()
    return 0


def title_of(pid: int) -> str:
    """As `ps` shows it; empty for a zombie, and for what is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def bury_orphans(but: Iterable[int]) -> None:
    """Reap whoever came to us when its parent died; the statuses of our own children are not ours to take."""
    ours = set(but)
    for child in psutil.Process().children():
        if child.pid not in ours and title_of(child.pid) == "":
            with suppress(ChildProcessError):
                os.waitpid(child.pid, os.WNOHANG)
