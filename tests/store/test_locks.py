"""Jobs of which there may be one only: `enqueue.lua`, `locks.lua`, and what begins and ends of runs do with locks."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from redis import Redis

from resqued import address
from resqued.config import policies
from resqued.promises import Promise
from resqued.protocol.keys import Keys
from resqued.protocol.moves import Begun
from resqued.store.bulk import Bulk
from resqued.store.locks import Held, Lock, Locks
from resqued.store.pruning import Dead, Pruned, Pruning
from resqued.store.slate import Slate
from resqued.tries import RetryPolicy
from resqued.unique import Scope, UniquePolicy
from resqued.verdict import DONE, REQUEUED, Outcome, Verdict
from resqued.wire import lean
from resqued.wire.lean import LeanWire
from resqued.work import Work
from tests.store.slates import REGISTRATION, WORKER, counted, failures, job, push, slate_at, taken, waiting
from tests.support.daemon import resque_keys

OTHER = "vm:4712:mail,low"
RETRY = RetryPolicy.of(policies.Retry(limit=3, backoff=60.0))
FAILED = Verdict(Outcome.FAILED, "ValueError", "no")


@pytest.fixture
def wire(redis_url: str) -> Iterator[LeanWire]:
    with closing(lean.connect(address.parse(redis_url))) as connected:
        yield connected


@pytest.fixture
def locks(wire: LeanWire) -> Locks:
    return Locks(wire, Keys())


@pytest.fixture
def bulk(wire: LeanWire) -> Bulk:
    return Bulk(wire, Keys())


@pytest.fixture
def other(redis_url: str) -> Iterator[Slate]:
    """Another worker."""
    with slate_at(redis_url, OTHER) as slate:
        yield slate


def policy(scope: Scope, on_conflict: Any = "wait", seconds: float = 60.0) -> UniquePolicy:
    return UniquePolicy(scope, None, on_conflict, seconds)


def promise(scope: Scope, *args: object, retry: RetryPolicy | None = None, on_conflict: Any = "wait") -> Promise:
    said = policy(scope, on_conflict)
    return Promise("Echo", args, retry, said, said.identity("Echo", args))


def enlist(bulk: Bulk, scope: Scope, *args: object) -> Held | None:
    said = policy(scope)
    (held,) = bulk.enlist("mail", said, [(job("Echo", *args).decode(), said.identity("Echo", args))])
    return held


def begin(slate: Slate, scope: Scope, *args: object, **how: Any) -> Work:
    work = taken(slate)
    assert slate.begin(work, promise(scope, *args, **how)) == (Begun.BEGUN, 0)
    return work


def lock_keys(redis: Redis) -> set[str]:
    return {key for key in resque_keys(redis) if ":lock:" in key or ":wait" in key or ":await" in key or "aside" in key}


def lock(locks: Locks) -> Lock:
    (one,) = locks.all()
    return one


# --- queued ---


def test_a_second_one_is_not_enqueued_while_the_first_is_queued(bulk: Bulk, redis: Redis) -> None:
    first = [enlist(bulk, Scope.QUEUED, 1), enlist(bulk, Scope.QUEUED, 2)]
    second = enlist(bulk, Scope.QUEUED, 1)

    assert first == [None, None]
    assert second
    assert second.place == "mail"
    assert waiting(redis) == [job("Echo", 1), job("Echo", 2)]
    assert redis.sismember("resque:queues", "mail")


def test_many_are_enqueued_at_once_each_kind_once(bulk: Bulk, redis: Redis) -> None:
    said = policy(Scope.QUEUED)
    jobs = [(job("Echo", n % 700).decode(), said.identity("Echo", [n % 700])) for n in range(1400)]
    held = bulk.enlist("mail", said, jobs)

    assert [each is None for each in held] == [True] * 700 + [False] * 700
    assert redis.llen("resque:queue:mail") == 700


def test_it_may_be_enqueued_again_when_a_worker_has_begun_the_first(
    bulk: Bulk, locks: Locks, slate: Slate, redis: Redis
) -> None:
    enlist(bulk, Scope.QUEUED, 1)
    work = begin(slate, Scope.QUEUED, 1)
    assert enlist(bulk, Scope.QUEUED, 1) is None
    slate.settle(work, DONE, ())

    assert lock(locks).queue == "mail"


@pytest.mark.parametrize("scope", [Scope.QUEUED, Scope.UNFINISHED])
@pytest.mark.parametrize("gone", ["cleared", "popped"])
def test_a_lock_whose_job_is_nowhere_holds_nobody_up(
    scope: Scope, gone: str, bulk: Bulk, locks: Locks, redis: Redis
) -> None:
    """Whoever took the job off its queue knew nothing of locks."""
    enlist(bulk, scope, 1)
    if gone == "popped":
        redis.lpop("resque:queue:mail")
    else:
        redis.delete("resque:queue:mail")

    assert enlist(bulk, scope, 1) is None


def test_on_a_very_long_queue_a_job_is_believed_to_be_there(bulk: Bulk, redis: Redis) -> None:
    enlist(bulk, Scope.QUEUED, 1)
    redis.delete("resque:queue:mail")
    redis.rpush("resque:queue:mail", *["x"] * 10001)

    assert enlist(bulk, Scope.QUEUED, 1)


def test_a_queued_job_has_its_lock_again_after_it_was_put_back(bulk: Bulk, slate: Slate) -> None:
    enlist(bulk, Scope.QUEUED, 1)
    slate.settle(begin(slate, Scope.QUEUED, 1), REQUEUED, ())

    assert enlist(bulk, Scope.QUEUED, 1)


def test_it_does_not_take_the_lock_of_one_that_came_meanwhile(bulk: Bulk, slate: Slate, redis: Redis) -> None:
    enlist(bulk, Scope.QUEUED, 1)
    work = begin(slate, Scope.QUEUED, 1)
    enlist(bulk, Scope.QUEUED, 1)
    slate.settle(work, REQUEUED, ())
    slate.settle(begin(slate, Scope.QUEUED, 1), DONE, ())
    slate.settle(begin(slate, Scope.QUEUED, 1), DONE, ())

    assert lock_keys(redis) == set()


@pytest.mark.parametrize("scope", [Scope.QUEUED, Scope.UNFINISHED])
def test_a_job_that_is_tried_again_keeps_others_away_while_it_is_delayed(
    scope: Scope, bulk: Bulk, slate: Slate, redis: Redis
) -> None:
    enlist(bulk, scope, 1)
    work = begin(slate, scope, 1, retry=RETRY)
    slate.settle(work, Verdict(Outcome.FAILED, "ValueError", "no", again=60.0), ())

    assert enlist(bulk, scope, 1)
    redis.delete(*redis.keys("resque:timestamps:*"), *redis.keys("resque:delayed:*"))
    assert enlist(bulk, scope, 1) is None


def test_the_lock_of_a_key_that_holds_something_else_is_taken(bulk: Bulk, locks: Locks, redis: Redis) -> None:
    enlist(bulk, Scope.QUEUED, 1)
    redis.set(f"resqued:resque:lock:{lock(locks).digest}", "no hash")
    redis.delete("resque:queue:mail")

    assert enlist(bulk, Scope.QUEUED, 1) is None


def test_so_is_that_of_a_job_that_begins(slate: Slate, locks: Locks, redis: Redis) -> None:
    digest = policy(Scope.UNFINISHED).identity("Echo", [1]).digest
    redis.set(f"resqued:resque:lock:{digest}", "no hash")
    push(redis, job("Echo", 1))
    begin(slate, Scope.UNFINISHED, 1)

    assert lock(locks).digest == digest


# --- unfinished ---


def test_there_is_no_second_one_until_the_first_has_ended(bulk: Bulk, slate: Slate, redis: Redis) -> None:
    enlist(bulk, Scope.UNFINISHED, 1)
    work = taken(slate)
    assert enlist(bulk, Scope.UNFINISHED, 1), "it is on its slate, and has not begun"
    slate.begin(work, promise(Scope.UNFINISHED, 1))
    held = enlist(bulk, Scope.UNFINISHED, 1)
    assert held
    assert held.place == WORKER
    slate.settle(work, DONE, ())

    assert lock_keys(redis) == set()
    assert enlist(bulk, Scope.UNFINISHED, 1) is None


def test_what_was_enqueued_without_a_lock_waits_until_the_other_has_ended(
    bulk: Bulk, slate: Slate, other: Slate, redis: Redis
) -> None:
    enlist(bulk, Scope.UNFINISHED, 1)
    first = begin(slate, Scope.UNFINISHED, 1)
    push(redis, job("Echo", 1))
    second = taken(other)

    assert other.begin(second, promise(Scope.UNFINISHED, 1)) == (Begun.WAIT, 0)
    slate.settle(first, FAILED, ())
    slate.settle(begin(slate, Scope.UNFINISHED, 1), DONE, ())
    assert lock_keys(redis) == set()


# --- running ---


def test_a_second_one_waits_and_comes_back_when_the_first_has_ended(
    slate: Slate, other: Slate, locks: Locks, redis: Redis
) -> None:
    push(redis, job("Echo", 1), job("Echo", 1), job("Echo", 2))
    first, second = begin(slate, Scope.RUNNING, 1), taken(other)

    assert other.begin(second, promise(Scope.RUNNING, 1)) == (Begun.WAIT, 0)
    assert counted(redis) == (1, 1)
    assert lock(locks).waiting == 1
    assert redis.hgetall("resqued:resque:aside") == {b"mail": b"1"}
    assert other.begin(second, promise(Scope.RUNNING, 1)) == (Begun.WAIT, 0), "an answer was lost"
    assert begin(other, Scope.RUNNING, 2).payload == job("Echo", 2)
    slate.settle(first, DONE, ())
    assert waiting(redis) == [job("Echo", 1)]
    assert redis.hgetall("resqued:resque:aside") == {}


@pytest.mark.parametrize("end", [DONE, FAILED, REQUEUED, Verdict(Outcome.FAILED, "ValueError", "no", again=0.0)])
def test_whatever_the_end_the_next_one_comes(end: Verdict, slate: Slate, other: Slate, redis: Redis) -> None:
    push(redis, job("Echo", 1), job("Echo", 1))
    first = begin(slate, Scope.RUNNING, 1, retry=RETRY)
    other.begin(taken(other), promise(Scope.RUNNING, 1))
    slate.settle(first, end, ())

    assert waiting(redis)[0] == job("Echo", 1)
    assert lock_keys(redis) == set()


def test_a_second_one_waits_once_whatever_is_on_our_own_keys(slate: Slate, other: Slate, redis: Redis) -> None:
    redis.set("resqued:resque:awaited", "no hash")
    redis.set("resqued:resque:aside", "no hash")
    push(redis, job("Echo", 1), job("Echo", 1))
    first = begin(slate, Scope.RUNNING, 1)
    second = taken(other)
    for _ in range(2):
        assert other.begin(second, promise(Scope.RUNNING, 1))[0] is Begun.WAIT
    slate.settle(first, DONE, ())

    assert waiting(redis) == [job("Echo", 1)]


def test_a_second_one_may_be_dropped(slate: Slate, other: Slate, redis: Redis) -> None:
    push(redis, job("Echo", 1), job("Echo", 1))
    begin(slate, Scope.RUNNING, 1)

    assert other.begin(taken(other), promise(Scope.RUNNING, 1, on_conflict="skip"))[0] is Begun.SKIP
    assert (waiting(redis), failures(redis)) == ([], [])
    assert redis.get("resque:stat:processed") == b"2"
    assert not redis.exists(f"resque:worker:{OTHER}")


def test_a_second_one_may_come_back_later(slate: Slate, other: Slate, redis: Redis) -> None:
    push(redis, job("Echo", 1), job("Echo", 1))
    begin(slate, Scope.RUNNING, 1)

    assert other.begin(taken(other), promise(Scope.RUNNING, 1, on_conflict="delay"))[0] is Begun.DELAY
    assert redis.zcard("resque:delayed_queue_schedule") == 1
    assert redis.get("resque:stat:processed") == b"1"


def test_if_it_cannot_be_delayed_it_waits(slate: Slate, other: Slate, redis: Redis) -> None:
    push(redis, job("Echo", 1), job("Echo", 1))
    begin(slate, Scope.RUNNING, 1)
    redis.set("resque:delayed_queue_schedule", "no zset")

    assert other.begin(taken(other), promise(Scope.RUNNING, 1, on_conflict="delay"))[0] is Begun.WAIT


def test_after_a_second_one_its_worker_takes_the_next_job(slate: Slate, other: Slate, redis: Redis) -> None:
    push(redis, job("Echo", 1), job("Echo", 1), job("Next"))
    begin(slate, Scope.RUNNING, 1)
    second = taken(other)
    other.begin(second, promise(Scope.RUNNING, 1))
    _, following = other.settle(second, DONE, ["mail"])

    assert isinstance(following, Work)
    assert following.payload == job("Next")


def test_the_job_of_a_worker_that_lost_it_does_not_begin(slate: Slate, redis: Redis) -> None:
    push(redis, job("Echo", 1))
    work = taken(slate)
    redis.delete(f"resqued:resque:slate:{WORKER}")

    assert slate.begin(work, promise(Scope.RUNNING, 1)) == (Begun.GONE, 0)
    assert lock_keys(redis) == set()


# --- crashes ---


@pytest.mark.parametrize("noted", [None, DONE, FAILED, REQUEUED])
@pytest.mark.parametrize("scope", [Scope.RUNNING, Scope.UNFINISHED])
def test_the_lock_of_a_dead_worker_goes_with_it_and_the_next_job_comes(
    *, scope: Scope, noted: Verdict | None, slate: Slate, other: Slate, locks: Locks, wire: LeanWire, redis: Redis
) -> None:
    push(redis, job("Echo", 1), job("Echo", 1))
    begin(slate, scope, 1)
    other.begin(taken(other), promise(scope, 1))
    what, _ = Pruning(wire, Keys()).prune(Dead(WORKER, REGISTRATION, REGISTRATION.encode()), lambda *_: noted, "died")

    assert what in (Pruned.FAILED, Pruned.DONE, Pruned.REQUEUED)
    assert waiting(redis)[0] == job("Echo", 1)
    assert not any(one.worker for one in locks.all())
    while isinstance(work := other.reserve(["mail"]), Work):
        assert other.begin(work, promise(scope, 1))[0] is Begun.BEGUN
        other.settle(work, DONE, ())
    assert lock_keys(redis) == set()


def test_a_lock_whose_worker_has_lost_its_slate_is_nobodys(slate: Slate, other: Slate, redis: Redis) -> None:
    """As after a fail-over that has forgotten some writes, and not others."""
    push(redis, job("Echo", 1), job("Echo", 1))
    begin(slate, Scope.RUNNING, 1)
    redis.delete(f"resqued:resque:slate:{WORKER}")

    begin(other, Scope.RUNNING, 1)


def test_who_is_late_does_not_take_the_lock_of_another_away(slate: Slate, other: Slate, redis: Redis) -> None:
    push(redis, job("Echo", 1), job("Echo", 1))
    work = begin(slate, Scope.RUNNING, 1)
    redis.hset(f"resqued:resque:slate:{WORKER}", "run", 99)
    begin(other, Scope.RUNNING, 1)
    slate.settle(work, DONE, ())

    assert len([key for key in resque_keys(redis) if ":lock:" in key]) == 1


def test_who_waits_for_nobody_comes_back_with_the_look_of_each_minute(slate: Slate, other: Slate, redis: Redis) -> None:
    """The job that had been roused before was taken off its queue by somebody who knows nothing of locks."""
    push(redis, *[job("Echo", 1)] * 3)
    first = begin(slate, Scope.RUNNING, 1)
    for _ in range(2):
        other.begin(taken(other), promise(Scope.RUNNING, 1))
    slate.settle(first, DONE, ())
    redis.delete("resque:queue:mail")
    slate.beat()

    assert waiting(redis) == [job("Echo", 1)]
    assert lock_keys(redis) == set()


# --- for a time ---


def test_for_a_time_there_is_no_second_one_whatever_becomes_of_the_first(
    bulk: Bulk, locks: Locks, slate: Slate, redis: Redis
) -> None:
    enlist(bulk, Scope.PERIOD, 1)
    slate.settle(taken(slate), DONE, ())

    assert enlist(bulk, Scope.PERIOD, 1)
    assert lock(locks).lives in (59, 60)
    redis.delete(*(key for key in resque_keys(redis) if ":lock:" in key))
    assert enlist(bulk, Scope.PERIOD, 1) is None


# --- operators ---


def test_a_lock_can_be_let_go_of_but_not_under_a_worker(slate: Slate, other: Slate, locks: Locks, redis: Redis) -> None:
    push(redis, job("Echo", 1), job("Echo", 1))
    begin(slate, Scope.RUNNING, 1)
    other.begin(taken(other), promise(Scope.RUNNING, 1))
    digest = lock(locks).digest

    assert locks.release(digest) == -1
    assert locks.release(digest, although_performed=True) == 1
    assert waiting(redis) == [job("Echo", 1)]
    assert locks.release(digest) == 0


def test_a_plain_job_writes_no_key_of_these(slate: Slate, redis: Redis) -> None:
    push(redis, job("Echo", 1))
    slate.settle(taken(slate), FAILED, ())

    assert lock_keys(redis) == set()
