"""Enqueueing jobs of which there may be one only."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest
from redis import Redis

from resqued import AlreadyEnqueued, Resque, address, testing
from resqued.errors import CommandRefused
from resqued.protocol import delayed
from resqued.protocol.keys import Keys
from resqued.store.delays import By, Delayed, Delays
from resqued.store.locks import Locking
from resqued.unique import Scope, UniquePolicy
from resqued.wire import pooled
from tests.support.daemon import texts

FUTURE = 4102444800  # 2100


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


# For later


def test_one_that_waits_for_its_time_keeps_others_away(resque: Resque, redis: Redis) -> None:
    assert resque.enqueue_at(FUTURE, Report, 1)

    assert not resque.enqueue(Report, 1)
    assert not resque.enqueue_in(60, Report, 1, 9)
    assert resque.enqueue_in(60, Report, 2)
    assert [redis.llen(f"resque:delayed:{FUTURE}"), resque.size("reports")] == [1, 0]


def test_one_that_is_queued_keeps_those_for_later_away(resque: Resque, redis: Redis) -> None:
    resque.enqueue(Strict, 1)

    with pytest.raises(AlreadyEnqueued, match=r"Strict\[1\], at reports, since 20"):
        resque.enqueue_in(60, Strict, 1)
    assert not redis.exists("resque:delayed_queue_schedule")


def test_its_lock_lives_longer_than_it_waits_also_if_a_second_one_is_refused(resque: Resque, redis: Redis) -> None:
    resque.enqueue_in(30 * 86400, Report, 1)
    (lock,) = redis.keys("resqued:resque:lock:*")
    assert redis.ttl(lock) > 36 * 86400

    resque.enqueue(Report, 1)
    resque.enqueue_in(60, Report, 1)
    assert redis.ttl(lock) > 36 * 86400


def test_the_time_of_a_lock_for_a_time_counts_from_the_call(resque: Resque, redis: Redis) -> None:
    assert [resque.enqueue_in(3600, Seldom, 1), resque.enqueue_in(3600, Seldom, 1)] == [True, False]
    (lock,) = redis.keys("resqued:resque:lock:*")
    assert redis.ttl(lock) <= 60


def test_when_its_time_has_come_it_has_its_lock_on_its_queue(resque: Resque, redis: Redis, redis_url: str) -> None:
    resque.enqueue_at(FUTURE, Report, 1)
    item = b'{"class":"tests.client.test_unique.Report","args":[1],"queue":"reports"}'
    with closing(pooled.connect(address.parse(redis_url))) as wire:
        Delays(wire, Keys()).run(Delayed(str(FUTURE), item), delayed.due(item))

    assert not resque.enqueue(Report, 1)
    assert resque.size("reports") == 1


def test_who_takes_it_away_leaves_no_lock_that_holds_anybody_up(resque: Resque) -> None:
    resque.enqueue_at(FUTURE, Report, 1)

    assert resque.remove_delayed(Report, 1) == 1
    assert resque.enqueue(Report, 1)


def test_where_it_cannot_be_put_aside_it_leaves_no_lock(resque: Resque, redis: Redis) -> None:
    redis.set("resque:delayed_queue_schedule", "x")

    with pytest.raises(CommandRefused, match="delayed_queue_schedule"):
        resque.enqueue_at(FUTURE, Report, 1)
    assert redis.keys("resqued:resque:lock:*") == []


def test_what_is_due_by_the_clock_of_the_server_is_on_its_queue_with_its_lock(redis: Redis, redis_url: str) -> None:
    policy = UniquePolicy(Scope.QUEUED, None, "refuse")
    keys, identity = Keys(), policy.identity("Echo", [1])
    with closing(pooled.connect(address.parse(redis_url))) as wire:
        delays, lock = Delays(wire, keys), Locking.of(policy, [identity], keys)
        held = [delays.put("reports", '{"class":"Echo","args":[1]}', By.NOW, 0, lock) for _ in range(2)]

    assert held[0] is None
    assert held[1]
    assert held[1].place == "reports"
    assert redis.lrange("resque:queue:reports", 0, -1) == [b'{"class":"Echo","args":[1]}']
