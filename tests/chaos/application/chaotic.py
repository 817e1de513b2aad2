"""The jobs. Each keeps a ledger of what it does, which no trouble with Redis can touch, and which survives a kill.

A line is one write to a file opened for appending: whole, and in the order of events.
"""

import fcntl
import os
import time

from resqued import JobTerminated, current_job

LEDGER = os.environ["CHAOS_LEDGER"]
CLAIMS = os.environ["CHAOS_CLAIMS"]


class Page:
    """What one process writes into the ledger: what, job, pid, time (ns, monotonic), worker, run."""

    def __init__(self, name: object) -> None:
        job = current_job()
        assert job
        self._name, self._place = name, f"{job.worker} {job.run}"
        self._ledger = os.open(LEDGER, os.O_WRONLY | os.O_APPEND)

    def say(self, what: str) -> None:
        line = f"{what} {self._name} {os.getpid()} {time.monotonic_ns()} {self._place}\n"
        os.write(self._ledger, line.encode())


def is_mine_alone(number: int) -> bool:
    """Claim job `number` for as long as this process lives. False if another process is at it at this moment.

    The claim is a lock on one byte of a file. The kernel lets go of it when the process ends, whatever it dies of.
    """
    claims = os.open(CLAIMS, os.O_RDWR)  # stays open: closing any descriptor of the file would give the claim up
    try:
        fcntl.lockf(claims, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
    except OSError:
        return False
    return True


class Perform:
    """Take so many seconds, then end as told: return, raise, or exit without a verdict."""

    @staticmethod
    def perform(name: int | str, seconds: float, ending: str) -> None:
        page = Page(name)
        page.say("start")
        if isinstance(name, int) and not is_mine_alone(name):
            page.say("twice")
        try:
            time.sleep(seconds)
            page.say("end")
        except JobTerminated:
            page.say("asked")
            raise
        if ending == "raise":
            raise ValueError(name)
        if ending == "exit":
            os._exit(3)
