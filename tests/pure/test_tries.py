"""Whether a job that has failed is tried again, and when."""

from collections.abc import Callable
from typing import Any

import pytest

from resqued import joblimits
from resqued.errors import DirtyExit, JobInterrupted, JobKilled, JobMemoryExceeded, JobTimeout, PrunedWorker
from resqued.joblimits import UNSTATED
from resqued.tries import UNASKED, RetryPolicy


def job(**said: object) -> type:
    return type("Deliver", (), {"perform": staticmethod(lambda address, urgent=False: None), **said})


def policy(**said: Any) -> RetryPolicy:
    found = joblimits.of(job(retry=said)).retry
    assert found
    return found


def middle() -> float:
    return 0.5


def pauses(of: RetryPolicy, chance: Callable[[], float] = middle) -> list[float | None]:
    return [of.again(ValueError(), tried, chance) for tried in range(6)]


def test_the_last_pause_of_a_list_counts_on_until_the_limit() -> None:
    assert pauses(policy(limit=4, backoff=[1, 10.5])) == [1, 10.5, 10.5, 10.5, None, None]


def test_one_number_is_the_pause_before_every_try() -> None:
    assert pauses(policy(limit=2, backoff=0)) == [0, 0, None, None, None, None]


def test_pauses_grow_until_they_are_as_long_as_they_may_be() -> None:
    growing = policy(limit=9, backoff={"first": 2, "factor": 3, "most": 60, "jitter": 0})

    assert pauses(growing) == [2, 6, 18, 54, 60, 60]
    assert growing.pause(10_000, middle) == 60


def test_chance_makes_a_pause_shorter_or_longer_by_a_share() -> None:
    growing = policy(backoff={"first": 100, "jitter": 0.5})

    assert (growing.pause(0, lambda: 0.0), growing.pause(0, lambda: 0.75)) == (50, 125)


def test_a_function_is_asked_how_long_with_the_number_of_failures() -> None:
    assert pauses(policy(limit=3, backoff=lambda failures: failures * 7)) == [7, 14, 21, None, None, None]


@pytest.mark.parametrize("said", [-1, None, "3", True, float("nan"), float("inf")])
def test_a_function_that_says_no_number_of_seconds_is_told_so(said: object) -> None:
    with pytest.raises(ValueError, match="expected a number of seconds ≥ 0 from retry's backoff, got"):
        policy(backoff=lambda _: said).again(ValueError(), 0, middle)


def test_of_a_function_that_cannot_be_asked_a_minute_is_assumed() -> None:
    asking = policy(limit=2, backoff=lambda _: 1 / 0)

    assert asking.unasked(DirtyExit(), 0, middle) == UNASKED
    assert asking.unasked(DirtyExit(), 2, middle) is None
    assert asking.if_lost() == (UNASKED,)


@pytest.mark.parametrize("name", [ConnectionError, "ConnectionError", "builtins.ConnectionError", "OSError", OSError])
def test_on_names_exceptions_and_what_is_derived_from_them(name: object) -> None:
    only = policy(on=[name], backoff=1)

    assert only.again(ConnectionResetError(), 0, middle) == 1
    assert only.again(ValueError(), 0, middle) is None


def test_never_overrules_on() -> None:
    but = policy(on=[OSError], never=["FileNotFoundError"], backoff=1)

    assert but.again(FileNotFoundError(), 0, middle) is None
    assert but.again(PermissionError(), 0, middle) == 1


@pytest.mark.parametrize("error", [DirtyExit(), PrunedWorker(), JobTimeout(), JobMemoryExceeded(), JobInterrupted()])
def test_what_befalls_a_job_is_a_failure_like_others(error: Exception) -> None:
    assert policy(backoff=1).again(error, 0, middle) == 1
    assert policy(backoff=1, on=["ValueError"]).again(error, 0, middle) is None


def test_an_operator_has_the_last_word_unless_a_policy_names_him() -> None:
    assert policy(backoff=1, on=[Exception]).again(JobKilled(), 0, middle) is None
    assert policy(backoff=1, on=["JobKilled"]).again(JobKilled(), 0, middle) == 1


@pytest.mark.parametrize("name", ["DirtyExit", "Resque::DirtyExit", PrunedWorker, "PrunedWorker"])
def test_whose_worker_dies_is_not_tried_again_if_that_is_never_to_be(name: object) -> None:
    assert policy(limit=2, backoff=[1, 5]).if_lost() == (1, 5)
    assert policy(limit=2, backoff=[1, 5], never=[name]).if_lost() == ()


def test_a_class_that_says_nothing_states_nothing() -> None:
    assert joblimits.of(job()) is UNSTATED
    assert joblimits.of(job(retry={"limit": 0})) is not UNSTATED


@pytest.mark.parametrize(
    ("said", "mistake"),
    [
        ({"retry": 5}, "retry: expected a dictionary, got 5"),
        ({"retry": {"limit": -1}}, "retry.limit: expected int ≥ 0, got -1"),
        ({"retry": {"backof": 1}}, 'retry.backof: unknown key; did you mean "backoff"?'),
        ({"retry": {"backoff": []}}, "retry.backoff: expected a number of seconds ≥ 0, a list of them, or"),
        ({"retry": {"backoff": {"frist": 1}}}, 'retry.backoff.frist: unknown key; did you mean "first"?'),
        ({"retry": {"on": ["a b"]}}, "retry.on[0]: expected the name of an exception"),
        ({"retry": {"dead": "queue"}}, 'retry.dead: expected "failed" or "discard", got "queue"'),
        ({"unique": "queued"}, "unique: expected a dictionary, got 'queued'"),
        ({"unique": {}}, 'unique.while: say either "while": '),
        ({"unique": {"while": "queued", "for": 3}}, 'unique.while: say either "while": '),
        ({"unique": {"while": "queud"}}, 'unique.while: expected "queued", "running" or "unfinished", got "queud"'),
        ({"unique": {"for": 0}}, "unique.for: expected a number of seconds > 0, got 0"),
        ({"unique": {"while": "queued", "by": ["adress"]}}, "unique.by: expected an argument of perform (address, "),
        ({"unique": {"while": "running", "on_conflict": "raise"}}, 'unique.on_conflict: "raise" is not for this'),
        ({"unique": {"for": 3, "on_conflict": "wait"}}, 'unique.on_conflict: "wait" is not for this'),
    ],
)
def test_a_mistake_says_what_and_where(said: dict[str, object], mistake: str) -> None:
    found = list(joblimits.mistakes(job(**said)))

    assert len(found) == 1
    assert found[0].startswith(mistake), found


def test_all_mistakes_are_found_at_once() -> None:
    wrong = job(retry={"limit": "x", "dead": 3}, unique={"while": 1}, timeout="y")

    assert len(list(joblimits.mistakes(wrong))) == 4


def test_jobs_are_the_same_by_their_class_and_chosen_arguments() -> None:
    by = joblimits.of(job(unique={"by": ["address"], "while": "queued"})).unique
    every = joblimits.of(job(unique={"while": "queued"})).unique
    assert by
    assert every

    assert by.identity("A", ["x", True]) == by.identity("A", ["x"])
    assert by.identity("A", ["x"]).digest != by.identity("B", ["x"]).digest
    assert every.identity("A", ["x", True]).digest != every.identity("A", ["x"]).digest
    assert every.identity("A", ["x" * 500]).shown == 'A["' + "x" * 196 + "…"
