"""Who a process is, beyond its pid, which the next one may have."""

import os
from dataclasses import dataclass
from pathlib import Path

from resqued import processes


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What a pid means nothing without: the boot and the pid namespace that it was given in, and its start time."""

    boot: str
    pids: str
    pid: int
    born: int  # clock ticks since boot


@dataclass(frozen=True, slots=True)
class Life:
    """Of the process that has a certain pid now."""

    state: str
    parent: int
    born: int  # clock ticks since boot


def _life(pid: int) -> Life:
    """Raises OSError if there is no such process, or no /proc."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    facts = text.rpartition(")")[2].split()  # the command, in brackets, may hold anything
    return Life(facts[0], int(facts[1]), int(facts[19]))


def whereabouts() -> Whereabouts:
    """Of this process. Empty where there is no /proc."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        pids = str(Path("/proc/self/ns/pid").readlink())
        return Whereabouts(boot, pids, os.getpid(), _life(os.getpid()).born)
    except OSError:
        return Whereabouts("", "", os.getpid(), 0)


def life(pid: int) -> Life | None:
    """None if there is no such process, or none to be seen. One that has ended and was not reaped is still there."""
    try:
        return _life(pid)
    except OSError:
        return None


def is_alive(pid: int, born: int) -> bool:
    """Whether the process that got `pid` at `born` still runs, on this machine. In doubt it does.

    One that has ended and was not reaped does not run. One of another user may be hidden from us.
    """
    if not processes.exists(pid):
        return False
    try:
        now = _life(pid)
    except OSError:
        return True
    return now.born == born and now.state not in "ZX"
