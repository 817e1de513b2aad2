"""How often a slot is filled again: at once after an accident, more and more rarely in a crash loop."""

from random import Random

import pytest

from resqued.fleet import Spawn
from tests.pure.history import START, History


def running(workers: int = 1, *, gets_ready: bool = True) -> History:
    history = History({"mail": workers}, gets_ready=gets_ready)
    history.act()
    return history


def crash(history: History, times: int, *, lived: float = 0.0) -> list[float]:
    """The worker dies again and again, as soon as it has started or so many seconds after. Returns the pauses."""
    pauses = []
    for _ in range(times):
        filled = "spawn mail.0" in history.exits("mail.0", lived=lived)
        pauses.append(0.0 if filled else history.sleep() or 0.0)
        if not filled:
            history.wake()
    return pauses


def test_a_worker_that_died_before_it_was_ready_is_replaced_after_a_while() -> None:
    history = running(gets_ready=False)

    assert history.exits("mail.0") == []
    assert history.sleep() == 0.25
    assert history.wait(0.25) == ["spawn mail.0"]


def test_a_worker_that_never_gets_ready_is_tried_more_and_more_rarely() -> None:
    assert crash(running(gets_ready=False), 4) == [0.25, 0.5, 1.0, 2.0]


def test_the_third_death_in_ten_seconds_is_followed_by_a_pause() -> None:
    assert crash(running(), 3, lived=1.0) == [0, 0, 0.25]


def test_a_crash_loop_becomes_slower_and_slower() -> None:
    assert crash(running(), 10) == [0, 0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0]


def test_who_lives_for_five_seconds_each_time_is_replaced_at_once() -> None:
    assert crash(running(), 20, lived=5.0) == [0] * 20


def test_the_end_of_a_long_life_is_the_first_death_in_a_row() -> None:
    history = running()

    assert crash(history, 1, lived=3600.0) == [0]
    assert crash(history, 2, lived=1.0) == [0, 0.25]


def test_a_long_pause_is_no_sign_of_health() -> None:
    history = running()
    crash(history, 10)
    history.exits("mail.0", lived=1.0)

    assert history.sleep() == 15.0


def test_a_long_time_without_getting_ready_is_no_sign_of_health() -> None:
    history = running(gets_ready=False)
    crash(history, 2)

    assert crash(history, 1, lived=60.0) == [1.0]


def test_a_long_time_until_it_was_ready_is_no_sign_of_health_either() -> None:
    history = running(gets_ready=False)
    pauses = []
    for _ in range(3):
        history.wait(60.0)
        history.is_ready("mail.0")
        pauses += crash(history, 1)

    assert pauses == [0, 0, 0.25]


def test_a_long_life_ends_a_crash_loop() -> None:
    history = running()
    crash(history, 10)

    assert crash(history, 1, lived=10.0) == [0]


def test_a_life_that_is_not_long_does_not_end_a_crash_loop() -> None:
    history = running()
    crash(history, 10)

    assert history.exits("mail.0", lived=9.9) == []


def test_after_a_long_life_the_next_crash_loop_begins_with_a_short_pause() -> None:
    history = running()
    crash(history, 10)
    crash(history, 1, lived=10.0)

    assert crash(history, 2) == [0, 0.25]


def test_work_makes_up_for_deaths() -> None:
    history = running()
    hurried = crash(history, 6)
    crash(history, 2, lived=4.9)  # twice nearly five seconds, which make up for nearly three deaths

    assert hurried[-1] == 2.0
    assert crash(history, 1)[0] == pytest.approx(2.0, rel=0.1)  # which would be 16 without


def test_the_crash_loop_of_one_slot_does_not_slow_down_another() -> None:
    history = running(2)
    for _ in range(3):
        history.exits("mail.0")

    assert history.exits("mail.1") == ["spawn mail.1"]


def test_the_master_wakes_for_the_slot_whose_pause_ends_first() -> None:
    history = running(2, gets_ready=False)
    history.exits("mail.0")
    history.now += 0.1
    history.exits("mail.1")

    assert history.sleep() == pytest.approx(0.15)


def test_when_there_can_be_no_more_processes_the_master_tries_again_later() -> None:
    history = History({"mail": 1})
    history.can_fork = False
    history.act()

    assert history.sleep() == 0.25
    assert history.wait(0.24) == []
    assert history.wait(0.01) == ["spawn mail.0"]


def test_as_long_as_there_can_be_no_more_processes_it_tries_more_and_more_rarely() -> None:
    history = History({"mail": 1})
    history.can_fork = False
    history.act()
    pauses = []
    for _ in range(4):
        pauses.append(history.sleep())
        history.wake()

    assert pauses == [0.25, 0.5, 1.0, 2.0]


# Over hours


HOUR = 3600.0


def starts_in_an_hour(workers: int, *, lived: float, gets_ready: bool, luck: Random) -> list[float]:
    """When somebody was started in a pool of which every worker dies after so many seconds."""
    history = History({"mail": workers}, gets_ready=gets_ready, chance=luck.random)
    history.act()
    deaths: dict[int, float] = {}
    while history.now < START + HOUR:
        deaths = {slot.pid: deaths.get(slot.pid, history.now + lived) for slot in history.living() if slot.pid}
        times = [*deaths.values(), *([history.fleet.wakes_at() or 0.0] if history.sleep() else [])]
        history.now = max(history.now, min(times))
        for slot in history.living():
            if slot.pid and deaths[slot.pid] <= history.now:
                history.ends(slot)
        history.act()
    return [at for at, action in history.done if isinstance(action, Spawn)]


@pytest.mark.parametrize("lived", [0.0, 0.1, 1.0, 3.0])
def test_a_crash_loop_is_soon_down_to_less_than_six_starts_a_minute(lived: float) -> None:
    starts = starts_in_an_hour(1, lived=lived, gets_ready=True, luck=Random(1))

    assert 60 < sum(at > START + HOUR / 2 for at in starts) < 6 * 30


@pytest.mark.parametrize("workers", [1, 8, 200])
def test_a_pool_that_never_gets_ready_starts_no_more_processes_the_larger_it_is(workers: int) -> None:
    starts = starts_in_an_hour(workers, lived=0.2, gets_ready=False, luck=Random(1))

    assert 60 < sum(at > START + HOUR / 2 for at in starts) < 6 * 30


# Eight workers, of which one is killed each second


def capacity(luck: Random, *, start: float, seconds: float = 300.0) -> float:
    """The part of eight workers that was ready, on average. `start`: seconds until one is."""
    history = History({"mail": 8}, gets_ready=False, chance=luck.random)
    history.act()
    ready_for = 0.0
    for tick in range(1, int(seconds * 10) + 1):
        history.now = START + tick / 10
        for slot in history.fleet.workers:
            if slot.process:
                history.worker(slot.name).is_ready = history.now >= slot.process.spawned_at + start
        if tick % 10 == 0:
            history.ends(luck.choice(history.living()))
        history.act()
        ready_for += sum(slot.process.is_ready for slot in history.living() if slot.process) / 10
    return ready_for / (8 * seconds)


@pytest.mark.parametrize("seed", range(5))
def test_of_eight_workers_of_which_one_is_killed_each_second_nine_in_ten_are_there(seed: int) -> None:
    assert capacity(Random(seed), start=0.1) > 0.9
