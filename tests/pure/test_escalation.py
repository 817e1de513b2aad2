"""One job's way to its end."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resqued.escalation import Escalation, Mood, Patience, Reason, Step

WAIT, ASK, KILL = Step.WAIT, Step.ASK, Step.KILL
PATIENCE = Patience(grace=20.0, term_timeout=4.0)

durations = st.floats(min_value=0, max_value=60)
wishes = st.lists(st.tuples(st.sampled_from(Mood), durations))
patiences = st.builds(Patience, grace=durations, term_timeout=durations)


def job(*, times_out_at: float | None = None) -> Escalation:
    return Escalation(PATIENCE, times_out_at=times_out_at)


def steps(end: Escalation, times: Iterable[float]) -> list[Step]:
    return [end.step(now) for now in times]


def told(mood: Mood, *, at: float = 0.0) -> Escalation:
    end = job()
    end.hear(mood, at)
    return end


def driven(end: Escalation, now: float, turns: int) -> list[tuple[float, Step]]:
    """What the loop of a worker does with a job that never ends by itself: step, and sleep until `wakes_at`."""
    history = []
    for _ in range(turns):
        history.append((now, end.step(now)))
        if (wakes_at := end.wakes_at()) is None:
            break
        now = max(now, wakes_at)
    return history


# Without a wish to stop


def test_a_job_is_left_alone() -> None:
    assert steps(job(), (0.0, 1e6)) == [WAIT, WAIT]


def test_nothing_is_due_for_a_job_that_is_left_alone() -> None:
    assert job().wakes_at() is None


def test_a_job_has_been_asked_by_nobody_at_first() -> None:
    end = job()

    assert (end.asked, end.reason) == (False, None)


# On time


def test_a_job_that_runs_out_of_time_is_asked_and_then_killed() -> None:
    end = job(times_out_at=10.0)

    assert steps(end, (9.9, 10.0, 13.9, 14.0)) == [WAIT, ASK, ASK, KILL]


def test_a_worker_wakes_when_the_time_of_its_job_is_up() -> None:
    assert job(times_out_at=10.0).wakes_at() == 10.0


def test_a_job_that_ran_out_of_time_was_asked_for_that_reason() -> None:
    end = job(times_out_at=10.0)
    end.step(10.0)

    assert (end.asked, end.reason) == (True, Reason.TIMEOUT)


# How each wish is carried out


def test_quit_lets_a_job_run_however_long() -> None:
    end = told(Mood.DRAINING)

    assert (end.step(1e6), end.wakes_at()) == (WAIT, None)


def test_quit_does_not_lift_the_limit_of_a_job() -> None:
    end = job(times_out_at=10.0)
    end.hear(Mood.DRAINING, 1.0)

    assert steps(end, (10.0, 14.0)) == [ASK, KILL]


def test_term_asks_after_the_grace_and_kills_after_the_timeout() -> None:
    end = told(Mood.STOPPING)

    assert steps(end, (0.0, 19.9, 20.0, 23.9, 24.0)) == [WAIT, WAIT, ASK, ASK, KILL]


def test_int_asks_at_once() -> None:
    end = told(Mood.HURRYING)

    assert steps(end, (0.0, 3.9, 4.0)) == [ASK, ASK, KILL]


def test_a_second_int_kills_at_once() -> None:
    end = told(Mood.HURRYING)
    end.step(0.0)
    end.hear(Mood.KILLING, 1.0)

    assert end.step(1.0) is KILL


def test_who_is_killed_without_having_been_asked_counts_as_asked() -> None:
    end = told(Mood.KILLING)

    assert end.step(0.0) is KILL
    assert (end.asked, end.reason) == (True, Reason.STOP)


def test_without_grace_term_asks_at_once() -> None:
    end = Escalation(Patience(grace=0.0, term_timeout=4.0))
    end.hear(Mood.STOPPING, 5.0)

    assert end.step(5.0) is ASK


def test_without_a_timeout_the_kill_follows_the_first_asking_at_once() -> None:
    end = Escalation(Patience(grace=0.0, term_timeout=0.0))
    end.hear(Mood.STOPPING, 5.0)

    assert [step for _, step in driven(end, 5.0, turns=2)] == [ASK, KILL]


# Again and again


def test_a_job_is_asked_again_each_second_until_it_is_killed() -> None:
    history = driven(told(Mood.HURRYING), 0.0, turns=5)

    assert history == [(0.0, ASK), (1.0, ASK), (2.0, ASK), (3.0, ASK), (4.0, KILL)]


def test_a_job_is_not_asked_again_within_the_second() -> None:
    assert steps(told(Mood.HURRYING), (0.0, 0.5)) == [ASK, WAIT]


def test_a_worker_that_slept_too_long_asks_once() -> None:
    end = Escalation(Patience(grace=0.0, term_timeout=60.0))
    end.hear(Mood.STOPPING, 0.0)

    assert steps(end, (0.0, 30.0, 30.1)) == [ASK, ASK, WAIT]


def test_a_killed_job_that_will_not_go_is_killed_again_each_second() -> None:
    assert driven(told(Mood.KILLING), 0.0, turns=3) == [(0.0, KILL), (1.0, KILL), (2.0, KILL)]


def test_who_was_killed_is_not_asked_any_more() -> None:
    end = told(Mood.HURRYING)
    end.step(0.0)
    end.step(4.0)

    assert steps(end, (4.5, 5.0)) == [WAIT, KILL]


# Several wishes


def test_a_stop_that_asks_sooner_than_the_limit_is_the_reason() -> None:
    end = job(times_out_at=50.0)
    end.hear(Mood.STOPPING, 0.0)

    assert (end.step(20.0), end.reason) == (ASK, Reason.STOP)


def test_a_limit_that_is_reached_within_the_grace_is_the_reason() -> None:
    end = job(times_out_at=10.0)
    end.hear(Mood.STOPPING, 0.0)

    assert (end.step(10.0), end.reason) == (ASK, Reason.TIMEOUT)


def test_a_stop_does_not_change_why_a_job_was_asked_before() -> None:
    end = job(times_out_at=10.0)
    end.step(10.0)
    end.hear(Mood.KILLING, 10.5)

    assert (end.step(10.5), end.reason) == (KILL, Reason.TIMEOUT)


def test_a_stop_does_not_give_more_time_to_a_job_that_was_asked() -> None:
    end = job(times_out_at=10.0)
    end.step(10.0)
    end.hear(Mood.STOPPING, 12.0)

    assert end.step(14.0) is KILL


@pytest.mark.parametrize("late", [Mood.DRAINING, Mood.STOPPING])
def test_a_late_and_softer_wish_gives_no_more_time(late: Mood) -> None:
    end = told(Mood.HURRYING)
    end.hear(late, 0.0)

    assert steps(end, (0.0, 4.0)) == [ASK, KILL]


def test_term_again_does_not_start_the_grace_anew() -> None:
    end = told(Mood.STOPPING)
    end.hear(Mood.STOPPING, 15.0)

    assert end.step(20.0) is ASK


@pytest.mark.parametrize("mood", [Mood.HURRYING, Mood.KILLING])
def test_who_hears_the_same_at_every_turn_does_not_act_at_every_turn(mood: Mood) -> None:
    end = told(mood)
    end.step(0.0)
    end.hear(mood, 0.5)

    assert end.step(0.5) is WAIT


def test_an_int_does_not_start_the_timeout_anew() -> None:
    end = told(Mood.STOPPING)
    end.step(20.0)
    end.hear(Mood.HURRYING, 23.0)

    assert end.step(24.0) is KILL


# Whatever the history


@given(patience=patiences, heard=wishes, times_out_in=st.none() | durations)
def test_no_kill_comes_before_the_asking_and_its_timeout_unless_somebody_wants_it(
    patience: Patience, heard: list[tuple[Mood, float]], times_out_in: float | None
) -> None:
    end = Escalation(patience, times_out_at=times_out_in)
    now, asked_at, wanted = 0.0, None, False
    for mood, pause in heard:
        now += pause
        end.hear(mood, now)
        wanted |= mood is Mood.KILLING
        step = end.step(now)
        if step is ASK and asked_at is None:
            asked_at = now

        assert step is not KILL or wanted or (asked_at is not None and now >= asked_at + patience.term_timeout)


@given(patience=patiences, heard=wishes, times_out_in=st.none() | durations)
def test_after_a_step_a_worker_never_wakes_for_what_is_past(
    patience: Patience, heard: list[tuple[Mood, float]], times_out_in: float | None
) -> None:
    end = Escalation(patience, times_out_at=times_out_in)
    now = 0.0
    for mood, pause in heard:
        now += pause
        end.hear(mood, now)
        end.step(now)
        wakes_at = end.wakes_at()

        assert wakes_at is None or wakes_at >= now


@given(patience=patiences, mood=st.sampled_from(Mood), times_out_in=st.none() | durations)
def test_a_worker_never_turns_in_circles_around_its_job(
    patience: Patience, mood: Mood, times_out_in: float | None
) -> None:
    end = Escalation(patience, times_out_at=times_out_in)
    end.hear(mood, 0.0)
    history = driven(end, 0.0, turns=30)

    assert all(later > now or {step, then} == {ASK, KILL} for (now, step), (later, then) in pairwise(history))


@given(patience=patiences, heard=wishes, times_out_in=durations)
def test_who_was_asked_is_killed_in_time(
    patience: Patience, heard: list[tuple[Mood, float]], times_out_in: float
) -> None:
    end = Escalation(patience, times_out_at=times_out_in)
    now = 0.0
    for mood, pause in heard:
        now += pause
        end.hear(mood, now)
    history = driven(end, now, turns=100)
    first_asked = next(at for at, step in history if step is not WAIT)
    killed = next(at for at, step in history if step is KILL)

    assert killed <= first_asked + patience.term_timeout


@given(heard=wishes, times_out_in=st.none() | durations)
def test_whoever_was_asked_was_asked_for_a_reason(heard: list[tuple[Mood, float]], times_out_in: float | None) -> None:
    end = job(times_out_at=times_out_in)
    now = 0.0
    for mood, pause in heard:
        now += pause
        end.hear(mood, now)
        end.step(now)

        assert not end.asked or end.reason is not None


# Unseen


def test_the_job_of_a_worker_that_nobody_hears_of_is_killed_without_being_asked() -> None:
    end = job()
    end.unseen(5.0)

    assert steps(end, (5.0, 5.5)) == [KILL, WAIT]
    assert end.reason is Reason.UNSEEN


def test_to_be_unseen_for_longer_is_no_news() -> None:
    end = job()
    end.unseen(5.0)
    end.step(5.0)
    end.unseen(5.1)

    assert end.step(5.1) is WAIT


# Unwanted


def unwanted(*, at: float = 0.0) -> Escalation:
    end = job(times_out_at=50.0)
    end.unwanted(at)
    return end


def test_a_job_that_an_operator_wants_to_end_is_asked_and_then_killed() -> None:
    end = unwanted(at=5.0)

    assert steps(end, (5.0, 8.9, 9.0)) == [ASK, ASK, KILL]
    assert end.reason is Reason.OPERATOR


def test_who_hears_at_every_turn_that_it_is_unwanted_is_asked_each_second() -> None:
    end = unwanted()
    end.step(0.0)
    end.unwanted(0.5)

    assert steps(end, (0.5, 1.0)) == [WAIT, ASK]


def test_an_operator_is_faster_than_the_grace_of_a_stop() -> None:
    end = told(Mood.STOPPING)
    end.unwanted(1.0)

    assert (end.step(1.0), end.reason) == (ASK, Reason.OPERATOR)


@pytest.mark.parametrize("mood", [Mood.STOPPING, Mood.HURRYING, Mood.KILLING])
def test_a_stop_does_not_put_back_what_an_operator_did_not_want(mood: Mood) -> None:
    end = unwanted()
    end.step(0.0)
    end.hear(mood, 1.0)
    end.step(1.0)

    assert end.reason is Reason.OPERATOR


def test_an_operator_changes_nothing_for_a_job_that_was_asked_before() -> None:
    end = told(Mood.HURRYING)
    end.step(0.0)
    end.unwanted(0.5)

    assert (end.step(0.5), end.reason) == (WAIT, Reason.STOP)


# Too large


def test_a_job_that_is_too_large_is_killed_without_being_asked() -> None:
    end = job()
    end.too_large(5.0)

    assert end.step(5.0) is KILL
    assert (end.asked, end.reason) == (True, Reason.MEMORY)


def test_a_job_that_is_too_large_while_it_has_time_to_end_has_none_any_more() -> None:
    end = told(Mood.HURRYING)
    end.step(0.0)
    end.too_large(0.5)

    assert (end.step(0.5), end.reason) == (KILL, Reason.STOP)


def test_a_stop_does_not_excuse_a_job_that_was_too_large() -> None:
    end = job()
    end.too_large(5.0)
    end.step(5.0)
    end.hear(Mood.KILLING, 5.5)

    assert (end.step(5.5), end.reason) == (KILL, Reason.MEMORY)


def test_a_job_that_is_too_large_within_the_grace_of_a_stop_is_killed_for_its_size() -> None:
    end = told(Mood.STOPPING)
    end.too_large(1.0)

    assert (end.step(1.0), end.reason) == (KILL, Reason.MEMORY)
