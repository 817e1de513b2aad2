"""Pools that follow the work: quick to grow, slow to shrink."""

import pytest

from resqued.escalation import Mood
from resqued.fleet import Say, Size
from tests.pure.history import History


def elastic(least: int = 2, most: int = 16, spare: int = 1) -> History:
    history = History({"mail": Size(least, most, spare)})
    history.act()
    return history


def wanted(history: History) -> int:
    return history.fleet.pools["mail"].wanted


def work(history: History, jobs: int, seconds: float) -> None:
    """For so many seconds there are so many jobs at once, or as many as there are workers."""
    until = history.now + seconds
    while history.now < until:
        for number, slot in enumerate(slot for slot in history.fleet.workers if slot.process):
            worker = history.worker(slot.name)
            worker.is_busy, worker.since = number < jobs, history.now
        for slot in [slot for slot in history.fleet.workers if slot.process and slot.process.told is Mood.DRAINING]:
            if not history.worker(slot.name).is_busy:
                history.ends(slot, well=True)
        history.act()
        history.now += 0.5


def test_the_scoreboard_is_looked_at_once_a_second() -> None:
    history = elastic()
    sleeps = []
    for _ in range(3):
        sleeps.append(history.sleep())
        history.wake()

    assert sleeps == [1.0, 1.0, 1.0]


def test_a_pool_without_elasticity_needs_no_looks() -> None:
    history = elastic(4, 4)

    assert history.sleep() == 120.0


def test_an_idle_pool_stays_as_small_as_it_may_be() -> None:
    history = elastic()
    work(history, jobs=0, seconds=300)

    assert wanted(history) == 2


def test_a_pool_whose_workers_are_all_busy_grows() -> None:
    history = elastic()
    history.is_busy("mail.0", "mail.1")

    assert history.live(2.0) == ["pool.resized", "spawn mail.2"]


def test_what_is_busy_for_a_moment_does_not_make_a_pool_grow() -> None:
    history = elastic()
    for _ in range(10):
        history.is_busy("mail.0", "mail.1")
        history.wait(1.0)
        history.is_idle("mail.0", "mail.1")
        history.wait(1.0)

    assert wanted(history) == 2


def test_a_large_pool_grows_by_half() -> None:
    history = elastic(8)
    history.is_busy(*history.names())
    history.live(2.0)

    assert wanted(history) == 12


def test_a_pool_never_grows_beyond_its_most() -> None:
    history = elastic(2, 5)
    work(history, jobs=100, seconds=60)

    assert (wanted(history), len(history.names())) == (5, 5)


def test_a_pool_has_as_many_to_spare_as_it_shall() -> None:
    history = elastic(1, 16, spare=4)
    work(history, jobs=3, seconds=300)

    assert wanted(history) == 7


def test_a_pool_shrinks_after_half_a_minute_in_which_somebody_was_never_needed() -> None:
    history = elastic()
    work(history, jobs=7, seconds=110)
    before = wanted(history)
    work(history, jobs=3, seconds=29)
    meanwhile = wanted(history)
    work(history, jobs=3, seconds=40)

    assert (before, meanwhile, wanted(history)) == (8, 8, 4)


def test_work_that_comes_in_waves_keeps_a_pool_large() -> None:
    history = elastic()
    work(history, jobs=7, seconds=60)
    for _ in range(10):
        work(history, jobs=0, seconds=20)
        work(history, jobs=7, seconds=2)

    assert wanted(history) == 8


def test_a_pool_that_shrinks_says_so() -> None:
    history = elastic()
    work(history, jobs=2, seconds=10)
    history.done.clear()
    work(history, jobs=0, seconds=70)

    assert [action for _, action in history.done if isinstance(action, Say)] == [
        Say("pool.resized", {"pool": "mail", "workers": 2, "was": 3})
    ]


def test_who_leaves_for_want_of_work_is_idle() -> None:
    history = elastic(1, 4)
    history.fleet.resize("mail", 3)
    history.act()
    history.is_busy("mail.1", "mail.3")
    told = [line for line in history.live(65.0) if line.startswith("tell")]

    assert told == ["tell mail.2 DRAINING"]


@pytest.mark.parametrize("spare", [0, 1, 3])
@pytest.mark.parametrize("jobs", [0, 1, 5, 12])
def test_a_steady_load_leads_to_a_steady_size(jobs: int, spare: int) -> None:
    history = elastic(0, 12, spare)
    work(history, jobs, seconds=120)
    history.done.clear()
    work(history, jobs, seconds=300)

    assert not [action for _, action in history.done if isinstance(action, Say)]
    assert wanted(history) == min(12, jobs + max(1, spare))


@pytest.mark.parametrize(("by", "least", "most"), [(5, 2, 3), (-5, 2, 3)])
def test_an_operator_cannot_take_an_elastic_pool_beyond_its_bounds_for_long(by: int, least: int, most: int) -> None:
    history = elastic(least, most)
    history.fleet.resize("mail", by)
    history.live(1.0)

    assert least <= wanted(history) <= most


def test_an_operator_may_be_ahead_of_the_work() -> None:
    history = elastic(2, 8)
    history.fleet.resize("mail", 4)

    assert history.live(20.0)[:4] == ["spawn mail.2", "spawn mail.3", "spawn mail.4", "spawn mail.5"]
    assert wanted(history) == 6


def replacing(history: History, size: Size) -> None:
    """A reload, after which all old workers have been asked to leave."""
    history.reload({"mail": size})
    while not any(line == "rollout.replacing" for line in history.act()):
        leaving = [slot.name for slot in history.fleet.workers if slot.process and slot.process.retired]
        for name in leaving:
            if not history.worker(name).is_busy:
                history.leaves(name)
        history.now += 1.0


def test_a_roll_out_does_not_make_a_busy_pool_smaller() -> None:
    history = elastic(2, 8)
    history.fleet.resize("mail", 6)
    history.act()
    history.is_busy(*(f"mail.{number}" for number in range(7)))
    replacing(history, Size(2, 8, spare=1))
    history.is_busy("mail.7")
    history.live(120.0)

    assert wanted(history) == 8


def test_long_jobs_of_workers_that_leave_are_work_too() -> None:
    history = elastic(2, 8)
    work(history, jobs=5, seconds=60)
    history.is_busy(*history.names())
    history.fleet.resize("mail", -4)
    history.live(2.0)

    assert wanted(history) > 6
    assert len(history.names()) <= wanted(history)
