"""The pipes between a master and its workers."""

import os
from collections.abc import Iterator

import pytest

from resqued.lifeline import Bell
from tests.support.waiting import readable


@pytest.fixture
def bell() -> Iterator[Bell]:
    bell = Bell()
    yield bell
    for end in bell.pipe:
        os.close(end)


def is_ringing(bell: Bell) -> bool:
    return readable(bell, within=0)


def test_a_bell_that_nobody_has_rung_is_quiet(bell: Bell) -> None:
    assert not is_ringing(bell)
    bell.hush()  # which does not wait for somebody to ring


def test_what_a_worker_rings_its_master_hears(bell: Bell) -> None:
    pid = os.fork()
    if pid == 0:
        bell.ring()
        os._exit(0)
    os.waitpid(pid, 0)

    assert is_ringing(bell)


def test_a_bell_is_quiet_again_however_often_it_was_rung(bell: Bell) -> None:
    for _ in range(100_000):  # more than a pipe holds
        bell.ring()
    bell.hush()
    assert not is_ringing(bell)
    bell.ring()

    assert is_ringing(bell)


def test_who_rings_when_nobody_is_there_any_more_is_not_harmed() -> None:
    bell = Bell()
    os.close(bell.fileno())
    bell.ring()
