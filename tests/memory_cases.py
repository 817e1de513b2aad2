"""How much memory a job uses."""

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import pytest

from resqued import kin, memory
from resqued.memory import Watch, used_by
from tests.support.forks import daemonised, fork, forked

MIB = 1024**2
PRIVATE = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
SHARED = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS
kept: list[mmap.mmap] = []


def write(place: mmap.mmap) -> None:
    for page in range(0, len(place), mmap.PAGESIZE):
        place[page] = 1


def read(place: mmap.mmap) -> int:
    return sum(place[page] for page in range(0, len(place), mmap.PAGESIZE))


def taken(mib: int, flags: int = PRIVATE) -> mmap.mmap:
    """Memory of which each page has been written, kept until its process ends."""
    place = mmap.mmap(-1, mib * MIB, flags=flags)
    write(place)
    kept.append(place)
    return place


@contextmanager
def inherited(mib: int) -> Iterator[mmap.mmap]:
    """What a worker has before it forks a job."""
    with mmap.mmap(-1, mib * MIB, flags=PRIVATE) as place:
        write(place)
        yield place


def used(job: int) -> float:
    """MiB, of this process and all that descend from it."""
    return used_by([job, *kin.descendants(job)]) / MIB


def about(mib: int) -> object:
    return pytest.approx(mib, abs=10)


def test_a_job_begins_at_about_nothing() -> None:
    with inherited(64), forked() as job:
        assert used(job) == about(0)


def test_what_a_job_takes_counts() -> None:
    with forked(lambda: taken(64)) as job:
        assert used(job) == about(64)


def test_what_a_job_inherits_counts_when_it_writes_there_for_that_makes_a_copy() -> None:
    with inherited(64) as place, forked(), forked(lambda: write(place)) as job:  # the worker has other children, too
        assert used(job) == about(64)


def test_to_read_what_it_inherits_costs_nothing() -> None:
    with inherited(64) as place, forked(lambda: read(place)) as job:
        assert used(job) == about(0)


def test_what_the_processes_of_a_job_share_counts_once() -> None:
    with forked(lambda: [taken(64), fork(), fork()]) as job:
        assert used(job) == about(64)


def test_what_each_process_of_a_job_has_counts_for_each() -> None:
    with forked(lambda: [taken(32), fork(lambda: taken(32)), fork(lambda: taken(32))]) as job:
        assert used(job) == about(96)


def test_shared_memory_counts_once() -> None:
    def act() -> None:
        place = taken(64, SHARED)
        fork(lambda: read(place))

    with forked(act) as job:
        assert used(job) == about(64)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take rights from itself and have them back")
def test_of_a_process_that_may_not_be_looked_into_what_it_inherited_does_not_count() -> None:
    with inherited(64), forked(lambda: taken(32)) as job:
        os.seteuid(65534)
        try:
            assert used(job) == about(32)
        finally:
            os.seteuid(0)


def test_who_has_ended_uses_nothing() -> None:
    with forked() as job:
        pass

    assert used_by([job]) == 0


# Watched


def passed(watch: Watch) -> bool:
    return watch.is_passed(watch.looks_at)


def test_a_job_is_not_looked_at_before_it_is_time() -> None:
    watch = Watch(MIB)
    with forked(lambda: taken(16)):
        assert not watch.is_passed(watch.looks_at - 0.01)
        assert watch.used == 0


def test_a_watch_tells_once_that_the_cap_is_passed_and_by_how_much() -> None:
    watch = Watch(8 * MIB)
    with forked(lambda: taken(16)):
        assert passed(watch)
        assert watch.used / MIB == about(16)
        assert not watch.is_passed(monotonic() + 1e6)


def test_who_stays_below_the_cap_is_looked_at_again_a_moment_later() -> None:
    watch = Watch(64 * MIB)
    with inherited(128), forked(lambda: taken(16)):
        now = watch.looks_at

        assert not watch.is_passed(now)
        assert watch.looks_at >= now + memory.EVERY


def test_daemons_are_of_the_family_and_what_was_there_before_is_not() -> None:
    with forked(lambda: taken(32)):
        watch = Watch(8 * MIB)
        with forked(daemonised) as job:
            assert job in watch.family()
            assert len(watch.family()) == 2
            assert not passed(watch)
