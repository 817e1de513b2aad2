"""Jobs that note themselves in a file, TEST_LEDGER, which knows nothing of Redis and outlives it."""

import os
import time
from pathlib import Path


def note(text):
    """One line, whoever else is writing."""
    ledger = os.open(os.environ["TEST_LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(ledger, f"{text}\n".encode())
    os.close(ledger)


class Note:
    """Note `text`, after so many seconds."""

    queue = "work"

    @staticmethod
    def perform(text, seconds=0):
        time.sleep(seconds)
        note(text)


class Sign:
    """Note `text` and which daemon, by its environment, this is."""

    queue = "work"

    @staticmethod
    def perform(text):
        note(f"{text} {os.environ['TEST_DAEMON']}")


class Bare:
    """Note all that anybody can see of this process, then fail."""

    queue = "work"

    @staticmethod
    def perform():
        for view in ("cmdline", "environ", "status"):
            note(repr(Path(f"/proc/self/{view}").read_text()))
        raise ValueError("seen enough")
