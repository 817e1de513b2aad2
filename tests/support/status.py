"""What the kernel says of a process (`/proc/PID/status`), above all of its signals."""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tests.support.waiting import eventually


def status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def signals_in(mask: str) -> set[int]:
    """The numbers in a field such as SigIgn."""
    bits = int(mask, 16)
    return {number for number in range(1, 65) if bits >> (number - 1) & 1}


def is_at_work(pid: int) -> bool:
    """Neither stopped nor dead."""
    return status(pid)["State"][0] in "RSD"


def deliver(pid: int, number: int) -> None:
    """Send a signal, and return when it has had its effect on the process, if it still lives."""
    os.kill(pid, number)
    with suppress(FileNotFoundError):  # it has ended
        eventually(lambda: number not in signals_in(status(pid)["ShdPnd"]))


def spray(pid: int, numbers: Iterable[int]) -> None:
    """Let many signals come at the very same time."""
    os.kill(pid, signal.SIGSTOP)
    eventually(lambda: status(pid)["State"][0] == "T")
    for number in numbers:
        os.kill(pid, number)
    os.kill(pid, signal.SIGCONT)
    eventually(lambda: status(pid)["State"][0] != "T" and not signals_in(status(pid)["ShdPnd"]))
