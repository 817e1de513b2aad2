"""Queues that give so many jobs in a time and no more, to the whole fleet, by the clock of Redis."""

from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest
from redis import Redis

from resqued import address
from resqued.protocol.identity import WorkerId
from resqued.protocol.keys import Keys
from resqued.rates import Rate, Rates, rate
from resqued.store.slate import FEW, Held, Nothing, Slate
from resqued.store.stock import Stock
from resqued.verdict import DONE, REQUEUED
from resqued.wire import lean
from resqued.work import Work
from tests.store.slates import NOW, REGISTRATION, WORKER, job, push

MAIL = "resqued:resque:rate:mail"
MINUTE = 60


def slate_with(wire: lean.LeanWire, **rates: str) -> Slate:
    worker = WorkerId.parse(WORKER)
    assert worker
    slate = Slate(wire, Keys(), worker=worker, registration=REGISTRATION, rates=Rates(rates), clock=lambda: NOW)
    slate.register()
    return slate


@pytest.fixture(name="wire")
def connection(redis_url: str) -> Iterator[lean.LeanWire]:
    with closing(lean.connect(address.parse(redis_url))) as wire:
        yield wire


def now(redis: Redis) -> int:
    """µs."""
    seconds, rest = redis.time()
    return int(seconds) * 10**6 + int(rest)


def gave(redis: Redis, *ago: float) -> None:
    """The queue mail gave jobs so many seconds ago."""
    redis.rpush(MAIL, *(now(redis) - int(seconds * 10**6) for seconds in ago))


def served(slate: Slate, queues: Sequence[str] = ("mail", "low")) -> str | Held | Nothing:
    """The queue of the next job, which is done at once; or why there is none."""
    taken = slate.reserve(queues)
    if isinstance(taken, Work):
        slate.settle(taken, DONE, ())
        return taken.queue
    return taken


def test_so_many_jobs_are_taken_and_no_more(wire: lean.LeanWire, redis: Redis) -> None:
    push(redis, *[job()] * 5)
    slate = slate_with(wire, mail="3/minute")

    assert [served(slate) for _ in range(3)] == ["mail"] * 3
    held = served(slate)
    assert isinstance(held, Held)
    assert held.queues == ("mail",)
    assert held.opens_in is not None
    assert 0 < held.opens_in <= MINUTE


def test_other_queues_go_on(wire: lean.LeanWire, redis: Redis) -> None:
    push(redis, *[job()] * 2)
    push(redis, *[job()] * 2, queue="low")
    slate = slate_with(wire, mail="1/minute")

    assert [served(slate) for _ in range(3)] == ["mail", "low", "low"]


def test_the_next_may_come_when_the_first_of_so_many_is_long_enough_ago(wire: lean.LeanWire, redis: Redis) -> None:
    push(redis, *[job()] * 2)
    gave(redis, 60.5, 40, 20)
    slate = slate_with(wire, mail="3/minute")

    assert served(slate) == "mail"
    held = served(slate)
    assert isinstance(held, Held)
    assert held.opens_in is not None
    assert 10 < held.opens_in <= 20


def test_a_settlement_keeps_it_too(wire: lean.LeanWire, redis: Redis) -> None:
    push(redis, *[job()] * 3)
    slate = slate_with(wire, mail="2/minute")
    taken = slate.reserve(("mail",))
    assert isinstance(taken, Work)
    _, taken = slate.settle(taken, DONE, ("mail",))
    assert isinstance(taken, Work)

    assert isinstance(slate.settle(taken, DONE, ("mail",))[1], Held)


def test_all_workers_count_together(wire: lean.LeanWire, redis: Redis, redis_url: str) -> None:
    push(redis, *[job()] * 3)
    first = slate_with(wire, mail="1/minute")
    assert served(first) == "mail"
    with closing(lean.connect(address.parse(redis_url))) as other:
        assert isinstance(served(slate_with(other, mail="1/minute")), Held)


def test_one_that_is_put_back_was_taken_all_the_same(wire: lean.LeanWire, redis: Redis) -> None:
    push(redis, job())
    slate = slate_with(wire, mail="1/minute")
    taken = slate.reserve(("mail",))
    assert isinstance(taken, Work)
    slate.settle(taken, REQUEUED, ())

    assert isinstance(served(slate), Held)


def test_a_clock_that_was_set_back_keeps_no_queue_closed(wire: lean.LeanWire, redis: Redis) -> None:
    push(redis, job())
    gave(redis, -3600)

    assert served(slate_with(wire, mail="1/minute")) == "mail"
    assert redis.llen(MAIL) == 1


def test_with_many_queues_it_is_the_same(wire: lean.LeanWire, redis: Redis) -> None:
    push(redis, *[job()] * 2)
    slate = slate_with(wire, mail="1/minute")
    queues = ["mail", *(f"q{number}" for number in range(FEW))]
    assert served(slate, queues) == "mail"

    assert isinstance(served(slate, queues), Held)
    assert isinstance(served(slate, queues), Held)


def test_of_two_that_are_passed_over_the_sooner_counts(wire: lean.LeanWire, redis: Redis) -> None:
    push(redis, job())
    push(redis, job(), queue="low")
    push(redis, job(), queue="held")
    redis.hset("resqued:resque:paused", "held", "since")
    gave(redis, 50)
    redis.rpush("resqued:resque:rate:low", now(redis) - 20 * 10**6)
    held = served(slate_with(wire, mail="1/minute", low="1/minute"), ("low", "held", "mail"))

    assert isinstance(held, Held)
    assert held.queues == ("low", "held", "mail")
    assert held.opens_in is not None
    assert held.opens_in <= 10


def test_of_a_paused_queue_nobody_knows_when_it_opens(wire: lean.LeanWire, redis: Redis) -> None:
    push(redis, job())
    redis.hset("resqued:resque:paused", "mail", "since")

    assert served(slate_with(wire, mail="1/minute")) == Held(("mail",), None)


def test_nothing_is_left_when_it_does_not_count_any_more(wire: lean.LeanWire, redis: Redis) -> None:
    push(redis, *[job()] * 2)
    slate = slate_with(wire, mail="1/minute")
    served(slate)
    served(slate)

    assert 0 < redis.ttl(MAIL) <= MINUTE
    assert redis.llen(MAIL) == 1


def test_an_operator_sees_until_when(wire: lean.LeanWire, redis: Redis) -> None:
    push(redis, *[job()] * 2)
    slate = slate_with(wire, mail="1/minute")
    served(slate)
    served(slate)
    (queue,) = Stock(wire, Keys()).look(["mail"])

    assert queue.slowed is not None
    assert 0 <= queue.slowed.timestamp() - now(redis) / 10**6 <= MINUTE


@pytest.mark.parametrize(
    ("text", "most", "seconds"),
    [("1/second", 1, 1), ("100/minute", 100, 60), ("10000/hour", 10000, 3600), ("7/day", 7, 86400)],
)
def test_a_rate_is_a_number_in_a_time(text: str, most: int, seconds: int) -> None:
    assert rate(text) == Rate(most, seconds)


@pytest.mark.parametrize("text", ["", "5", "0/second", "5/fortnight", "10001/day", "5 /second", "-1/day", "5/second\n"])
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="not a rate"):
        rate(text)


def test_of_several_that_match_the_first_counts() -> None:
    rates = Rates({"api-eu": "1/day", "api-*": "2/day", "*": "3/day"})

    assert {queue: found.most for queue, found in rates.among(["api-eu", "api-us", "mail"]).items()} == {
        "api-eu": 1,
        "api-us": 2,
        "mail": 3,
    }
