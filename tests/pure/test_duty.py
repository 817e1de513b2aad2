"""What a worker should do next."""

from collections.abc import Callable
from enum import Enum, auto

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resqued.backoff import Backoff
from resqued.duty import BEAT_EVERY, HOLD_OFF, UNSEEN, Duty
from resqued.escalation import Mood

NOW = 1000.0


def duty(*, interval: float = 5.0, chance: Callable[[], float] = lambda: 0.5) -> Duty:
    """At first, Redis is tried again after 1 s, then after 2, 4, 8, 16."""
    return Duty(interval=interval, backoff=Backoff(first=2.0, most=32.0, chance=chance))


def idle() -> Duty:
    """Of a worker that has just beaten, and found nothing."""
    idle = duty()
    idle.beat(NOW)
    idle.found_nothing(NOW)
    return idle


# Leaving


def test_a_worker_stays_until_somebody_wants_it_to_leave() -> None:
    assert not duty().over


@pytest.mark.parametrize("mood", [mood for mood in Mood if mood is not Mood.RUNNING])
def test_whatever_the_wish_to_stop_it_is_over(mood: Mood) -> None:
    stopped = duty()
    stopped.shut(mood)

    assert stopped.over


def test_a_late_quit_does_not_soften_a_term() -> None:
    stopped = duty()
    stopped.shut(Mood.STOPPING)
    stopped.shut(Mood.DRAINING)

    assert stopped.mood is Mood.STOPPING


@given(st.lists(st.sampled_from(Mood), min_size=1))
def test_of_all_wishes_the_firmest_counts(moods: list[Mood]) -> None:
    stopped = duty()
    for mood in moods:
        stopped.shut(mood)

    assert stopped.mood is max(moods)


# Looking for jobs


def test_a_new_worker_looks_at_once() -> None:
    assert duty().is_rested(NOW)


def test_who_found_nothing_rests_for_an_interval() -> None:
    assert not idle().is_rested(NOW + 4.9)
    assert idle().is_rested(NOW + 5.0)


def test_who_is_woken_looks_at_once() -> None:
    woken = idle()
    woken.woken()

    assert woken.is_rested(NOW)


def test_an_idle_worker_wakes_to_look_again() -> None:
    assert idle().wakes_at() == NOW + 5.0


def test_an_idle_worker_wakes_to_beat_before_a_long_rest_is_over() -> None:
    patient = duty(interval=600.0)
    patient.beat(NOW)
    patient.found_nothing(NOW)

    assert patient.wakes_at() == NOW + 30.0


# Looking only in case the one that watches misses something


def test_a_heartbeat_takes_the_place_of_a_look_that_is_about_due() -> None:
    follower = idle()
    follower.found_nothing(NOW + 25.1)
    follower.spare_a_look(NOW + 30.0)

    assert not follower.is_rested(NOW + 34.9)
    assert follower.is_rested(NOW + 35.0)


def test_a_heartbeat_takes_the_place_of_no_look_that_is_far_off() -> None:
    follower = idle()
    follower.found_nothing(NOW + 28.0)
    follower.spare_a_look(NOW + 30.0)

    assert follower.is_rested(NOW + 33.0)


def test_nothing_but_a_heartbeat_takes_the_place_of_a_look() -> None:
    follower = idle()
    follower.spare_a_look(NOW + 5.0)

    assert follower.is_rested(NOW + 5.0)


def test_who_is_woken_looks_however_due_its_heartbeat() -> None:
    woken = idle()
    woken.woken()
    woken.spare_a_look(NOW + 30.0)

    assert woken.is_rested(NOW + 30.0)


@pytest.mark.parametrize("interval", [15.0, 30.0, 60.0])
def test_who_looks_seldom_spares_no_look(interval: float) -> None:
    seldom = duty(interval=interval)
    seldom.beat(NOW)
    seldom.found_nothing(NOW + 30.0 - interval)
    seldom.spare_a_look(NOW + 30.0)

    assert seldom.is_rested(NOW + 30.0)


# Pausing


def paused() -> Duty:
    paused = idle()
    paused.pause()
    return paused


def test_a_worker_takes_jobs_until_it_pauses_or_is_to_leave() -> None:
    working, leaving = duty(), duty()
    leaving.shut(Mood.DRAINING)

    assert [one.takes_jobs for one in (working, paused(), leaving)] == [True, False, False]


def test_a_worker_may_be_born_paused() -> None:
    born = Duty(interval=5.0, backoff=Backoff(first=2.0, most=32.0, chance=lambda: 0.5), paused=True)

    assert not born.takes_jobs


def test_a_worker_that_pauses_is_not_over() -> None:
    assert not paused().over


def test_a_worker_that_pauses_wakes_for_its_heartbeat_alone() -> None:
    assert (idle().wakes_at(), paused().wakes_at()) == (NOW + 5.0, NOW + 30.0)


def test_a_worker_that_pauses_beats_as_soon_as_redis_is_back() -> None:
    away = paused()
    away.lost_redis(NOW)

    assert away.wakes_at() == NOW + 1.0


def test_who_resumes_looks_at_once() -> None:
    resumed = paused()
    resumed.resume()

    assert resumed.takes_jobs
    assert resumed.is_rested(NOW)


def test_who_has_not_paused_does_not_look_for_having_been_told_to_resume() -> None:
    resting = idle()
    resting.resume()

    assert not resting.is_rested(NOW)


def test_who_is_to_leave_stays_paused_whoever_says_resume() -> None:
    """systemd sends CONT after TERM."""
    leaving = paused()
    leaving.shut(Mood.STOPPING)
    leaving.resume()

    assert leaving.paused
    assert leaving.mood is Mood.STOPPING


@given(st.lists(st.booleans(), min_size=1))
def test_of_pause_and_resume_the_last_counts(wishes: list[bool]) -> None:
    worker = duty()
    for wish in wishes:
        worker.pause() if wish else worker.resume()

    assert worker.paused is wishes[-1]


# Stopping a job


def test_nobody_wants_a_job_stopped_at_first() -> None:
    assert not duty().wants_job_stopped


def test_who_wants_a_job_stopped_wants_that_one_alone() -> None:
    stopping = duty()
    stopping.stop_job()
    assert stopping.wants_job_stopped
    stopping.begins_job()

    assert not stopping.wants_job_stopped


# Heartbeats


def test_the_first_heartbeat_is_due_at_once() -> None:
    assert duty().beat_is_due(NOW)


def test_a_heartbeat_is_due_again_after_thirty_seconds() -> None:
    assert not idle().beat_is_due(NOW + 29.9)
    assert idle().beat_is_due(NOW + 30.0)


def test_a_busy_worker_wakes_for_its_heartbeat() -> None:
    assert idle().beats_at() == NOW + 30.0


# Redis is away


def test_the_beginning_of_an_outage_is_news_once() -> None:
    lost = duty()

    assert [lost.lost_redis(NOW + second) for second in range(3)] == [True, False, False]


def test_the_end_of_an_outage_is_news_once() -> None:
    lost = duty()
    lost.lost_redis(NOW)
    lost.lost_redis(NOW + 1.0)

    assert [lost.found_redis(NOW + 3.5), lost.found_redis(NOW + 4.0)] == [3.5, None]


def test_that_redis_is_there_is_no_news() -> None:
    assert duty().found_redis(NOW) is None


def test_a_second_outage_is_news_again() -> None:
    lost = duty()
    lost.lost_redis(NOW)
    lost.found_redis(NOW + 1.0)

    assert lost.lost_redis(NOW + 2.0)


def test_redis_is_not_asked_again_before_a_while_has_passed() -> None:
    lost = duty()
    lost.lost_redis(NOW)

    assert lost.tries_redis_at() == NOW + 1.0
    assert not lost.may_try_redis(NOW + 0.9)
    assert lost.may_try_redis(NOW + 1.0)


def test_an_outage_that_goes_on_is_looked_at_more_and_more_rarely() -> None:
    lost = duty()
    for _ in range(3):
        lost.lost_redis(NOW)

    assert lost.tries_redis_at() == NOW + 4.0


def test_a_redis_that_is_back_is_asked_at_once() -> None:
    lost = duty()
    lost.lost_redis(NOW)
    lost.found_redis(NOW + 0.5)

    assert lost.may_try_redis(NOW + 0.5)


def test_the_next_outage_begins_with_a_short_pause_again() -> None:
    lost = duty()
    for _ in range(3):
        lost.lost_redis(NOW)
    lost.found_redis(NOW + 10.0)
    lost.lost_redis(NOW + 20.0)

    assert lost.tries_redis_at() == NOW + 21.0


def test_the_first_thing_after_an_outage_is_a_heartbeat() -> None:
    lost = idle()
    lost.lost_redis(NOW + 1.0)

    assert lost.beat_is_due(NOW + 2.0)


def test_no_heartbeat_is_due_before_redis_may_be_asked() -> None:
    lost = idle()
    lost.lost_redis(NOW + 1.0)

    assert not lost.beat_is_due(NOW + 1.9)
    assert lost.beats_at() == NOW + 2.0


def test_an_idle_worker_sleeps_until_redis_may_be_asked() -> None:
    lost = duty()
    lost.lost_redis(NOW)

    assert lost.wakes_at() == NOW + 1.0


# There can be no more processes


def test_who_cannot_fork_leaves_the_jobs_to_others_for_a_second() -> None:
    held = duty()
    held.hold_off(NOW)

    assert not held.may_try_redis(NOW + 0.9)
    assert held.may_try_redis(NOW + 1.0)


def test_who_cannot_fork_sleeps_meanwhile() -> None:
    held = duty()
    held.hold_off(NOW)

    assert held.wakes_at() == NOW + 1.0


def test_holding_off_is_no_outage() -> None:
    held = duty()
    held.hold_off(NOW)

    assert held.found_redis(NOW + 1.0) is None


def test_holding_off_does_not_bring_an_absent_redis_nearer() -> None:
    held = duty()
    for _ in range(3):
        held.lost_redis(NOW)
    held.hold_off(NOW)

    assert held.tries_redis_at() == NOW + 4.0


def test_who_is_to_leave_does_not_hold_off_from_saying_goodbye() -> None:
    held = duty()
    held.hold_off(NOW)
    held.shut(Mood.DRAINING)

    assert held.may_try_redis(NOW)


def test_who_is_to_leave_does_not_pester_a_redis_that_is_away() -> None:
    lost = duty()
    lost.lost_redis(NOW)
    lost.shut(Mood.STOPPING)

    assert not lost.may_try_redis(NOW + 0.9)


# Whatever the history: a worker that does what is due, with a Redis that may or may not answer


class Answer(Enum):
    NOTHING = auto()
    NO_FORK = auto()  # a job, which had to be put back
    AWAY = auto()


def take_a_turn(duty: Duty, now: float, answer: Answer) -> None:
    """One turn of an idle worker's loop, as far as its duty learns of it."""
    duty.spare_a_look(now)
    looks = duty.is_rested(now) and not duty.paused
    if not duty.may_try_redis(now) or not (looks or duty.beat_is_due(now)):
        return
    if answer is Answer.AWAY:
        duty.lost_redis(now)
        return
    if duty.beat_is_due(now):
        duty.beat(now)
    if looks:
        duty.found_nothing(now)
        if answer is Answer.NO_FORK:
            duty.hold_off(now)
    duty.found_redis(now)


wishes = st.sampled_from((Duty.woken, Duty.pause, Duty.resume, Duty.stop_job, Duty.begins_job))
turns = st.lists(st.tuples(st.sampled_from(Answer), st.floats(min_value=0, max_value=40), wishes))
chances = st.floats(min_value=0, max_value=1, exclude_max=True)


@given(turns=turns, chance=chances, interval=st.floats(min_value=0.01, max_value=100))
def test_a_worker_that_has_done_what_is_due_has_nothing_to_do_at_once(
    turns: list[tuple[Answer, float, Callable[[Duty], None]]], chance: float, interval: float
) -> None:
    worker, now = duty(interval=interval, chance=lambda: chance), NOW
    for answer, pause, wish in turns:
        now += pause
        wish(worker)
        take_a_turn(worker, now, answer)

        assert worker.wakes_at() > now


@given(
    turns=st.lists(st.tuples(st.sampled_from((Answer.NOTHING, Answer.NO_FORK)), wishes)),
    interval=st.floats(min_value=0.01, max_value=100),
)
def test_while_redis_answers_heartbeats_come_in_time(
    turns: list[tuple[Answer, Callable[[Duty], None]]], interval: float
) -> None:
    worker, now, beaten = duty(interval=interval), NOW, NOW
    for answer, wish in turns:
        wish(worker)
        if worker.beat_is_due(now):
            beaten = now
        take_a_turn(worker, now, answer)
        now = worker.wakes_at()

        assert now - beaten <= BEAT_EVERY + HOLD_OFF


# Unseen


def test_a_worker_is_unseen_when_it_has_not_beaten_for_four_minutes() -> None:
    """Whatever kept it from that: no Redis, or no processor."""
    still = idle()
    still.beat(NOW)

    assert [still.is_unseen(NOW + seconds) for seconds in (0, UNSEEN - 1, UNSEEN)] == [False, False, True]


def test_a_worker_that_beats_is_seen() -> None:
    living = idle()
    for after in (0, UNSEEN - 1):
        living.beat(NOW + after)

    assert not living.is_unseen(NOW + UNSEEN)


def test_who_has_not_yet_beaten_has_not_been_missed() -> None:
    assert not duty().is_unseen(NOW + UNSEEN)


# Leaving while Redis is away


def worn_out() -> Duty:
    """Of a worker whose pauses have grown long."""
    away = idle()
    for _ in range(9):
        away.lost_redis(NOW)
    return away


def test_who_is_asked_to_leave_tries_redis_soon_however_long_the_pause_has_grown() -> None:
    away = worn_out()
    assert away.tries_redis_at() > NOW + 10
    away.shut(Mood.STOPPING)

    assert away.tries_redis_at() == NOW + 1.0


def test_while_leaving_no_pause_is_long() -> None:
    away = worn_out()
    away.shut(Mood.STOPPING)
    away.lost_redis(NOW + 1.0)

    assert away.tries_redis_at() == NOW + 2.0
