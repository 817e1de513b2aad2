"""What becomes of a wish to reload: a check, then the new version, then the last word."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resqued.reload import Record, Reload, State, Step

START, PATIENCE = 1000.0, 60.0
CHECK_PID = 4711


def asked() -> Reload:
    reload = Reload(PATIENCE)
    reload.ask(START)
    return reload


def checking() -> Reload:
    reload = asked()
    reload.began(CHECK_PID, START)
    return reload


def checked(*reasons: str) -> Reload:
    reload = checking()
    reload.checked(reasons, START + 1)
    return reload


def state(reload: Reload) -> State | None:
    return reload.last.state if reload.last else None


def reason(reload: Reload) -> Sequence[str]:
    assert reload.last
    return reload.last.reason


# From the wish to the last word


def test_without_a_wish_there_is_nothing_to_do() -> None:
    reload = Reload(PATIENCE)

    assert (reload.step(START), reload.wakes_at(), reload.last) == (None, None, None)


def test_a_wish_leads_to_a_check() -> None:
    assert asked().step(START) is Step.CHECK


def test_while_the_check_runs_there_is_nothing_to_do() -> None:
    reload = checking()

    assert (reload.step(START), reload.check, state(reload)) == (None, CHECK_PID, State.CHECKING)


def test_a_good_check_leads_to_the_new_version() -> None:
    reload = checked()

    assert (reload.step(START + 1), reload.check, state(reload)) == (Step.BECOME, None, State.STARTING)


def test_a_bad_check_leads_to_nothing_and_says_why() -> None:
    reload = checked("no such module", "no such pool")

    assert (reload.step(START + 1), state(reload)) == (None, State.REFUSED)
    assert reason(reload) == ("no such module", "no such pool")


def test_the_new_version_knows_how_far_it_has_come() -> None:
    reload = Reload(PATIENCE, checked().last)

    assert (reload.step(START + 2), state(reload)) == (None, State.STARTING)


def test_a_new_version_that_works_accepts() -> None:
    reload = Reload(PATIENCE, checked().last)

    assert reload.accept(START + 2)
    assert reload.last == Record(1, START, START, State.ACCEPTED, START + 2)


def test_a_new_version_that_does_not_work_refuses_and_never_accepts_again() -> None:
    reload = Reload(PATIENCE, checked().last)
    reload.refused(["no such module"], START + 2)

    assert not reload.accept(START + 3)
    assert reload.last == Record(1, START, START, State.REFUSED, START + 2, ("no such module",), refusals=1)


def test_a_version_that_was_not_reloaded_has_nothing_to_accept() -> None:
    assert not Reload(PATIENCE).accept(START)


def test_a_new_version_that_could_not_be_executed_is_refused() -> None:
    reload = checked()
    reload.refused(["exec format error"], START + 2)

    assert (reload.step(START + 2), state(reload), reason(reload)) == (None, State.REFUSED, ("exec format error",))


def test_a_check_that_could_not_be_started_is_refused_and_not_waited_for() -> None:
    reload = asked()
    reload.began(0, START)
    reload.refused(["no more processes"], START)

    assert (reload.step(START + PATIENCE), reload.wakes_at(), reload.check) == (None, None, None)
    assert (state(reload), reason(reload)) == (State.REFUSED, ("no more processes",))


def test_after_a_refusal_the_next_wish_is_heeded() -> None:
    reload = checked("no such module")
    reload.ask(START + 5)

    assert reload.step(START + 5) is Step.CHECK


def test_reloads_are_numbered_over_all_images() -> None:
    reload = Reload(PATIENCE, checked().last)
    reload.accept(START + 2)
    reload.ask(START + 3)
    reload.began(CHECK_PID, START + 4)

    assert reload.last == Record(2, START + 3, START + 4, State.CHECKING, START + 4)


# Many wishes


def test_many_wishes_at_once_lead_to_one_check() -> None:
    reload = asked()
    reload.ask(START + 1)
    reload.began(CHECK_PID, START + 2)
    reload.checked(["no"], START + 3)

    assert reload.step(START + 3) is None
    assert reload.last
    assert reload.last.asked_at == START


def test_wishes_during_a_check_lead_to_one_more_check_after_it() -> None:
    reload = checking()
    for second in range(5):
        reload.ask(START + second)
    reload.checked(["no"], START + 6)

    assert reload.step(START + 6) is Step.CHECK
    reload.began(CHECK_PID, START + 6)
    reload.checked(["no"], START + 7)
    assert reload.step(START + 7) is None


def test_a_wish_during_a_good_check_is_left_to_the_new_version() -> None:
    reload = checking()
    reload.ask(START + 0.5)
    reload.checked([], START + 1)
    before = reload.step(START + 1)
    after = Reload(PATIENCE, reload.last, reload.asked_at)
    after.accept(START + 2)

    assert (before, after.step(START + 2)) == (Step.BECOME, Step.CHECK)


def test_a_wish_during_a_check_is_heeded_although_the_new_version_could_not_be_executed() -> None:
    reload = checking()
    reload.ask(START + 0.5)
    reload.checked([], START + 1)
    reload.refused(["exec format error"], START + 1)

    assert reload.step(START + 1) is Step.CHECK


# Patience


def test_a_check_that_takes_too_long_is_stopped_once() -> None:
    reload = checking()

    assert reload.wakes_at() == START + PATIENCE
    assert reload.step(START + PATIENCE - 0.1) is None
    assert reload.step(START + PATIENCE) is Step.STOP_CHECK
    assert (reload.step(START + PATIENCE), reload.wakes_at()) == (None, None)


@pytest.mark.parametrize("words", [[], ["the check ended with SIGKILL"]])
def test_a_check_that_was_stopped_is_refused_whatever_it_says(words: list[str]) -> None:
    reload = checking()
    reload.step(START + PATIENCE)
    reload.checked(words, START + PATIENCE + 1)

    assert (state(reload), reload.step(START + PATIENCE + 1)) == (State.REFUSED, None)
    assert reason(reload) == ("the check did not end within 60 s", *words)


def test_the_next_check_has_all_its_time() -> None:
    reload = checking()
    reload.step(START + PATIENCE)
    reload.checked([], START + PATIENCE)
    reload.ask(START + PATIENCE)
    reload.began(CHECK_PID, START + PATIENCE)

    assert (reload.step(START + PATIENCE + 1), reload.wakes_at()) == (None, START + 2 * PATIENCE)


# A stop


def test_a_stop_takes_back_a_wish() -> None:
    reload = asked()
    reload.cancel("stop", START)

    assert (reload.step(START), reload.last) == (None, None)


def test_a_stop_during_a_check_is_the_last_word() -> None:
    reload = checking()
    reload.cancel("stop", START + 1)

    assert (state(reload), reason(reload), reload.wakes_at()) == (State.REFUSED, ("stop",), None)
    assert reload.check == CHECK_PID


@pytest.mark.parametrize("words", [[], ["the check ended with SIGKILL"]])
def test_what_a_check_says_after_a_stop_is_no_news(words: list[str]) -> None:
    reload = checking()
    reload.cancel("stop", START + 1)
    before = reload.last
    reload.checked(words, START + 2)

    assert (reload.last, reload.check, reload.step(START + 2)) == (before, None, None)


def test_a_stop_between_the_check_and_the_new_version_is_the_last_word() -> None:
    reload = checked()
    reload.cancel("stop", START + 2)

    assert (reload.step(START + 2), state(reload)) == (None, State.REFUSED)


def test_a_stop_in_the_new_version_is_the_last_word() -> None:
    reload = Reload(PATIENCE, checked().last)
    reload.cancel("stop", START + 2)

    assert not reload.accept(START + 3)
    assert state(reload) is State.REFUSED


def test_a_stop_changes_nothing_about_what_is_past() -> None:
    reload = Reload(PATIENCE, checked().last)
    reload.accept(START + 2)
    before = reload.last
    reload.cancel("stop", START + 3)

    assert reload.last == before


# Whatever happens


@given(st.lists(st.sampled_from(("ask", "step", "good", "bad", "wait", "cancel", "refuse"))))
def test_a_master_never_turns_in_circles_and_becomes_only_what_was_checked(facts: list[str]) -> None:
    reload, now, approved = Reload(PATIENCE), START, False
    for fact in facts:
        match fact:
            case "ask":
                reload.ask(now)
            case "good" | "bad" if reload.check is not None:
                was_checking = state(reload) is State.CHECKING
                reload.checked([] if fact == "good" else ["no"], now)
                approved = fact == "good" and was_checking and state(reload) is State.STARTING
            case "wait":
                now += PATIENCE / 2
            case "cancel":
                reload.cancel("stop", now)
                approved = False
            case "refuse" if approved:
                reload.refused(["no"], now)
                approved = False
        step = reload.step(now)
        if step is Step.CHECK:
            reload.began(CHECK_PID, now)
        wakes_at = reload.wakes_at()

        assert (step is Step.BECOME) == approved
        assert wakes_at is None or wakes_at > now
