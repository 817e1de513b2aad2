"""What a class says of how many of it may run at a time, and which jobs that is about."""

from functools import wraps
from typing import Any

import pytest

from resqued import chosen, concurrency, joblimits
from resqued.concurrency import Concurrency, Limit


def noisy(function: Any) -> Any:
    @wraps(function)
    def perform(*args: object) -> object:
        return function(*args)

    return perform


class Static:
    @staticmethod
    def perform(customer: str, text: str = "") -> None: ...


class OfClass:
    @classmethod
    def perform(cls, customer: str) -> None: ...


class OfInstance:
    def perform(self, customer: str) -> None: ...


class Wrapped:
    @staticmethod
    @noisy
    def perform(order: int, customer: str) -> None: ...


class Inherited(Static):
    pass


@pytest.mark.parametrize(
    ("job", "position"), [(Static, 0), (OfClass, 0), (OfInstance, 0), (Wrapped, 1), (Inherited, 0)]
)
def test_an_argument_is_found_by_its_name(job: type, position: int) -> None:
    assert chosen.positions(job, ["customer"]) == (position,)


@pytest.mark.parametrize(
    ("by", "complaint"),
    [
        (["nobody"], r"by: expected an argument of perform \(customer, text\) or 0, 1, …, got 'nobody'"),
        ([-1], "or 0, 1, …, got -1"),
        ([True], "or 0, 1, …, got True"),
        ("customer", "by: expected a list of arguments"),
    ],
)
def test_what_is_no_argument_is_a_mistake(by: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        chosen.positions(Static, by)


def test_jobs_share_a_limit_whose_chosen_arguments_are_equal() -> None:
    stated = concurrency.of(Static, {"limit": 3, "by": ["customer"], "name": "mail"})

    assert stated is not None
    assert stated.of(["ann", "x"]) == stated.of(["ann", "y"]) == Limit('mail["ann"]', 3)
    assert stated.of([1]) != stated.of(["1"])
    assert stated.of([]) == Limit("mail[null]", 3)


def test_without_any_all_of_a_class_share_one() -> None:
    stated = concurrency.of(Static, 2)

    assert stated == Concurrency(2, f"{__name__}.Static", ())
    assert stated.of(["ann"]) == Limit(f"{__name__}.Static", 2)


def test_a_long_name_is_its_digest() -> None:
    long = chosen.key((0,), ["x" * 1000])

    assert len(long) == 40
    assert long != chosen.key((0,), ["x" * 1001])


def test_a_lone_surrogate_has_a_digest_as_well() -> None:
    assert len(chosen.key((0,), ["\ud800" * 500])) == 40


@pytest.mark.parametrize(
    ("stated", "complaint"),
    [
        (0, r'expected a number ≥ 1, or \{"limit": 3, "by": \["customer"\]\}, got \{.limit.: 0\}'),
        (True, "expected a number ≥ 1"),
        ("3", "expected a number ≥ 1, .* got '3'"),
        ({"limit": 1.5}, "expected a number ≥ 1"),
        ({"by": ["customer"]}, "expected a number ≥ 1"),
        ({"limit": 1, "per": []}, "unknown key 'per'; known here: limit, by, name"),
        ({"limit": 1, "name": ""}, "name: expected a text without spaces"),
        ({"limit": 1, "name": "a b"}, "name: expected a text without spaces"),
    ],
)
def test_what_means_nothing_is_a_mistake(stated: object, complaint: str) -> None:
    class Job(Static):
        pass

    Job.concurrency = stated  # type: ignore[attr-defined]  # as an application says it
    with pytest.raises(ValueError, match=complaint):
        concurrency.of(Job, stated)
    assert [mistake.partition(":")[0] for mistake in joblimits.mistakes(Job)] == ["concurrency"]


def test_a_class_that_says_nothing_has_no_limits() -> None:
    assert joblimits.of(Static) is joblimits.UNSTATED
