"""The workers of a new version take the places of the old ones: one first, then the others."""

from collections.abc import Mapping

import pytest

from resqued.escalation import Mood
from resqued.fleet import Phase, Size
from tests.pure.history import History


def reloaded(workers: int = 3, *, busy: tuple[str, ...] = (), pools: Mapping[str, int | Size] | None = None) -> History:
    """A fleet whose new master has just taken over, and asked a first worker. No new one gets ready by itself."""
    history = History({"mail": workers})
    history.act()
    for name in busy:
        history.wait(1.0)
        history.is_busy(name)
    history.gets_ready = False
    history.reload({"mail": workers} if pools is None else pools)
    return history


def told(history: History) -> list[str]:
    """Who has been asked to leave and has not done so yet."""
    return [slot.name for slot in history.fleet.workers if slot.process and slot.process.told is not Mood.RUNNING]


def replaced(history: History) -> list[str]:
    new = history.fleet.generation
    return [slot.name for slot in history.fleet.workers if slot.process and slot.process.generation == new]


def phase(history: History) -> Phase:
    return history.fleet.rollout[0]


def proved(history: History, name: str) -> list[str]:
    """The successor in this slot gets ready, and has been so long enough."""
    history.is_ready(name)
    return history.wait(1.0)


# One first


def test_a_first_start_rolls_nothing_out() -> None:
    history = History({"mail": 1})
    history.act()

    assert (history.fleet.rollout, history.live(1e3)) == ((Phase.DONE, 0), [])


def test_a_reload_of_a_fleet_without_workers_rolls_nothing_out() -> None:
    history = History({"mail": 0})
    history.act()
    history.reload({"mail": 1})

    assert history.fleet.rollout == (Phase.DONE, 0)


def test_one_worker_is_asked_to_leave_first() -> None:
    history = History({"mail": 3})
    history.act()

    assert history.reload({"mail": 3}) == ["rollout.probing", "tell mail.0 DRAINING"]
    assert history.fleet.rollout == (Phase.PROBING, 3)


def test_its_place_is_filled_when_it_has_left() -> None:
    history = reloaded()

    assert history.live(1e3) == []
    assert history.leaves("mail.0") == ["spawn mail.0"]


def test_an_idle_worker_is_asked_before_a_busy_one() -> None:
    assert told(reloaded(busy=("mail.0", "mail.2"))) == ["mail.1"]


def test_of_busy_workers_the_one_is_asked_whose_job_began_last() -> None:
    assert told(reloaded(busy=("mail.0", "mail.2", "mail.1"))) == ["mail.1"]


def test_as_long_as_the_first_has_a_long_job_others_are_asked_one_by_one() -> None:
    history = reloaded(busy=("mail.0", "mail.1", "mail.2"))

    assert [history.sleep(), history.wake()] == [5.0, ["tell mail.1 DRAINING"]]
    assert [history.sleep(), history.wake()] == [5.0, ["tell mail.0 DRAINING"]]
    assert history.live(1e3) == []


def test_nobody_else_is_asked_while_an_idle_worker_is_about_to_leave() -> None:
    assert reloaded(busy=("mail.0",)).live(1e3) == []


def test_an_idle_worker_that_has_just_taken_a_long_job_is_not_waited_for() -> None:
    history = reloaded(busy=("mail.1", "mail.2"))
    history.is_busy("mail.0")

    assert history.live(6.0) == ["tell mail.2 DRAINING"]


def test_a_place_that_is_empty_anyway_is_filled_first() -> None:
    history = History({"mail": 2}, gets_ready=False)
    history.act()
    history.is_ready("mail.0")
    history.exits("mail.1")

    assert history.reload({"mail": 2}) == ["rollout.probing", "spawn mail.1"]


def test_the_workers_of_a_new_pool_come_first() -> None:
    history = History({"mail": 2})
    history.act()

    assert history.reload({"mail": 2, "reports": 1}) == ["rollout.probing", "spawn reports.0"]
    assert history.wait(1.0) == ["rollout.replacing", "tell mail.0 DRAINING", "tell mail.1 DRAINING"]


# Then the others


def test_the_others_are_asked_when_the_first_successor_has_been_ready_for_a_second() -> None:
    history = reloaded()
    history.leaves("mail.0")

    assert history.is_ready("mail.0") == []
    assert history.sleep() == 1.0
    assert history.wait(0.9) == []
    assert history.wait(0.1) == ["rollout.replacing", "tell mail.1 DRAINING", "tell mail.2 DRAINING"]


def test_a_successor_that_dies_before_it_has_proved_itself_proves_nothing() -> None:
    history = reloaded()
    history.leaves("mail.0")
    history.is_ready("mail.0")

    assert history.exits("mail.0", lived=0.9) == ["spawn mail.0"]
    assert history.wait(10.0) == []


def test_each_place_is_filled_when_its_worker_has_left_and_not_before() -> None:
    history = reloaded()
    history.leaves("mail.0")
    proved(history, "mail.0")

    assert history.live(1e3) == []
    assert history.leaves("mail.2") == ["spawn mail.2"]
    assert set(history.leaves("mail.1")) == {"rollout.done", "spawn mail.1"}


def test_a_roll_out_is_done_when_the_last_old_worker_has_left() -> None:
    history = reloaded()
    history.leaves("mail.0")
    proved(history, "mail.0")
    history.leaves("mail.1")
    before = history.fleet.rollout

    assert history.leaves("mail.2") == ["rollout.done", "spawn mail.2"]
    assert (before, history.fleet.rollout) == ((Phase.REPLACING, 1), (Phase.DONE, 0))


def test_a_long_job_is_never_cut_short() -> None:
    history = reloaded(busy=("mail.1", "mail.2"))
    history.leaves("mail.0")
    proved(history, "mail.0")

    assert told(history) == ["mail.1", "mail.2"]
    assert history.live(1e5) == []


def test_once_begun_replacing_goes_on_whatever_becomes_of_the_first() -> None:
    history = reloaded()
    history.leaves("mail.0")
    proved(history, "mail.0")
    history.exits("mail.0")

    assert history.leaves("mail.1") == ["spawn mail.1"]
    assert phase(history) is Phase.REPLACING


def test_an_old_worker_that_was_asked_and_is_killed_has_not_died() -> None:
    history = reloaded()
    history.exits("mail.0")

    assert history.slot("mail.0").restarts == 0


def test_an_old_worker_that_dies_is_replaced_by_a_new_one() -> None:
    history = reloaded()

    assert history.exits("mail.2") == ["spawn mail.2"]
    assert replaced(history) == ["mail.2"]


def test_restarts_are_counted_on() -> None:
    history = History({"mail": 1})
    history.act()
    history.exits("mail.0")
    history.reload({"mail": 1})

    assert history.slot("mail.0").restarts == 1


# Stopped


def die(history: History, name: str, times: int) -> list[str]:
    done: list[str] = []
    for _ in range(times):
        while history.slot(name).pid is None:
            done += history.wake()
        done += history.exits(name)
    return done


def test_replacing_stops_when_the_first_successor_dies_three_times_before_it_is_ready() -> None:
    history = reloaded()
    history.leaves("mail.0")

    assert "rollout.stopped" not in die(history, "mail.0", 2)
    assert die(history, "mail.0", 1)[-1:] == ["rollout.stopped"]
    assert told(history) == []
    assert history.fleet.rollout == (Phase.STOPPED, 2)


def test_replacing_stops_when_the_first_successor_is_not_ready_within_a_minute() -> None:
    history = reloaded()
    history.leaves("mail.0")

    assert history.live(59.9) == []
    assert history.live(0.1) == ["rollout.stopped"]


def test_the_old_workers_go_on_as_long_as_no_successor_gets_ready() -> None:
    history = reloaded()
    history.leaves("mail.0")
    die(history, "mail.0", 20)
    history.live(1e3)

    assert (told(history), set(history.names())) == ([], {"mail.0", "mail.1", "mail.2"})


def test_the_place_of_the_first_is_tried_again_more_and_more_rarely() -> None:
    history = reloaded()
    history.leaves("mail.0")
    pauses = []
    for _ in range(4):
        history.exits("mail.0")
        pauses.append(history.slot("mail.0").spawns_at - history.now)
        history.live(pauses[-1])

    assert pauses == [0.25, 0.5, 1.0, 2.0]


def test_a_pool_whose_old_workers_go_on_is_not_degraded() -> None:
    history = reloaded()
    history.leaves("mail.0")
    die(history, "mail.0", 5)

    assert not history.fleet.pools["mail"].degraded


def test_replacing_goes_on_when_a_successor_gets_ready_after_all() -> None:
    history = reloaded()
    history.leaves("mail.0")
    die(history, "mail.0", 3)
    history.wake()
    history.is_ready("mail.0")

    assert history.sleep() == 1.0
    assert history.wait(1.0) == ["rollout.replacing", "tell mail.1 DRAINING", "tell mail.2 DRAINING"]


def test_deaths_of_old_workers_do_not_stop_a_roll_out() -> None:
    history = History({"mail": 4}, gets_ready=False)
    history.act()
    history.is_ready("mail.0")
    history.reload({"mail": 4})
    for name in ("mail.1", "mail.2", "mail.3"):
        history.exits(name)

    assert phase(history) is Phase.PROBING


def test_a_reload_after_one_that_was_stopped_begins_anew() -> None:
    history = reloaded()
    history.leaves("mail.0")
    die(history, "mail.0", 3)
    history.gets_ready = True

    assert history.reload({"mail": 3}) == ["rollout.probing", "spawn mail.0"]
    assert history.wait(1.0) == ["rollout.replacing", "tell mail.1 DRAINING", "tell mail.2 DRAINING"]


# A reload after the other


def test_who_was_asked_before_the_next_reload_is_not_asked_again() -> None:
    history = reloaded()

    assert history.reload({"mail": 3}) == ["rollout.probing"]
    assert history.leaves("mail.0") == ["spawn mail.0"]


def test_after_two_reloads_the_workers_of_both_earlier_versions_are_replaced() -> None:
    history = reloaded()
    history.leaves("mail.0")
    history.is_ready("mail.0")
    history.reload({"mail": 3})
    (first,) = told(history)
    history.leaves(first)
    proved(history, first)

    assert history.fleet.rollout == (Phase.REPLACING, 2)
    assert len(told(history)) == 2


# Other pools, and other sizes


def test_a_pool_that_grows_gets_its_workers_first() -> None:
    history = History({"mail": 1})
    history.act()

    assert history.reload({"mail": 3}) == ["rollout.probing", "spawn mail.1", "spawn mail.2"]


def test_a_pool_that_shrinks_loses_its_highest_numbers() -> None:
    history = History({"mail": 3})
    history.act()
    history.reload({"mail": 1})

    assert set(told(history)) == {"mail.0", "mail.1", "mail.2"}
    assert history.leaves("mail.1", "mail.2") == []
    assert [slot.name for slot in history.fleet.workers] == ["mail.0"]


def test_a_pool_that_shrinks_has_never_more_workers_than_it_shall_have_and_those_that_leave() -> None:
    history = History({"mail": 3})
    history.act()
    history.is_busy("mail.1", "mail.2")
    history.reload({"mail": 2})

    assert history.leaves("mail.0") == []  # two are at work
    assert history.leaves("mail.2") == ["spawn mail.0"]


def test_who_has_lost_a_place_is_not_the_first_of_a_roll_out() -> None:
    history = History({"mail": 2, "gone": 1})
    history.act()
    history.is_busy("mail.0", "mail.1")

    assert history.reload({"mail": 2}) == ["rollout.probing", "tell mail.0 DRAINING", "tell gone.0 DRAINING"]


def test_a_pool_that_vanishes_goes_with_its_last_worker() -> None:
    history = History({"mail": 1, "gone": 2})
    history.act()
    history.reload({"mail": 1})
    history.leaves("gone.0")
    before = "gone" in history.fleet.pools

    assert history.leaves("gone.1") == []
    assert (before, "gone" in history.fleet.pools) == (True, False)


def test_the_jobs_of_a_pool_that_vanishes_have_all_the_time_they_need() -> None:
    history = History({"gone": 1})
    history.act()
    history.is_busy("gone.0")

    assert history.reload({}) == ["rollout.probing", "tell gone.0 DRAINING"]
    assert history.live(1e5) == []


def test_who_dies_in_a_pool_that_vanishes_is_not_replaced() -> None:
    history = History({"mail": 1, "gone": 1})
    history.act()
    history.reload({"mail": 1})

    assert "spawn gone.0" not in history.exits("gone.0")


def test_a_pool_that_comes_back_before_its_last_worker_has_left_waits_for_it() -> None:
    history = History({"mail": 1})
    history.act()
    history.is_busy("mail.0")
    history.reload({})

    assert "spawn mail.0" not in history.reload({"mail": 1})
    assert "spawn mail.0" in history.leaves("mail.0")


def test_workers_beyond_the_configuration_go_with_a_reload() -> None:
    history = History({"mail": 1})
    history.act()
    history.fleet.resize("mail", 2)
    history.act()
    history.reload({"mail": 1})

    assert set(told(history)) >= {"mail.1", "mail.2"}


def test_a_pool_that_shrinks_in_a_roll_out_does_without_those_who_leave_anyway() -> None:
    history = reloaded(busy=("mail.0", "mail.2", "mail.1"))
    history.is_idle("mail.0")
    history.fleet.resize("mail", -1)

    assert history.act() == []
    assert [slot.name for slot in history.fleet.workers if not slot.wanted] == ["mail.1"]


def test_an_elastic_pool_keeps_the_workers_that_it_may_have() -> None:
    history = History({"mail": 6})
    history.act()
    history.reload({"mail": Size(2, 4, spare=1)})

    assert history.fleet.pools["mail"].wanted == 4
    assert set(told(history)) >= {"mail.4", "mail.5"}


# A pause, a stop, a halt


def test_workers_that_were_paused_stay_so() -> None:
    history = History({"mail": 2})
    history.act()
    history.fleet.pause(to=True)
    history.act()

    assert history.reload({"mail": 2}) == ["rollout.probing", "tell mail.0 DRAINING"]
    history.leaves("mail.0")
    history.fleet.pause(to=False)
    assert history.act() == ["release mail.0", "release mail.1"]


def test_a_stop_ends_a_roll_out() -> None:
    history = reloaded()
    history.leaves("mail.0")
    history.is_ready("mail.0")
    history.shut(Mood.STOPPING)

    assert history.wait(1.0) == []
    assert history.leaves("mail.0", "mail.1", "mail.2") == []
    assert history.fleet.done


@pytest.mark.parametrize("mood", [mood for mood in Mood if mood is not Mood.RUNNING])
def test_who_was_asked_to_leave_is_told_of_a_firmer_wish_only(mood: Mood) -> None:
    history = reloaded(2)

    assert history.shut(mood)[:-1] == ([] if mood is Mood.DRAINING else [f"tell mail.0 {mood.name}"])


def test_a_fleet_that_is_halted_replaces_nobody() -> None:
    history = History({"mail": 2})
    history.act()

    assert history.reload({"mail": 2}, halted="the application is gone") == []
    assert history.live(1e3) == []


def test_adopted_workers_are_as_ready_as_they_were() -> None:
    history = History({"mail": 1}, gets_ready=False)
    history.act()
    history.reload({"mail": 1})
    before = history.fleet.is_up
    history.leaves("mail.0")
    history.is_ready("mail.0")
    history.reload({"mail": 1})

    assert (before, history.fleet.is_up) == (False, True)
