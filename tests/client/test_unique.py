"""Enqueueing jobs of which there may be one only."""

from collections.abc import Mapping
from typing import Any

import pytest
from redis import Redis

from resqued import AlreadyEnqueued, Resque, testing
from tests.support.daemon import texts


class Report:
    queue = "reports"
    unique: Mapping[str, Any] = {"by": ["customer"], "while": "queued"}
    told: list[int] = []  # noqa: RUF012  who was told

    @staticmethod
    def perform(customer: int, pages: int = 1) -> None: ...

    @classmethod
    def after_enqueue_tell(cls, customer: int, pages: int = 1) -> None:
        cls.told.append(customer)


class Strict(Report):
    unique: Mapping[str, Any] = {"while": "unfinished", "on_conflict": "raise"}


class Seldom(Report):
    unique: Mapping[str, Any] = {"for": 60}


class Running(Report):
    unique: Mapping[str, Any] = {"while": "running"}


@pytest.fixture(autouse=True)
def _nobody_was_told() -> None:
    Report.told.clear()


def test_a_second_one_is_refused(resque: Resque, redis: Redis) -> None:
    assert [resque.enqueue(Report, 1), resque.enqueue(Report, 1, 9), resque.enqueue(Report, 2)] == [True, False, True]
    assert resque.size("reports") == 2
    assert Report.told == [1, 2]


def test_a_second_one_may_be_an_error_that_says_where_the_first_is(resque: Resque) -> None:
    resque.enqueue(Strict, 1)

    with pytest.raises(AlreadyEnqueued, match=r"Strict\[1\], at reports, since 20") as caught:
        resque.enqueue(Strict, 1)
    assert caught.value.place == "reports"


def test_another_class_or_queue_is_another_matter(resque: Resque) -> None:
    assert resque.enqueue(Report, 1)
    assert resque.enqueue(Seldom, 1)
    assert not resque.enqueue_to("elsewhere", Report, 1)


def test_many_at_once(resque: Resque, redis: Redis) -> None:
    resque.enqueue(Report, 2)

    assert resque.enqueue_many(Report, [(1,), (2,), (1, 5), (3,)]) == [True, False, False, True]
    assert texts(redis, "resque:queue:reports")[1:] == [
        f'{{"class":"tests.client.test_unique.Report","args":[{customer}]}}' for customer in (1, 3)
    ]
    assert Report.told == [2, 1, 3]


def test_of_a_class_that_is_not_unique_there_may_be_any_number(resque: Resque) -> None:
    assert resque.enqueue_many(Running, [(1,)] * 1200) == [True] * 1200
    assert resque.size("reports") == 1200
    assert resque.enqueue_many(Running, []) == []


def test_who_names_a_class_or_pushes_a_payload_asks_nobody(resque: Resque) -> None:
    resque.enqueue(Report, 1)

    assert resque.enqueue_to("reports", "tests.client.test_unique.Report", 1)
    assert resque.size("reports") == 2


def test_what_a_test_collects_takes_no_lock(resque: Resque, redis: Redis) -> None:
    with testing.collected() as jobs:
        assert [resque.enqueue(Report, 1), resque.enqueue(Report, 1)] == [True, True]

    assert len(jobs) == 2
    assert redis.keys("*") == []
