"""When a worker gives way to a fresh one."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resqued.wear import JITTER, Wear

BORN = 1000.0
MIB = 1024**2
chances = st.floats(min_value=0, max_value=1, exclude_max=True)


def wear(*, jobs: int = 0, age: float = 0.0, memory: int = 0, chance: Callable[[], float] = lambda: 0.0) -> Wear:
    return Wear(max_jobs=jobs, max_age=age, max_memory=memory, born=BORN, chance=chance)


def performed(worn: Wear, jobs: int, memory: int = 0) -> Wear:
    for _ in range(jobs):
        worn.performed(memory)
    return worn


def test_a_worker_without_limits_is_never_worn() -> None:
    assert performed(wear(), 10_000, 1 << 40).reason(BORN + 1e9) is None


@pytest.mark.parametrize(("jobs", "reason"), [(0, None), (2, None), (3, "max_jobs"), (4, "max_jobs")])
def test_so_many_jobs_wear_a_worker_out(jobs: int, reason: str | None) -> None:
    assert performed(wear(jobs=3), jobs).reason(BORN) == reason


@pytest.mark.parametrize(("seconds", "reason"), [(0, None), (59, None), (60, "max_age"), (61, "max_age")])
def test_age_wears_a_worker_out(seconds: float, reason: str | None) -> None:
    assert wear(age=60.0).reason(BORN + seconds) == reason


@pytest.mark.parametrize(("memory", "reason"), [(0, None), (64 * MIB, None), (64 * MIB + 1, "max_memory")])
def test_memory_wears_a_worker_out(memory: int, reason: str | None) -> None:
    assert performed(wear(memory=64 * MIB), 1, memory).reason(BORN) == reason


def test_a_worker_performs_one_job_however_much_memory_it_was_born_with() -> None:
    assert wear(memory=1).reason(BORN) is None


def test_memory_that_was_given_back_is_forgiven() -> None:
    worn = performed(wear(memory=MIB), 1, 2 * MIB)
    worn.performed(MIB)

    assert worn.reason(BORN) is None


def test_only_who_heeds_memory_need_look_at_it() -> None:
    assert [worn.heeds_memory for worn in (wear(), wear(jobs=1, age=1), wear(memory=1))] == [False, False, True]


@given(limit=st.integers(min_value=1, max_value=10_000), chance=chances)
def test_no_worker_performs_more_jobs_than_its_limit_or_less_than_nine_tenths_of_it(limit: int, chance: float) -> None:
    worn, jobs = wear(jobs=limit, chance=lambda: chance), 0
    while worn.reason(BORN) is None:
        worn.performed(0)
        jobs += 1

    assert max(1, limit * (1 - JITTER)) <= jobs <= limit


@given(limit=st.floats(min_value=1, max_value=1e6), chance=chances)
def test_no_worker_lives_longer_than_its_limit_or_less_than_nine_tenths_of_it(limit: float, chance: float) -> None:
    worn = wear(age=limit, chance=lambda: chance)

    assert worn.reason(BORN + limit + 0.001) == "max_age"
    assert worn.reason(BORN + limit * (1 - JITTER) - 0.001) is None


def test_workers_that_were_born_together_do_not_go_together() -> None:
    early, late = wear(age=100.0, chance=lambda: 0.9), wear(age=100.0, chance=lambda: 0.1)

    assert [worn.reason(BORN + 95.0) for worn in (early, late)] == ["max_age", None]


def test_each_limit_draws_its_own_chance_once() -> None:
    draws = iter([0.0, 0.5, 0.9])
    worn = wear(jobs=10, age=100.0, memory=100, chance=lambda: next(draws))

    assert performed(worn, 9).reason(BORN) is None
