"""How much memory a job uses, with all the processes that it has started. Linux: /proc, 4.14 or newer.

A process that was forked shares nearly all of its memory with its parent; to count that again would count it for each.
So what counts is what the job's processes have to themselves, and their shares of what they share with each other:
of what a page holds that several processes have mapped, the kernel gives each its part (PSS). Parts of pages that the
worker has mapped, too, are not the job's. Files that are only read are not counted: the kernel can drop those pages.

That is exact but for pages which some of a job's processes share with their worker, and others do not; then it is too
little. To tell it the kernel walks over all page tables: 12 µs for each MiB. So it is asked only if the sum of the
resident sizes, which is never less and costs 5 µs for each process, passes the cap.
"""

import os
import re
from time import monotonic

from resqued import kin, procfs

EVERY = 0.25  # s between two looks
REST = 20  # times as long as a look took: it never costs more than a twentieth of a processor
FACT = re.compile(r"(?m)^(\w+):\s+(\d+) kB$")
UNWATCHED = "a cap needs Linux 4.14 or newer with /proc (smaps_rollup, children); remove it here"


class Watch:
    """Whether a job stays below its `cap` (bytes). To be made before the job's process is forked."""

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.used = 0  # bytes, when the cap was passed
        self.begin()
        self._strangers = frozenset(kin.children(os.getpid()))  # left behind by earlier jobs

    def begin(self) -> None:
        """A job of this process begins. Who ends soon costs nothing."""
        self.looks_at = monotonic() + EVERY

    def family(self) -> list[int]:
        """The job's processes: the one that was forked for it, and all that descend from it, daemons too."""
        return list(kin.descendants(os.getpid(), without=self._strangers))

    def is_passed(self, now: float) -> bool:
        """Look, if it is time to. True once."""
        if now < self.looks_at:
            return False
        family = self.family()
        if sum(map(procfs.resident, family)) > self.cap and (used := used_by(family)) > self.cap:
            self.used, self.looks_at = used, float("inf")
            return True
        self.looks_at = now + max(EVERY, REST * (monotonic() - now))
        return False


def used_by(family: list[int]) -> int:
    """Bytes that these descendants of this process use together, without what they share with it."""
    mine = _rollup(os.getpid())
    shared = max(0, mine["Pss"] - mine["Private"])
    return sum(_used(pid, shared, mine["Anonymous"]) for pid in family)


def can_be_watched() -> bool:
    return kin.can_be_known() and os.access("/proc/self/smaps_rollup", os.R_OK)


def shown(size: int) -> str:
    return f"{size / 1024**2:.1f} MiB"


def _used(pid: int, shared: int, inherited: int) -> int:
    try:
        memory = _rollup(pid)
    except PermissionError:  # it changed its user, and we may not look into the processes of others
        return max(0, _anonymous(pid) - inherited)
    except OSError:  # it has ended
        return 0
    return max(memory["Private"], memory["Pss"] - shared)


def _rollup(pid: int) -> dict[str, int]:
    """Bytes of memory that is no mere copy of a file: its PSS, and what nobody else has mapped. Raises OSError."""
    facts = _facts(f"/proc/{pid}/smaps_rollup")
    pss = facts["Pss_Anon"] + facts["Pss_Shmem"] if "Pss_Anon" in facts else facts.get("Pss", 0)  # since Linux 5.4
    return {"Pss": pss, "Private": facts.get("Private_Dirty", 0), "Anonymous": facts.get("Anonymous", 0)}


def _anonymous(pid: int) -> int:
    try:
        facts = _facts(f"/proc/{pid}/status")
    except OSError:
        return 0
    return facts.get("RssAnon", 0) + facts.get("RssShmem", 0)


def _facts(file: str) -> dict[str, int]:
    """The lines `name: number kB`, in bytes."""
    return {name: int(number) * 1024 for name, number in FACT.findall(procfs.read(file).decode(errors="replace"))}
