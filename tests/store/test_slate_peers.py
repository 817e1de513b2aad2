"""Peers that take our worker for dead, and strike it off while it works."""

from collections.abc import Callable

import pytest
from redis import Redis

from resqued.protocol.moves import Settled
from resqued.store.slate import Nothing, Slate
from resqued.verdict import DONE, REQUEUED, Verdict
from resqued.work import Work
from tests.store.slates import (
    FAILED,
    QUEUES,
    SHOWN,
    SLATE,
    WORKER,
    counted,
    failures,
    job,
    push,
    strike_off_like_pyres,
    strike_off_like_ruby,
    taken,
    waiting,
)

StrikeOff = Callable[[Redis], None]


@pytest.fixture(name="work")
def work_in_hand(slate: Slate, redis: Redis) -> Work:
    """A registered worker performs the first of two jobs."""
    slate.register()
    push(redis, job("First"), job("Second"))
    return taken(slate)


def test_a_job_that_a_peer_has_failed_is_done_nevertheless(slate: Slate, redis: Redis, work: Work) -> None:
    strike_off_like_ruby(redis)

    assert slate.settle(work, DONE, ()) == (Settled.STRUCK, Nothing.EMPTY)
    assert redis.get("resque:stat:processed") == b"1"
    assert redis.hget(SLATE, "outcome") == b"done"


def test_a_job_that_a_peer_has_failed_gets_no_second_entry(slate: Slate, redis: Redis, work: Work) -> None:
    strike_off_like_ruby(redis)
    slate.settle(work, FAILED, ())

    assert [entry["exception"] for entry in failures(redis)] == ["Resque::DirtyExit"]
    assert counted(redis, "failed") == (0, 0)


def test_a_job_that_a_peer_has_failed_is_not_put_back(slate: Slate, redis: Redis, work: Work) -> None:
    strike_off_like_ruby(redis)
    slate.settle(work, REQUEUED, ())

    assert waiting(redis) == [job("Second")]
    assert counted(redis) == (1, 0)


def test_who_was_struck_off_gets_the_next_job_all_the_same(slate: Slate, redis: Redis, work: Work) -> None:
    strike_off_like_ruby(redis)

    assert slate.settle(work, DONE, QUEUES) == (Settled.STRUCK, Work(2, "mail", job("Second")))
    assert redis.exists(SHOWN)


@pytest.mark.parametrize("verdict", [DONE, FAILED, REQUEUED], ids=lambda verdict: verdict.outcome.value)
def test_to_settle_again_what_a_peer_has_failed_changes_nothing(
    slate: Slate, redis: Redis, work: Work, verdict: Verdict
) -> None:
    strike_off_like_ruby(redis)
    _, following = slate.settle(work, verdict, QUEUES)
    before = {key: redis.dump(key) for key in redis.keys("*")}

    assert slate.settle(work, verdict, QUEUES) == (Settled.ALREADY, following)
    assert {key: redis.dump(key) for key in redis.keys("*")} == before


def test_a_failure_is_recorded_by_us_where_pyres_has_not(slate: Slate, redis: Redis, work: Work) -> None:
    strike_off_like_pyres(redis)

    assert slate.settle(work, FAILED, ()) == (Settled.NOW, Nothing.EMPTY)
    assert [entry["exception"] for entry in failures(redis)] == ["ValueError"]
    assert counted(redis, "failed") == (1, 1)


@pytest.mark.parametrize("strike_off", [strike_off_like_ruby, strike_off_like_pyres])
def test_a_heartbeat_enters_a_worker_again_that_was_struck_off(
    slate: Slate, redis: Redis, work: Work, strike_off: StrikeOff
) -> None:
    strike_off(redis)

    assert [slate.beat()[0], slate.beat()[0]] == [True, False]
    assert redis.smembers("resque:workers") == {WORKER.encode()}
    assert redis.exists(f"{SHOWN}:started")
    assert redis.hexists("resque:workers:heartbeat", WORKER)


def test_a_heartbeat_in_the_midst_of_being_struck_off_is_made_good_by_the_next(
    slate: Slate, redis: Redis, work: Work
) -> None:
    redis.srem("resque:workers", WORKER)
    slate.beat()
    redis.delete(f"{SHOWN}:started")
    redis.hdel("resque:workers:heartbeat", WORKER)
    slate.beat()

    assert redis.exists(f"{SHOWN}:started")
    assert redis.hexists("resque:workers:heartbeat", WORKER)


def test_a_heartbeat_does_not_hide_that_the_job_was_failed_by_a_peer(slate: Slate, redis: Redis, work: Work) -> None:
    strike_off_like_ruby(redis)
    slate.beat()

    assert slate.settle(work, FAILED, ())[0] is Settled.STRUCK
    assert len(failures(redis)) == 1


@pytest.mark.parametrize("strike_off", [strike_off_like_ruby, strike_off_like_pyres])
def test_nothing_is_left_of_a_worker_that_was_struck_off_and_leaves(
    slate: Slate, redis: Redis, work: Work, strike_off: StrikeOff
) -> None:
    strike_off(redis)
    slate.settle(work, DONE, ())
    slate.unregister()

    assert [key for key in redis.keys("*") if WORKER.encode() in key] == []
    assert redis.hlen("resque:workers:heartbeat") == redis.scard("resque:workers") == 0
