"""What the kernel says of some processes and all their descendants together."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil


def workers_of(master: int) -> list[psutil.Process]:
    """Of one of resqued, which has other children, too: who settles what the dead have left."""
    return [child for child in psutil.Process(master).children() if _is_worker(child)]


def _is_worker(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return " ".join(process.cmdline()).startswith("resque-")
    return False


def proportional_set(heads: Sequence[int]) -> float:
    """PSS in MB (10⁶ bytes)."""
    return sum(_pss(member) for member in _members(heads)) / 1e6


def _pss(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def processor_time(heads: Sequence[int]) -> float:
    """Seconds so far, to the nanosecond (`times` counts in hundredths), of what is running now."""
    return sum(_on_processor(member) for member in _members(heads)) / 1e9


def _on_processor(pid: int) -> int:
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads)


def _members(heads: Sequence[int]) -> list[int]:
    return [
        member.pid
        for head in heads
        for member in (psutil.Process(head), *psutil.Process(head).children(recursive=True))
    ]
