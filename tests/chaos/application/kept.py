"""Jobs with policies, which only workers keep that know them in time: they prove it by locks, as `chaotic` does."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from chaotic import CLAIMS, Page, Perform, is_mine_alone

from resqued import current_job

FIRST_GROUP = 1 << 30  # beyond the numbers of all jobs
AT_ONCE = 2


class Again:
    """Raise when it is tried for the first time. It may be tried three times more, of which kills take some."""

    retry = {"limit": 3, "backoff": 0}  # noqa: RUF012  nobody changes it
    concurrency = AT_ONCE

    @classmethod
    def perform(cls, name: int, seconds: float, _group: int) -> None:
        job = current_job()
        assert job
        with one_of_few(cls, name):
            Perform.perform(name, seconds, "return" if job.tried else "raise")


class Once:
    """The same, but it comes back later, through a scheduler; and from first to last there is no second one."""

    resque_name = "Once"  # locks are of jobs with this name
    retry = {"limit": 3, "backoff": [0.3, 1]}  # noqa: RUF012  as above
    unique = {"by": ["name"], "while": "unfinished"}  # noqa: RUF012  as above

    @staticmethod
    def perform(name: int, seconds: float, _group: int) -> None:
        job = current_job()
        assert job
        Perform.perform(name, seconds, "return" if job.tried else "raise")


class Alone:
    """Say so if another one of its group is at it at this moment."""

    unique = {"by": ["group"], "while": "running"}  # noqa: RUF012  as above

    @staticmethod
    def perform(name: int, seconds: float, group: int) -> None:
        if not is_mine_alone(FIRST_GROUP + group):
            Page(name).say("twice")
        Perform.perform(name, seconds, "return")
        give_up_claims()


class Turn:
    """Say so if as many as may are at it at this moment."""

    concurrency = AT_ONCE

    @classmethod
    def perform(cls, name: int, seconds: float, _group: int) -> None:
        with one_of_few(cls, name):
            Perform.perform(name, seconds, "return")


def give_up_claims() -> None:
    """For a process that performs several jobs: closing the file lets go of all that it has claimed."""
    os.close(os.open(CLAIMS, os.O_RDWR))


@contextmanager
def one_of_few(of: type, name: int) -> Iterator[None]:
    """Take one of so many places, for as long as this lasts, or its process lives."""
    files = [os.open(f"{CLAIMS}.{of.__name__}.{number}", os.O_RDWR | os.O_CREAT) for number in range(AT_ONCE)]
    try:
        if not any(map(is_taken, files)):
            Page(name).say("crowded")
        yield
    finally:
        for file in files:
            os.close(file)


def is_taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
