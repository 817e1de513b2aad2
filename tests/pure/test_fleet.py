"""What the master should do next: histories are replayed, facts in, plans out."""

from collections.abc import Sequence

import pytest

from resqued.escalation import Mood
from tests.pure.history import History

TERM_PATIENCE, INT_PATIENCE, KILL_PATIENCE, SERVICE_PATIENCE = 39.0, 19.0, 15.0, 10.0  # with the limits of `History`
STOPS = [mood for mood in Mood if mood is not Mood.RUNNING]


def running(workers: int = 1, services: Sequence[str] = ()) -> History:
    history = History({"mail": workers}, services)
    history.act()
    return history


def stopping(mood: Mood, workers: int = 1, services: Sequence[str] = ()) -> History:
    history = running(workers, services)
    history.shut(mood)
    return history


# Start


def test_each_pool_gets_its_workers() -> None:
    history = History({"mail": 2, "reports": 1})

    assert history.act() == ["spawn mail.0", "spawn mail.1", "spawn reports.0"]


def test_a_pool_of_no_workers_gets_none() -> None:
    assert History({"mail": 0}).act() == []


def test_services_start_before_those_who_need_them() -> None:
    assert History({"mail": 1}, ["redis"]).act() == ["spawn redis", "spawn mail.0"]


def test_each_worker_has_a_row_of_its_own() -> None:
    fleet = History({"mail": 2, "reports": 2}, ["redis"]).fleet

    assert [slot.row for slot in fleet.workers] == [0, 1, 2, 3]


def test_a_complete_fleet_wants_nothing() -> None:
    history = running(2)

    assert (history.act(), history.sleep()) == ([], None)


def test_a_running_fleet_is_never_done() -> None:
    assert not History({"mail": 0}).fleet.done


# Deaths


def test_an_exit_is_known_by_its_slot() -> None:
    history = running()

    assert history.fleet.exited(101, history.now, was_ready=lambda _: True) is history.slot("mail.0")


def test_the_exit_of_a_stranger_is_nobody_of_ours() -> None:
    history = running()

    assert history.fleet.exited(1, history.now, was_ready=lambda _: True) is None
    assert history.act() == []


def test_an_exit_that_is_heard_twice_counts_once() -> None:
    history = running()
    history.exits("mail.0")

    assert history.fleet.exited(101, history.now, was_ready=lambda _: True) is None
    assert history.act() == []


def test_a_worker_that_dies_is_replaced_at_once() -> None:
    assert running(2).exits("mail.1") == ["spawn mail.1"]


def test_a_service_that_dies_is_replaced_at_once() -> None:
    assert running(1, ["redis"]).exits("redis") == ["spawn redis"]


def test_a_worker_that_died_before_it_was_ready_is_replaced_after_a_while() -> None:
    history = running()

    assert history.exits("mail.0", ready=False) == []
    assert history.sleep() == 0.25
    assert history.wait(0.25) == ["spawn mail.0"]


def test_the_third_death_in_a_row_is_followed_by_a_pause() -> None:
    history = running()

    assert [history.exits("mail.0", lived=1.0) for _ in range(3)] == [["spawn mail.0"], ["spawn mail.0"], []]
    assert history.sleep() == 0.25


def test_the_end_of_a_long_life_is_the_first_death_in_a_row() -> None:
    history = running()

    assert history.exits("mail.0", lived=3600.0) == ["spawn mail.0"]
    assert history.exits("mail.0", lived=1.0) == ["spawn mail.0"]
    assert history.exits("mail.0", lived=1.0) == []


def crash(history: History, times: int, *, ready: bool = True) -> list[float]:
    """The worker dies again and again, as soon as it has started. Returns the pauses."""
    pauses = []
    for _ in range(times):
        history.exits("mail.0", ready=ready)
        pauses.append(history.sleep() or 0.0)
        if pauses[-1]:
            history.wake()
    return pauses


def test_a_crash_loop_becomes_slower_and_slower() -> None:
    assert crash(running(), 10) == [0, 0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0]


def test_a_worker_that_never_gets_ready_is_tried_more_and_more_rarely() -> None:
    assert crash(running(), 4, ready=False) == [0.25, 0.5, 1.0, 2.0]


def test_a_long_pause_is_no_sign_of_health() -> None:
    history = running()
    crash(history, 10)
    history.exits("mail.0", lived=1.0)

    assert history.sleep() == 15.0


def test_a_long_life_ends_a_crash_loop() -> None:
    history = running()
    crash(history, 10)

    assert history.exits("mail.0", lived=10.0) == ["spawn mail.0"]


def test_a_life_that_is_not_long_does_not_end_a_crash_loop() -> None:
    history = running()
    crash(history, 10)

    assert history.exits("mail.0", lived=9.9) == []


def test_after_a_long_life_the_next_crash_loop_begins_with_a_short_pause() -> None:
    history = running()
    crash(history, 10)
    history.exits("mail.0", lived=10.0)

    assert crash(history, 2) == [0, 0.25]


def test_a_long_time_without_getting_ready_is_no_sign_of_health() -> None:
    history = running()
    crash(history, 2, ready=False)
    history.exits("mail.0", lived=60.0, ready=False)

    assert history.sleep() == 1.0


def test_the_crash_loop_of_one_slot_does_not_slow_down_another() -> None:
    history = running(2)
    for _ in range(3):
        history.exits("mail.0")

    assert history.exits("mail.1") == ["spawn mail.1"]


def test_the_master_wakes_for_the_slot_whose_pause_ends_first() -> None:
    history = running(2)
    history.exits("mail.0", ready=False)
    history.now += 0.1
    history.exits("mail.1", ready=False)

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


# A wish to stop


@pytest.mark.parametrize("mood", STOPS)
def test_every_worker_is_told_of_a_wish_to_stop(mood: Mood) -> None:
    assert running(2).shut(mood) == [f"tell mail.0 {mood.name}", f"tell mail.1 {mood.name}"]


@pytest.mark.parametrize("mood", STOPS)
def test_a_wish_is_passed_on_once(mood: Mood) -> None:
    history = stopping(mood)

    assert history.shut(mood) == []


def test_a_firmer_wish_is_passed_on_too() -> None:
    history = stopping(Mood.DRAINING)

    assert [history.shut(mood) for mood in (Mood.STOPPING, Mood.HURRYING, Mood.KILLING)] == [
        ["tell mail.0 STOPPING"],
        ["tell mail.0 HURRYING"],
        ["tell mail.0 KILLING"],
    ]


def test_of_two_wishes_at_once_the_firmer_one_is_passed_on() -> None:
    history = running()
    history.fleet.shut(Mood.HURRYING, history.now)

    assert history.shut(Mood.STOPPING) == ["tell mail.0 HURRYING"]


def test_a_late_quit_does_not_soften_a_term() -> None:
    history = stopping(Mood.STOPPING)
    history.shut(Mood.DRAINING)

    assert history.fleet.mood is Mood.STOPPING


def test_who_leaves_is_not_replaced() -> None:
    assert stopping(Mood.DRAINING, workers=2).exits("mail.0", lived=60.0) == []


def test_a_slot_that_waits_for_its_turn_stays_empty() -> None:
    history = running(2)
    history.exits("mail.0", ready=False)

    assert history.shut(Mood.DRAINING) == ["tell mail.1 DRAINING"]
    assert (history.sleep(), history.wait(60.0)) == (None, [])


def test_a_fleet_with_nobody_left_is_done_at_once() -> None:
    history = running()
    history.exits("mail.0", ready=False)
    history.shut(Mood.DRAINING)

    assert history.fleet.done


def test_a_fleet_that_stops_before_it_started_is_done_at_once() -> None:
    history = History({"mail": 2}, ["redis"])

    assert history.shut(Mood.STOPPING) == []
    assert history.fleet.done


def test_a_fleet_is_done_when_the_last_one_has_gone() -> None:
    history = stopping(Mood.STOPPING, workers=2)
    history.exits("mail.0")
    before = history.fleet.done
    history.exits("mail.1")

    assert (before, history.fleet.done) == (False, True)


def test_a_worker_that_was_forked_in_the_very_moment_of_a_stop_is_told() -> None:
    history = History({"mail": 1})
    history.fleet.shut(Mood.STOPPING, history.now)
    history.fleet.spawned(history.slot("mail.0"), 101, history.now)

    assert history.act() == ["tell mail.0 STOPPING"]
    assert history.sleep() == TERM_PATIENCE


# The end of patience


def test_quit_waits_however_long() -> None:
    history = stopping(Mood.DRAINING)

    assert (history.sleep(), history.wait(1e6)) == (None, [])


@pytest.mark.parametrize(
    ("mood", "patience"),
    [(Mood.STOPPING, TERM_PATIENCE), (Mood.HURRYING, INT_PATIENCE), (Mood.KILLING, KILL_PATIENCE)],
)
def test_who_has_not_left_when_patience_ends_is_killed(mood: Mood, patience: float) -> None:
    history = stopping(mood, workers=2)

    assert history.sleep() == patience
    assert history.wait(patience - 0.1) == []
    assert history.wait(0.1) == ["kill mail.0", "kill mail.1"]


def test_a_firmer_wish_shortens_patience() -> None:
    history = stopping(Mood.STOPPING)
    history.now += 1.0
    history.shut(Mood.HURRYING)

    assert history.sleep() == INT_PATIENCE


def test_a_firmer_wish_never_prolongs_patience() -> None:
    history = stopping(Mood.STOPPING)
    history.now += 30.0
    history.shut(Mood.HURRYING)

    assert history.sleep() == TERM_PATIENCE - 30.0


def test_patience_with_a_drain_begins_with_the_term() -> None:
    history = stopping(Mood.DRAINING)
    history.now += 3600.0
    history.shut(Mood.STOPPING)

    assert history.sleep() == TERM_PATIENCE


def test_the_same_wish_again_does_not_prolong_patience() -> None:
    history = stopping(Mood.STOPPING)
    history.now += 10.0
    history.shut(Mood.STOPPING)

    assert history.sleep() == TERM_PATIENCE - 10.0


def test_who_was_killed_is_left_to_die() -> None:
    history = stopping(Mood.STOPPING)
    history.wait(TERM_PATIENCE)

    assert (history.wait(60.0), history.shut(Mood.KILLING), history.sleep()) == ([], [], None)


# Services at the end


def test_services_are_told_when_the_last_worker_has_gone() -> None:
    history = stopping(Mood.STOPPING, workers=2, services=["redis"])

    assert history.exits("mail.0") == []
    assert history.exits("mail.1") == ["tell redis STOPPING"]


def test_services_are_told_at_once_where_there_are_no_workers() -> None:
    assert running(0, ["redis"]).shut(Mood.DRAINING) == ["tell redis DRAINING"]


def test_services_are_not_replaced_during_a_stop() -> None:
    assert stopping(Mood.DRAINING, services=["redis"]).exits("redis") == []


@pytest.mark.parametrize("mood", STOPS)
def test_a_service_that_does_not_end_is_killed(mood: Mood) -> None:
    history = stopping(mood, services=["redis"])
    history.exits("mail.0")

    assert history.sleep() == SERVICE_PATIENCE
    assert history.wait(SERVICE_PATIENCE) == ["kill redis"]


def test_that_workers_had_to_be_killed_costs_a_service_no_time() -> None:
    history = stopping(Mood.HURRYING, services=["redis"])
    history.wait(INT_PATIENCE)
    history.now += 60.0

    assert history.exits("mail.0") == ["tell redis HURRYING"]
    assert history.sleep() == SERVICE_PATIENCE


def test_a_firmer_wish_does_not_prolong_the_time_of_a_service() -> None:
    history = stopping(Mood.STOPPING, services=["redis"])
    history.exits("mail.0")
    history.now += 4.0
    history.shut(Mood.KILLING)

    assert history.sleep() == SERVICE_PATIENCE - 4.0


def test_while_killed_workers_linger_the_master_sleeps_although_services_wait() -> None:
    history = stopping(Mood.HURRYING, services=["redis"])
    history.wait(INT_PATIENCE)

    assert history.sleep() is None


def test_a_fleet_is_not_done_before_its_services_have_gone() -> None:
    history = stopping(Mood.STOPPING, services=["redis"])
    history.exits("mail.0")
    before = history.fleet.done
    history.exits("redis")

    assert (before, history.fleet.done) == (False, True)
