"""What operators do with queues, on a real Redis."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
from redis import Redis

from resqued import address
from resqued.errors import CommandRefused, StoreUnavailable
from resqued.protocol.keys import Keys
from resqued.store.stock import Queue, Stock
from resqued.wire import pooled
from tests.store.slates import job, push, waiting
from tests.support.proxy import Proxy

NOW = 1795418461.5  # 2026-11-23 07:21:01 UTC
THEN = datetime(2026, 11, 23, 7, 21, 1, tzinfo=UTC)
ALIEN = "\udcff\x1b"


@pytest.fixture(name="stock")
def stock_of_an_empty_redis(redis_url: str) -> Iterator[Stock]:
    with closing(pooled.connect(address.parse(redis_url))) as wire:
        yield Stock(wire, Keys(), clock=lambda: NOW)


def only(stock: Stock, name: str = "mail") -> Queue:
    (queue,) = stock.look([name])
    return queue


# Look


def test_a_queue_says_how_long_it_is_and_how_old(stock: Stock, redis: Redis) -> None:
    push(redis, b'{"class":"A","args":[],"enqueued_at":"2026-11-23T07:21:01Z"}', job())

    assert only(stock) == Queue("mail", 2, THEN, paused=False, paused_since=None)


def test_many_queues_come_in_their_order_from_a_few_requests(redis: Redis, proxy: Proxy) -> None:
    names = [f"q{number:04}" for number in range(1000)]
    with redis.pipeline() as pipeline:
        for number, name in enumerate(names):
            pipeline.rpush(f"resque:queue:{name}", *["x"] * (number % 3 + 1))
        pipeline.execute()
    with closing(pooled.connect(address.parse(proxy.url))) as wire:
        sizes = [(queue.name, queue.size) for queue in Stock(wire, Keys()).look(names)]

    assert sizes == [(name, number % 3 + 1) for number, name in enumerate(names)]
    assert proxy.seen["EVALSHA"] + proxy.seen["EVAL"] <= 11


def test_only_what_is_asked_for_is_looked_at(redis: Redis, proxy: Proxy) -> None:
    with closing(pooled.connect(address.parse(proxy.url))) as wire:
        found = Stock(wire, Keys()).look(f"q{number}" for number in range(10_000))
        next(found)

        assert proxy.seen["EVALSHA"] + proxy.seen["EVAL"] <= 2


def test_a_key_that_is_no_list_hides_no_other_queue(stock: Stock, redis: Redis) -> None:
    redis.set("resque:queue:wrong", "x")
    push(redis, job())

    assert [queue.size for queue in stock.look(["wrong", "mail"])] == [None, 1]


def test_a_huge_head_is_not_fetched(stock: Stock, redis: Redis) -> None:
    push(redis, b'{"enqueued_at":1795418461,"args":["' + b"x" * 100_000 + b'"]}')

    assert (only(stock).size, only(stock).oldest) == (1, None)


def test_what_is_paused_is_listed_though_nobody_has_pushed_to_it(stock: Stock, redis: Redis) -> None:
    redis.sadd("resque:queues", "mail", b"\xff\x1b")
    stock.pause(["new"])

    assert stock.names() == ["mail", "new", ALIEN]


@pytest.mark.parametrize(
    ("start", "count", "found"),
    [(0, 2, [0, 1]), (3, 9, [3, 4]), (-2, 1, [3]), (-2, 9, [3, 4]), (-9, 2, [0, 1]), (5, 1, []), (0, 0, [])],
)
def test_a_peek_says_where_each_job_is(stock: Stock, redis: Redis, start: int, count: int, found: list[int]) -> None:
    push(redis, *(str(number).encode() for number in range(5)))

    assert stock.peek("mail", start, count) == [(number, str(number).encode()) for number in found]


# Hold


def test_a_pause_says_since_when_and_a_second_one_changes_nothing(stock: Stock, redis: Redis) -> None:
    assert stock.pause(["mail", ALIEN]) == ["mail", ALIEN]
    assert stock.pause(["mail"]) == []
    assert redis.hgetall("resqued:resque:paused") == {
        b"mail": b"2026/11/23 07:21:01 UTC",
        b"\xff\x1b": b"2026/11/23 07:21:01 UTC",
    }
    assert (only(stock).paused, only(stock).paused_since) == (True, THEN)


def test_only_what_was_paused_is_resumed(stock: Stock) -> None:
    stock.pause(["mail"])

    assert stock.resume(["mail", "low"]) == ["mail"]
    assert stock.paused() == {}


def test_a_pause_whose_date_nobody_can_read_is_one(stock: Stock, redis: Redis) -> None:
    redis.hset("resqued:resque:paused", "mail", "yesterday")

    assert (only(stock).paused, only(stock).paused_since) == (True, None)


def test_all_are_paused_in_resques_own_way(stock: Stock, redis: Redis) -> None:
    stock.pause_all()

    assert redis.get("resque:pause-all-workers") == b"true"
    assert stock.all_paused()
    stock.resume_all()
    assert not stock.all_paused()


@pytest.mark.parametrize(("said", "is_so"), [("True\n", True), ("false", False), ("1", False)])
def test_a_pause_of_all_is_read_as_ruby_reads_it(stock: Stock, redis: Redis, said: str, *, is_so: bool) -> None:
    redis.set("resque:pause-all-workers", said)

    assert stock.all_paused() is is_so


# Move


def test_jobs_move_in_their_order_behind_those_that_are_there(stock: Stock, redis: Redis) -> None:
    jobs = [job("J", number) for number in range(2500)]
    push(redis, *jobs)
    push(redis, job("First"), queue="low")

    assert sum(stock.transfer("mail", "low", 9999)) == 2500
    assert waiting(redis, "low") == [job("First"), *jobs]
    assert waiting(redis) == []


def test_no_more_move_than_are_asked_for(stock: Stock, redis: Redis) -> None:
    push(redis, job("A"), job("B"), job("C"))

    assert list(stock.transfer("mail", "low", 2)) == [2]
    assert (waiting(redis, "low"), waiting(redis)) == ([job("A"), job("B")], [job("C")])
    assert redis.smembers("resque:queues") == {b"mail", b"low"}


def test_what_comes_in_while_jobs_move_stays(stock: Stock, redis: Redis) -> None:
    push(redis, *(job("J", number) for number in range(1500)))
    portions = stock.transfer("mail", "low", stock.size("mail"))
    next(portions)
    push(redis, job("Late"))

    assert sum(portions) == 500
    assert waiting(redis) == [job("Late")]


def test_workers_may_take_the_rest_meanwhile(stock: Stock, redis: Redis) -> None:
    push(redis, *(job("J", number) for number in range(1500)))
    portions = stock.transfer("mail", "low", 9999)
    next(portions)
    redis.delete("resque:queue:mail")

    assert list(portions) == []


def test_from_an_empty_queue_nothing_moves_and_no_queue_appears(stock: Stock, redis: Redis) -> None:
    assert list(stock.transfer("mail", "low", 9999)) == []
    assert redis.keys() == []


def test_to_a_key_that_is_no_list_nothing_moves(stock: Stock, redis: Redis) -> None:
    push(redis, job())
    redis.set("resque:queue:low", "x")

    with pytest.raises(CommandRefused, match="WRONGTYPE"):
        list(stock.transfer("mail", "low", 9999))
    assert waiting(redis) == [job()]


@pytest.mark.parametrize("lost", ["EVALSHA", "EVAL"])
def test_a_move_whose_answer_is_lost_loses_no_job(redis: Redis, proxy: Proxy, lost: str) -> None:
    jobs = [job("J", number) for number in range(2500)]
    push(redis, *jobs)
    with closing(pooled.connect(address.parse(proxy.url))) as wire:
        stock = Stock(wire, Keys())
        redis.script_flush()
        if lost == "EVALSHA":
            list(stock.transfer("mail", "low", 1))  # now the server knows the script
        proxy.lose_replies(of=lost)
        with pytest.raises(StoreUnavailable):
            list(stock.transfer("mail", "low", 9999))
        list(stock.transfer("mail", "low", 9999))

    assert waiting(redis, "low") == jobs


# Throw away


def test_a_cleared_queue_is_still_known(stock: Stock, redis: Redis) -> None:
    push(redis, job(), job())

    assert stock.clear("mail") == 2
    assert redis.smembers("resque:queues") == {b"mail"}
    assert waiting(redis) == []


def test_a_forgotten_queue_leaves_nothing(stock: Stock, redis: Redis) -> None:
    push(redis, job())
    stock.pause(["mail"])

    assert stock.forget("mail") == 1
    assert redis.keys() == []


def test_what_is_no_list_is_not_thrown_away(stock: Stock, redis: Redis) -> None:
    redis.set("resque:queue:mail", "x")

    with pytest.raises(CommandRefused):
        stock.clear("mail")
    assert redis.get("resque:queue:mail") == b"x"
