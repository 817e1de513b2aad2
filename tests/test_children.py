"""What a worker hears of a job's process, through a pipe."""

import os
from collections.abc import Iterator

import pytest

from resqued.processes import Child, Exit
from resqued.verdict import DONE

SAID = b'["done"]\n'
ENDED = Exit(1, 0, None)


class Job:
    """The other end: what the process of a job writes."""

    def __init__(self) -> None:
        read, self._write = os.pipe()
        os.set_blocking(read, False)
        self.child = Child(1, read)

    def says(self, text: bytes) -> None:
        os.write(self._write, text)
        self.child.listen()

    def ends(self, last_words: bytes = b"") -> None:
        os.write(self._write, last_words)
        os.close(self._write)
        self._write = -1

    def close(self) -> None:
        self.child.end(ENDED)
        if self._write >= 0:
            os.close(self._write)


@pytest.fixture
def job() -> Iterator[Job]:
    made = Job()
    yield made
    made.close()


def test_a_verdict_is_heard_when_all_of_it_is_there(job: Job) -> None:
    job.says(SAID[:4])
    assert job.child.said is None

    job.says(SAID[4:])
    assert job.child.said == DONE


def test_after_its_verdict_only_its_end_is_to_be_heard(job: Job) -> None:
    job.says(SAID)
    assert job.child.fileno() >= 0

    job.ends()
    job.child.listen()
    assert job.child.said == DONE
    assert job.child.fileno() == -1


def test_the_last_words_of_a_process_that_has_ended_are_heard(job: Job) -> None:
    job.ends(SAID)
    job.child.end(ENDED)

    assert job.child.said == DONE


def test_a_verdict_with_something_behind_it_is_none(job: Job) -> None:
    job.ends(SAID + SAID)
    job.child.end(ENDED)

    assert job.child.said is None


def test_nor_is_what_never_ends(job: Job) -> None:
    for _ in range(40):
        job.says(bytes(32768))
        if job.child.fileno() < 0:
            break

    assert job.child.said is None
    assert job.child.fileno() == -1
