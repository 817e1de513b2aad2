"""What a job class says about its limits."""

import pytest

from resqued import joblimits
from resqued.escalation import Patience
from resqued.joblimits import JobLimits
from resqued.worker.terms import Limits, Terms


def job(**said: object) -> type:
    return type("Report", (), said)


def terms(*, timeout: float = 0.0, memory: int = 0) -> Terms:
    patience = Patience(grace=0.0, term_timeout=0.0)
    return Terms("mail.0", timeout, "fail", patience, redis_timeout=0.0, memory=memory)


def test_a_class_that_says_nothing_leaves_it_to_its_pool() -> None:
    assert terms(timeout=30, memory=100).limits(joblimits.of(job())) == Limits(timeout=30, memory=100)


def test_what_a_class_says_counts_instead_of_its_pool() -> None:
    own = joblimits.of(job(timeout=0.5, memory="1kB"))

    assert terms(timeout=30, memory=100).limits(own) == Limits(timeout=0.5, memory=1000)


def test_a_class_may_do_without_the_limits_of_its_pool() -> None:
    own = joblimits.of(job(timeout=0, memory=""))

    assert terms(timeout=30, memory=100).limits(own) == Limits(timeout=0, memory=0)


def test_limits_are_inherited_and_can_be_taken_back() -> None:
    base = job(timeout=30, memory=4096)
    heir, free = type("Heir", (base,), {}), type("Free", (base,), {"timeout": None, "memory": None})

    assert joblimits.of(heir) == JobLimits(30.0, 4096)
    assert joblimits.of(free) == JobLimits(None, None)


@pytest.mark.parametrize(
    "timeout", ["30", -1, True, float("nan"), float("inf"), 10**400, [], lambda: 30], ids=lambda value: str(value)[:9]
)
def test_what_is_no_time_is_a_mistake(timeout: object) -> None:
    (mistake,) = joblimits.mistakes(job(timeout=timeout))

    assert mistake.startswith("timeout: expected a number of seconds ≥ 0, got ")


@pytest.mark.parametrize("memory", ["big", "0", -1, True, 1.5, [], "1 TiB"])
def test_what_is_no_size_is_a_mistake(memory: object) -> None:
    (mistake,) = joblimits.mistakes(job(memory=memory))

    assert mistake.startswith('memory: expected a size such as "512MiB" or a number of bytes, or "" for no limit, got ')


def test_both_mistakes_are_told_at_once() -> None:
    assert len(list(joblimits.mistakes(job(timeout="", memory="?")))) == 2
