"""What the master should do next: histories are replayed, facts in, plans out."""

from collections.abc import Sequence

import pytest

from resqued.escalation import Mood
from resqued.fleet import Say, Size
from tests.pure.history import History

TERM_PATIENCE, INT_PATIENCE, KILL_PATIENCE = 39.0, 19.0, 15.0  # with the limits of `History`
SERVICE_PATIENCE, PRUNER_PATIENCE = 10.0, 15.0
STOPS = [mood for mood in Mood if mood is not Mood.RUNNING]


def running(workers: int = 1, services: Sequence[str] = (), *, gets_ready: bool = True) -> History:
    history = History({"mail": workers}, services, gets_ready=gets_ready)
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


def test_a_complete_fleet_wants_nothing() -> None:
    history = running(2)

    assert history.act() == []


def test_a_fleet_whose_workers_tick_sleeps_as_long_as_it_can_tell_that_they_do() -> None:
    assert running(2).sleep() == 120.0


def test_a_fleet_without_workers_sleeps_for_ever() -> None:
    assert running(0).sleep() is None


def test_a_running_fleet_is_never_done() -> None:
    assert not History({"mail": 0}).fleet.done


# Up, or hopeless


def test_a_fleet_is_up_when_every_worker_is_ready() -> None:
    history = running(2, gets_ready=False)
    history.is_ready("mail.0")
    before = history.fleet.is_up
    history.is_ready("mail.1")

    assert (before, history.fleet.is_up) == (False, True)


def test_a_fleet_without_workers_is_up() -> None:
    assert running(0).fleet.is_up


def test_a_fleet_of_which_no_worker_has_started_is_not_up() -> None:
    assert not History({"mail": 1}).fleet.is_up


def stillborn(history: History, *names: str) -> None:
    for name in names:
        while history.slot(name).pid is None:
            history.wake()
        history.exits(name)


def test_a_fleet_is_up_when_those_pools_that_can_are_ready_and_the_others_degraded() -> None:
    history = History({"mail": 1, "reports": 1}, gets_ready=False)
    history.act()
    stillborn(history, "mail.0", "mail.0", "mail.0")
    before = history.fleet.is_up
    history.is_ready("reports.0")

    assert (before, history.fleet.is_up) == (False, True)


def test_a_fleet_all_of_whose_pools_are_degraded_is_not_up() -> None:
    history = running(gets_ready=False)
    stillborn(history, "mail.0", "mail.0", "mail.0")

    assert not history.fleet.is_up


def test_a_first_start_of_which_no_worker_gets_ready_is_hopeless() -> None:
    history = History({"mail": 1, "reports": 1, "resting": 0}, gets_ready=False)
    history.act()
    stillborn(history, "mail.0", "mail.0", "mail.0", "reports.0", "reports.0")
    before = history.fleet.is_hopeless
    stillborn(history, "reports.0")

    assert (before, history.fleet.is_hopeless) == (False, True)


def test_there_is_hope_as_long_as_a_worker_has_not_had_its_chance() -> None:
    history = running(5, gets_ready=False)
    stillborn(history, "mail.0", "mail.1", "mail.2", "mail.3")
    before = history.fleet.is_hopeless
    stillborn(history, "mail.4")

    assert (before, history.fleet.is_hopeless) == (False, True)


def test_there_is_hope_where_a_worker_has_ever_been_ready() -> None:
    history = running(gets_ready=False)
    history.is_ready("mail.0")
    stillborn(history, "mail.0", "mail.0", "mail.0", "mail.0")

    assert not history.fleet.is_hopeless


def test_only_a_first_start_is_hopeless() -> None:
    history = running(gets_ready=False)
    history.reload({"mail": 1})
    stillborn(history, "mail.0", "mail.0", "mail.0", "mail.0")

    assert not history.fleet.is_hopeless


def test_a_stop_during_the_first_start_is_not_hopeless() -> None:
    history = running(3, gets_ready=False)
    history.fleet.shut(Mood.STOPPING, history.now)
    for number in range(3):
        history.ends(history.slot(f"mail.{number}"))  # somebody has told them before us

    assert not history.fleet.is_hopeless
    assert history.act() == []


# Deaths


def test_a_process_is_known_by_its_pid() -> None:
    history = running()

    assert history.fleet.slot_of(101) is history.slot("mail.0")


def test_a_stranger_is_nobody_of_ours() -> None:
    assert running().fleet.slot_of(1) is None


def test_a_process_that_has_ended_is_nobody_any_more() -> None:
    history = running()
    history.exits("mail.0")

    assert history.fleet.slot_of(101) is None


def test_a_worker_that_dies_is_replaced_at_once() -> None:
    assert running(2).exits("mail.1") == ["spawn mail.1"]


def test_a_worker_that_leaves_by_itself_is_replaced_at_once() -> None:
    history = running(2)

    assert [history.exits("mail.1", well=True) for _ in range(10)] == [["spawn mail.1"]] * 10


def test_a_service_that_dies_is_replaced_at_once() -> None:
    assert running(1, ["redis"]).exits("redis") == ["spawn redis"]


def test_deaths_are_counted() -> None:
    history = running()
    history.exits("mail.0")
    history.exits("mail.0")
    history.exits("mail.0", lived=60, well=True)

    assert history.slot("mail.0").restarts == 2


def test_a_worker_that_leaves_before_it_was_ready_has_died() -> None:
    history = running(gets_ready=False)
    history.exits("mail.0", well=True)

    assert history.slot("mail.0").restarts == 1


# Pruners


def test_what_a_dead_worker_has_left_is_settled_once() -> None:
    history = running()
    history.fleet.left_work()

    assert history.act() == ["spawn pruner"]
    assert history.act() == []


def test_a_pruner_that_has_done_its_work_is_not_replaced() -> None:
    history = running()
    history.fleet.left_work()
    history.act()

    assert history.exits("pruner", well=True) == []


def test_a_pruner_that_failed_is_tried_again_more_and_more_rarely() -> None:
    history = running()
    history.fleet.left_work()
    history.act()
    pauses = []
    for _ in range(4):
        history.exits("pruner")
        pauses.append(history.sleep())
        assert history.wake() == ["spawn pruner"]

    assert pauses == [0.25, 0.5, 1.0, 2.0]


def test_after_a_pruner_that_did_its_work_the_next_failure_is_a_first_one() -> None:
    history = running()
    for well in (False, False, True, False):
        history.fleet.left_work()
        history.wait(30.0)
        history.exits("pruner", well=well)

    assert history.sleep() == 0.25


def test_a_worker_that_dies_while_a_pruner_is_at_work_gets_another_one() -> None:
    history = running()
    history.fleet.left_work()
    history.act()
    history.fleet.left_work()

    assert history.act() == []
    assert history.exits("pruner", well=True) == ["spawn pruner"]


def test_when_there_can_be_no_more_processes_a_pruner_waits_its_turn() -> None:
    history = running()
    history.can_fork = False
    history.fleet.left_work()
    history.act()

    assert history.sleep() == 0.25
    assert history.wake() == ["spawn pruner"]


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
    assert stopping(Mood.DRAINING, workers=2).exits("mail.0", lived=60.0, well=True) == []


def test_who_dies_during_a_stop_is_not_replaced() -> None:
    assert stopping(Mood.DRAINING, workers=2).exits("mail.0") == []


def test_who_leaves_has_not_died() -> None:
    history = stopping(Mood.STOPPING)
    history.exits("mail.0")

    assert history.slot("mail.0").restarts == 0


def test_a_slot_that_waits_for_its_turn_stays_empty() -> None:
    history = running(2, gets_ready=False)
    history.exits("mail.0")

    assert history.shut(Mood.DRAINING) == ["tell mail.1 DRAINING"]
    assert (history.sleep(), history.wait(60.0)) == (None, [])


def test_a_fleet_with_nobody_left_is_done_at_once() -> None:
    history = running(gets_ready=False)
    history.exits("mail.0")
    history.shut(Mood.DRAINING)

    assert history.fleet.done


def test_a_fleet_that_stops_before_it_started_is_done_at_once() -> None:
    history = History({"mail": 2}, ["redis"])

    assert history.shut(Mood.STOPPING) == []
    assert history.fleet.done


def test_a_fleet_is_done_when_the_last_one_has_gone() -> None:
    history = stopping(Mood.STOPPING, workers=2)
    history.leaves("mail.0")
    before = history.fleet.done
    history.leaves("mail.1")

    assert (before, history.fleet.done) == (False, True)


def test_a_worker_that_was_forked_in_the_very_moment_of_a_stop_is_told() -> None:
    history = History({"mail": 1})
    plan = history.fleet.plan(history.now)
    history.fleet.shut(Mood.STOPPING, history.now)
    for action in plan:
        history._perform(action)

    assert (history.sleep() or 0.0) <= 0.0
    assert history.act() == ["tell mail.0 STOPPING"]
    assert history.sleep() == TERM_PATIENCE


# The end of patience


def test_quit_waits_however_long() -> None:
    history = stopping(Mood.DRAINING)

    assert (history.live(1e4), history.fleet.stops_by) == ([], float("inf"))


@pytest.mark.parametrize(
    ("mood", "patience"),
    [(Mood.STOPPING, TERM_PATIENCE), (Mood.HURRYING, INT_PATIENCE), (Mood.KILLING, KILL_PATIENCE)],
)
def test_who_has_not_left_when_patience_ends_is_killed(mood: Mood, patience: float) -> None:
    history = stopping(mood, workers=2)

    assert history.sleep() == patience
    assert history.fleet.stops_by == history.now + patience
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
    assert history.fleet.stops_by == history.now + TERM_PATIENCE - 30.0


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

    assert history.leaves("mail.0") == []
    assert history.leaves("mail.1") == ["tell redis STOPPING"]


def test_services_are_told_at_once_where_there_are_no_workers() -> None:
    assert running(0, ["redis"]).shut(Mood.DRAINING) == ["tell redis DRAINING"]


def test_a_service_that_dies_during_a_stop_is_replaced_as_long_as_somebody_needs_it() -> None:
    history = stopping(Mood.DRAINING, services=["redis"])

    assert history.exits("redis") == ["spawn redis"]
    assert history.leaves("mail.0") == ["tell redis DRAINING"]
    assert history.exits("redis") == []
    assert history.fleet.done


def test_a_service_that_dies_again_and_again_during_a_stop_is_replaced_after_a_while() -> None:
    history = stopping(Mood.DRAINING, services=["redis"])
    history.exits("redis")
    history.exits("redis")

    assert history.exits("redis") == []
    assert history.sleep() == 0.25
    assert history.wake() == ["spawn redis"]


def test_a_service_that_a_pruner_needs_is_there_when_it_comes() -> None:
    history = stopping(Mood.STOPPING, services=["redis"])
    for _ in range(3):
        history.exits("redis")
    history.fleet.left_work()

    assert history.exits("mail.0", lived=1.0) == ["spawn redis", "spawn pruner"]


@pytest.mark.parametrize("mood", STOPS)
def test_a_service_that_does_not_end_is_killed(mood: Mood) -> None:
    history = stopping(mood, services=["redis"])
    history.leaves("mail.0")

    assert history.sleep() == SERVICE_PATIENCE
    assert history.wait(SERVICE_PATIENCE) == ["kill redis"]


def test_a_service_whose_time_is_over_is_killed_whatever_else_there_is_to_tell_it() -> None:
    history = stopping(Mood.STOPPING, services=["redis"])
    history.leaves("mail.0")
    history.now += SERVICE_PATIENCE

    assert history.shut(Mood.KILLING) == ["kill redis"]
    assert history.act() == []


def test_that_workers_had_to_be_killed_costs_a_service_no_time() -> None:
    history = stopping(Mood.HURRYING, services=["redis"])
    history.wait(INT_PATIENCE)
    history.now += 60.0

    assert history.exits("mail.0") == ["tell redis HURRYING"]
    assert history.sleep() == SERVICE_PATIENCE


def test_a_firmer_wish_does_not_prolong_the_time_of_a_service() -> None:
    history = stopping(Mood.STOPPING, services=["redis"])
    history.leaves("mail.0")
    history.now += 4.0
    history.shut(Mood.KILLING)

    assert history.sleep() == SERVICE_PATIENCE - 4.0


def test_while_killed_workers_linger_the_master_sleeps_although_services_wait() -> None:
    history = stopping(Mood.HURRYING, services=["redis"])
    history.wait(INT_PATIENCE)

    assert history.sleep() is None


def test_a_fleet_is_not_done_before_its_services_have_gone() -> None:
    history = stopping(Mood.STOPPING, services=["redis"])
    history.leaves("mail.0")
    before = history.fleet.done
    history.exits("redis")

    assert (before, history.fleet.done) == (False, True)


# Pruners at the end


def test_what_is_left_is_settled_when_the_last_worker_has_gone_and_before_the_services_go() -> None:
    history = stopping(Mood.STOPPING, workers=2, services=["redis"])
    history.fleet.left_work()

    assert history.leaves("mail.0") == []
    assert history.leaves("mail.1") == ["spawn pruner"]
    assert not history.fleet.done
    assert history.exits("pruner", well=True) == ["tell redis STOPPING"]


def test_a_pruner_that_is_needed_at_the_end_is_told_of_it_at_once() -> None:
    history = stopping(Mood.STOPPING)
    history.fleet.left_work()
    history.leaves("mail.0")

    assert (history.sleep() or 0.0) <= 0.0
    assert history.act() == ["tell pruner STOPPING"]
    assert history.sleep() == PRUNER_PATIENCE
    assert history.wake() == ["kill pruner"]
    history.exits("pruner")
    assert history.fleet.done


def test_a_pruner_that_is_at_work_is_told_when_the_last_worker_has_gone() -> None:
    history = running()
    history.fleet.left_work()
    history.act()

    assert history.shut(Mood.STOPPING) == ["tell mail.0 STOPPING"]
    assert history.leaves("mail.0") == ["tell pruner STOPPING"]


def test_a_pruner_that_fails_during_a_stop_is_not_tried_again() -> None:
    history = stopping(Mood.STOPPING)
    history.fleet.left_work()
    history.leaves("mail.0")

    assert history.exits("pruner") == []
    assert history.fleet.done


def test_a_stop_does_without_a_pruner_if_there_can_be_no_more_processes() -> None:
    history = stopping(Mood.STOPPING)
    history.fleet.left_work()
    history.can_fork = False
    history.leaves("mail.0")

    assert history.fleet.done


# Pause


def test_all_workers_are_held() -> None:
    history = History({"mail": 2, "reports": 1})
    history.act()
    history.fleet.pause(to=True)

    assert history.act() == ["hold mail.0", "hold mail.1", "hold reports.0"]
    assert history.act() == []


def test_held_workers_are_released() -> None:
    history = running(2)
    history.fleet.pause(to=True)
    history.act()
    history.fleet.pause(to=False)

    assert history.act() == ["release mail.0", "release mail.1"]


def test_one_pool_may_pause_alone() -> None:
    history = History({"mail": 1, "reports": 1})
    history.act()
    history.fleet.pause(to=True, pool="reports")

    assert history.act() == ["hold reports.0"]


def test_a_pause_that_is_over_before_anybody_was_held_is_none() -> None:
    history = running()
    history.fleet.pause(to=True)
    history.fleet.pause(to=False)

    assert history.act() == []


def test_a_worker_that_starts_in_a_pause_is_born_paused() -> None:
    history = running()
    history.fleet.pause(to=True)
    history.act()

    assert history.exits("mail.0") == ["spawn mail.0"]
    assert history.act() == []


def test_a_worker_that_was_born_paused_is_released_before_it_is_ready() -> None:
    history = running()
    history.fleet.pause(to=True)
    history.act()
    history.gets_ready = False
    history.exits("mail.0")
    history.fleet.pause(to=False)

    assert history.act() == ["release mail.0"]
    assert history.is_ready("mail.0") == []


def test_a_worker_is_held_before_it_is_ready_for_then_it_may_have_a_job() -> None:
    history = running(gets_ready=False)
    history.fleet.pause(to=True)

    assert history.act() == ["hold mail.0"]
    assert history.is_ready("mail.0") == []


def test_who_leaves_is_neither_held_nor_released() -> None:
    history = running()
    history.fleet.resize("mail", -1)
    history.act()
    history.fleet.pause(to=True)

    assert history.act() == []


def test_during_a_stop_nobody_is_released() -> None:
    history = running()
    history.fleet.pause(to=True)
    history.act()
    history.shut(Mood.STOPPING)
    history.fleet.pause(to=False)

    assert history.act() == []


# More workers, and fewer


def test_a_pool_grows() -> None:
    history = running(1)

    assert history.fleet.resize("mail", 2) == 3
    assert history.act() == ["spawn mail.1", "spawn mail.2"]


def test_a_pool_shrinks_by_its_highest_number_if_all_are_idle() -> None:
    history = running(3)

    assert history.fleet.resize("mail", -1) == 2
    assert history.act() == ["tell mail.2 DRAINING"]


def test_a_pool_shrinks_by_who_is_idle() -> None:
    history = running(3)
    history.is_busy("mail.0", "mail.2")
    history.fleet.resize("mail", -1)

    assert history.act() == ["tell mail.1 DRAINING"]


def test_a_pool_shrinks_by_empty_slots_first() -> None:
    history = running(3, gets_ready=False)
    history.exits("mail.1")
    history.fleet.resize("mail", -1)

    assert (history.act(), history.names()) == ([], ["mail.0", "mail.2"])
    assert history.wait(60.0) == []


def test_who_loses_a_place_has_all_the_time_for_the_job() -> None:
    history = running(1)
    history.is_busy("mail.0")
    history.fleet.resize("mail", -1)

    assert history.act() == ["tell mail.0 DRAINING"]
    assert history.live(1e4) == []


def test_a_slot_that_is_not_wanted_goes_with_its_process() -> None:
    history = running(2)
    history.fleet.resize("mail", -1)
    history.act()

    assert history.leaves("mail.1") == []
    assert [slot.name for slot in history.fleet.workers] == ["mail.0"]


def test_a_pool_never_has_less_than_no_workers() -> None:
    history = running(1)

    assert history.fleet.resize("mail", -3) == 0


def test_a_pool_that_was_empty_for_a_while_grows_again() -> None:
    history = History({"mail": 0})
    history.fleet.resize("mail", 1)
    history.act()
    history.fleet.resize("mail", -1)
    history.act()
    history.leaves("mail.0")
    history.fleet.resize("mail", 1)

    assert history.act() == ["spawn mail.0"]


def test_who_is_to_leave_and_still_at_work_takes_up_the_room_of_a_successor() -> None:
    history = running(2)
    history.is_busy("mail.0", "mail.1")
    history.fleet.resize("mail", -1)
    history.act()
    history.fleet.resize("mail", 1)

    assert history.act() == []
    assert history.leaves("mail.1") == ["spawn mail.2"]


def test_who_was_asked_to_leave_before_being_ready_has_not_died() -> None:
    history = running(3, gets_ready=False)
    history.fleet.resize("mail", -3)
    history.act()
    history.leaves("mail.0", "mail.1", "mail.2")

    assert not history.fleet.pools["mail"].degraded
    assert not history.fleet.is_hopeless


def test_a_stop_does_not_care_about_sizes() -> None:
    history = stopping(Mood.DRAINING)
    history.fleet.resize("mail", 1)

    assert history.act() == []


# Workers that stand still


def test_a_worker_whose_loop_stands_still_is_dumped_and_killed() -> None:
    history = running(2)
    history.stands_still("mail.1")

    assert history.live(129.9) == []
    assert history.live(0.1) == ["dump mail.1"]
    assert history.sleep() == 2.0
    assert history.wake() == ["kill mail.1"]
    assert history.exits("mail.1") == ["spawn mail.1"]


def test_whether_a_worker_stands_still_is_looked_at_no_more_often_than_necessary() -> None:
    history = running()
    history.stands_still("mail.0")
    times = []
    for _ in range(3):
        times.append(history.sleep())
        history.wake()

    assert (times, history.sleep()) == ([120.0, 10.0, 2.0], None)


def test_a_machine_that_slept_is_not_mistaken_for_workers_that_stand_still() -> None:
    history = running(2)
    history.stands_still("mail.0", "mail.1")
    history.wait(3600.0)
    history.moves_again("mail.0", "mail.1")

    assert history.live(60.0) == []


def test_a_worker_that_stands_still_although_the_machine_woke_up_is_killed_after_all() -> None:
    history = running(1)
    history.stands_still("mail.0")

    assert history.wait(3600.0) == []
    assert history.live(12.0) == ["dump mail.0", "kill mail.0"]


def test_each_doubt_is_a_new_one() -> None:
    history = running(1)
    history.stands_still("mail.0")
    history.live(125.0)
    history.moves_again("mail.0")
    history.live(60.0)
    history.stands_still("mail.0")

    assert history.live(129.0) == []


def test_a_worker_that_has_never_ticked_is_starting() -> None:
    assert running(gets_ready=False).live(1e4) == []


def test_a_worker_that_stands_still_ends_a_drain_no_later() -> None:
    history = stopping(Mood.DRAINING)
    history.stands_still("mail.0")

    assert history.live(1e4) == ["dump mail.0", "kill mail.0"]


def test_a_worker_that_stands_still_is_told_of_a_stop_all_the_same() -> None:
    history = running()
    history.stands_still("mail.0")
    history.live(125.0)
    history.now += 5.0

    assert history.shut(Mood.DRAINING) == ["dump mail.0", "tell mail.0 DRAINING"]


def test_a_worker_that_stands_still_is_asked_for_its_stacks_once() -> None:
    history = running()
    history.stands_still("mail.0")
    history.live(130.0)

    assert [history.wait(1.0), history.wait(1.0), history.wait(1.0)] == [[], ["kill mail.0"], []]


def test_a_stop_gives_no_more_time_to_a_worker_that_stands_still() -> None:
    history = running()
    history.stands_still("mail.0")
    history.live(131.0)
    history.shut(Mood.STOPPING)

    assert history.sleep() == 1.0


def test_a_worker_that_was_killed_is_nothing_to_wake_for_in_the_next_image() -> None:
    history = running()
    history.stands_still("mail.0")
    history.live(140.0)
    history.reload({"mail": 1})

    assert history.live(60.0) == []


# A degraded pool


def test_a_pool_of_which_three_workers_died_before_anybody_was_ready_is_degraded() -> None:
    history = running(3, gets_ready=False)
    history.exits("mail.0")
    history.exits("mail.1")
    before = history.fleet.pools["mail"].degraded

    assert history.exits("mail.2") == ["pool.degraded"]
    assert (before, history.fleet.pools["mail"].degraded) == (False, True)


def test_a_pool_that_is_degraded_says_why() -> None:
    history = running(3, gets_ready=False)
    stillborn(history, "mail.0", "mail.1", "mail.2")

    assert history.done[-1][1] == Say("pool.degraded", {"pool": "mail", "deaths": 3, "by": "status 1"})


def test_a_pool_with_a_ready_worker_is_not_degraded() -> None:
    history = running(2, gets_ready=False)
    history.is_ready("mail.0")
    stillborn(history, *["mail.1"] * 10)

    assert not history.fleet.pools["mail"].degraded


def test_a_pool_whose_workers_die_after_they_were_ready_is_not_degraded() -> None:
    history = running()
    stillborn(history, *["mail.0"] * 10)

    assert not history.fleet.pools["mail"].degraded


def test_in_a_degraded_pool_always_the_same_slot_goes_on_trying() -> None:
    history = running(3, gets_ready=False)
    stillborn(history, "mail.0", "mail.1", "mail.2")
    tried = []
    for _ in range(5):
        tried += history.wake()
        history.exits("mail.0")

    assert tried == ["spawn mail.0"] * 5


def test_while_one_tries_the_others_of_a_degraded_pool_wait() -> None:
    history = running(3, gets_ready=False)
    stillborn(history, "mail.0", "mail.1", "mail.2")

    assert history.live(60.0) == ["spawn mail.0"]


def test_a_degraded_pool_recovers_visibly_when_a_worker_is_ready() -> None:
    history = running(3, gets_ready=False)
    stillborn(history, "mail.0", "mail.1", "mail.2")
    history.wait(60.0)
    history.worker("mail.0").is_ready = True

    assert history.act() == ["pool.recovered", "spawn mail.1", "spawn mail.2"]
    assert history.fleet.is_up is False
    assert not history.fleet.pools["mail"].degraded


def test_after_a_recovery_it_takes_three_deaths_again() -> None:
    history = running(gets_ready=False)
    stillborn(history, "mail.0", "mail.0", "mail.0")
    history.wake()
    history.is_ready("mail.0")
    stillborn(history, "mail.0", "mail.0", "mail.0")
    before = history.fleet.pools["mail"].degraded
    stillborn(history, "mail.0")

    assert (before, history.fleet.pools["mail"].degraded) == (False, True)


def test_the_other_pools_of_a_degraded_one_go_on() -> None:
    history = History({"mail": 1, "reports": 1}, gets_ready=False)
    history.act()
    history.is_ready("reports.0")
    stillborn(history, "mail.0", "mail.0", "mail.0")

    assert history.exits("reports.0") == ["spawn reports.0"]


# Names


@pytest.mark.parametrize("name", ["redis", "pruner"])
def test_a_pool_may_be_called_as_a_process_of_the_house(name: str) -> None:
    history = History({name: 1}, ["redis"])
    history.fleet.left_work()

    assert history.act() == ["spawn redis", "spawn pruner", f"spawn {name}.0"]
    assert history.shut(Mood.HURRYING) == [f"tell {name}.0 HURRYING"]
    assert history.leaves(f"{name}.0") == ["tell pruner HURRYING"]
    assert history.leaves("pruner") == ["tell redis HURRYING"]
    assert history.sleep() == SERVICE_PATIENCE


def test_an_elastic_pool_begins_with_the_least_number_of_workers() -> None:
    assert History({"mail": Size(2, 8, spare=1)}).act() == ["spawn mail.0", "spawn mail.1"]


# Halted


def test_a_fleet_that_is_halted_starts_no_worker() -> None:
    history = running(2)
    history.fleet.halt("the application is gone")

    assert history.exits("mail.0") == []
    assert history.live(1e3) == []


def test_a_fleet_that_is_halted_keeps_even_those_who_have_lost_their_place() -> None:
    history = History({"mail": 3, "gone": 1})
    history.act()

    assert history.reload({"mail": 2}, halted="the application is gone") == []
    assert history.live(1e3) == []


def test_a_fleet_that_is_halted_still_settles_and_stops() -> None:
    history = running()
    history.fleet.halt("the application is gone")
    history.fleet.left_work()

    assert history.act() == ["spawn pruner"]
    assert history.shut(Mood.STOPPING) == ["tell mail.0 STOPPING"]
