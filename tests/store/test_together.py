"""Policies that meet: retries, locks, turns, batches and bounds of the same jobs."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from redis import Redis

from resqued import Bound, PolicyNotKept, QueueFull, Resque, address
from resqued.concurrency import Concurrency, Limit
from resqued.config import policies
from resqued.promises import Promise
from resqued.protocol.keys import Keys
from resqued.protocol.moves import Begun, Settled
from resqued.store.batches import Progress
from resqued.store.locks import Lock, Locks
from resqued.store.pruning import Pruned, Pruning
from resqued.store.slate import Slate
from resqued.tries import RetryPolicy
from resqued.unique import Scope, UniquePolicy
from resqued.verdict import ASIDE, DONE, REQUEUED, Outcome, Verdict
from resqued.wire import lean
from resqued.work import Work
from tests.store.slates import FAILED, failures, push, slate_at, strike_off_like_ruby, taken, waiting

OTHER = "vm:4712:mail,low"
ONE = Limit("One", 1)
RETRY = RetryPolicy.of(policies.Retry(limit=3, backoff=60.0))
AGAIN, AT_ONCE = (Verdict(Outcome.FAILED, "ValueError", "no", again=seconds) for seconds in (60.0, 0.0))


class Step:
    queue = "mail"
    keep_result = 60

    @staticmethod
    def perform(number: int) -> None: ...


class Queued(Step):
    unique: dict[str, Any] = {"while": "queued"}  # noqa: RUF012  nobody changes it


class Unfinished(Step):
    unique: dict[str, Any] = {"while": "unfinished"}  # noqa: RUF012  as above


class Seldom(Step):
    unique: dict[str, Any] = {"for": 3600}  # noqa: RUF012  as above


UNIQUE = [Queued, Unfinished, Seldom]


@pytest.fixture(name="other")
def another_worker(redis_url: str) -> Iterator[Slate]:
    with slate_at(redis_url, OTHER) as slate:
        yield slate


def promise(job: type, number: int, scope: Scope | None = None, **more: Any) -> Promise:
    said = UniquePolicy(scope, None, more.pop("on_conflict", "wait"), 60.0) if scope else None
    name = f"{__name__}.{job.__name__}"
    return Promise(name, [number], unique=said, identity=said.identity(name, [number]) if said else None, **more)


def begun(slate: Slate, promised: Promise) -> Work:
    work = taken(slate)
    assert slate.begin(work, promised)[0] is Begun.BEGUN
    return work


def numbers(redis: Redis, queue: str = "mail") -> list[object]:
    return [json.loads(text)["args"][0] for text in waiting(redis, queue)]


def locks(url: str) -> list[Lock]:
    with closing(lean.connect(address.parse(url))) as wire:
        return Locks(wire, Keys()).all()


def limits(redis: Redis) -> list[bytes | str]:
    return redis.keys("resqued:resque:limits*")


# Locks and turns


@pytest.mark.parametrize("scope", [Scope.QUEUED, Scope.UNFINISHED])
def test_one_that_waits_for_its_turn_keeps_a_second_one_away(
    scope: Scope, resque: Resque, redis: Redis, slate: Slate, other: Slate
) -> None:
    job = Queued if scope is Scope.QUEUED else Unfinished
    assert resque.enqueue(Step, 1)
    assert resque.enqueue(job, 2)
    first = begun(slate, promise(Step, 1, limit=ONE))
    aside = taken(other)
    assert other.begin(aside, promise(job, 2, scope, limit=ONE)) == (Begun.TURN, 0)
    assert not resque.enqueue(job, 2), "it waits for its turn"
    slate.settle(first, DONE, ())
    assert numbers(redis) == [2]
    assert not resque.enqueue(job, 2), "it has been called"

    work = begun(other, promise(job, 2, scope, limit=ONE))
    other.settle(work, DONE, ())
    assert resque.enqueue(job, 2)
    assert limits(redis) == []


def test_one_that_may_not_run_beside_another_leaves_its_turn_to_the_next(
    resque: Resque, redis: Redis, slate: Slate, other: Slate
) -> None:
    for number in (1, 1, 2):
        resque.enqueue(Step, number)
    free, once = promise(Step, 1, Scope.RUNNING), promise(Step, 1, Scope.RUNNING, limit=ONE)
    first = begun(slate, free)
    second = taken(other)
    assert other.begin(second, once)[0] is Begun.WAIT
    assert limits(redis) == [], "nobody has a place"

    third = begun(other, promise(Step, 2, limit=ONE))
    slate.settle(first, DONE, ())
    assert numbers(redis) == [1]
    other.settle(third, DONE, ())
    last = begun(slate, once)
    slate.settle(last, DONE, ())
    assert (limits(redis), redis.keys("resqued:resque:lock*"), redis.exists("resqued:resque:aside")) == ([], [], 0)


def test_a_called_one_that_may_not_run_beside_another_calls_the_next(
    resque: Resque, redis: Redis, slate: Slate, other: Slate
) -> None:
    for number in (1, 2, 3):
        resque.enqueue(Step, number)
    first = begun(slate, promise(Step, 1, limit=ONE))
    for number in (2, 3):
        assert other.begin(taken(other), promise(Step, number, limit=ONE))[0] is Begun.TURN
    slate.settle(first, DONE, ())
    twin = taken(other)
    assert numbers(redis) == []
    resque.enqueue(Step, 2)
    begun(slate, promise(Step, 2, Scope.RUNNING))

    assert other.begin(twin, promise(Step, 2, Scope.RUNNING, limit=ONE))[0] is Begun.WAIT
    assert numbers(redis) == [3]


def test_who_is_struck_off_puts_nobody_aside(resque: Resque, redis: Redis, slate: Slate, other: Slate) -> None:
    resque.enqueue(Step, 1)
    resque.enqueue(Step, 1)
    begun(slate, promise(Step, 1, Scope.RUNNING))
    work = taken(other)
    strike_off_like_ruby(redis, OTHER)

    assert other.begin(work, promise(Step, 1, Scope.RUNNING))[0] is Begun.GONE
    assert other.settle(work, ASIDE, ())[0] is Settled.STRUCK
    assert (redis.keys("resqued:resque:waiting*"), len(failures(redis))) == ([], 1)


# Retries, turns and batches


@pytest.mark.parametrize("verdict", [AGAIN, AT_ONCE])
def test_one_that_is_tried_again_leaves_its_turn_to_the_next_and_has_not_ended(
    verdict: Verdict, resque: Resque, redis: Redis, slate: Slate, other: Slate
) -> None:
    with resque.batch() as batch:
        batch.enqueue(Step, 1)
        batch.enqueue(Step, 2)
    first = begun(slate, promise(Step, 1, retry=RETRY, limit=ONE))
    assert other.begin(taken(other), promise(Step, 2, limit=ONE))[0] is Begun.TURN
    slate.settle(first, verdict, ())

    assert batch.progress() == Progress(2, 2, 0)
    assert numbers(redis)[0] == 2
    work = begun(other, promise(Step, 2, limit=ONE))
    other.settle(work, DONE, ())
    assert batch.progress() == Progress(2, 1, 0)


def test_one_that_has_no_tries_left_has_ended(resque: Resque, slate: Slate) -> None:
    with resque.batch() as batch:
        batch.enqueue(Step, 1)
    slate.settle(begun(slate, promise(Step, 1, retry=RETRY)), AT_ONCE, ())
    told = batch.progress()
    slate.settle(begun(slate, promise(Step, 1, retry=RETRY)), FAILED, ())

    assert (told, batch.progress()) == (Progress(1, 1, 0), Progress(1, 0, 1))


def test_one_that_cannot_be_put_where_it_waits_has_failed(resque: Resque, redis: Redis, slate: Slate) -> None:
    with resque.batch() as batch:
        batch.enqueue(Step, 1)
    work = begun(slate, promise(Step, 1, retry=RETRY))
    redis.set("resque:delayed_queue_schedule", "no sorted set")
    slate.settle(work, AGAIN, ())

    assert batch.progress() == Progress(1, 0, 1)


@pytest.mark.parametrize("retry", [RETRY, None])
def test_a_dead_workers_job_has_ended_unless_it_is_tried_again(
    retry: RetryPolicy | None, resque: Resque, redis: Redis, slate: Slate, pruning: Pruning
) -> None:
    left = 1 if retry else 0
    with resque.batch() as batch:
        batch.enqueue(Step, 1)
    begun(slate, promise(Step, 1, retry=retry, limit=ONE))
    dead = next(one for one in pruning.registered() if one.id == slate.worker)

    assert pruning.prune(dead, lambda _dead, _work: None, "died")[0] is (Pruned.AGAIN if left else Pruned.FAILED)
    assert batch.progress() == Progress(1, left, 1 - left)
    assert limits(redis) == []


def test_one_that_is_skipped_for_another_has_ended_well(resque: Resque, slate: Slate, other: Slate) -> None:
    resque.enqueue(Step, 1)
    begun(slate, promise(Step, 1, Scope.RUNNING))
    with resque.batch() as batch:
        batch.enqueue(Step, 1)
    work = taken(other)

    assert other.begin(work, promise(Step, 1, Scope.RUNNING, on_conflict="skip"))[0] is Begun.SKIP
    assert batch.progress() == Progress(1, 0, 0)


def test_one_that_is_put_back_keeps_lock_and_turn(resque: Resque, redis: Redis, slate: Slate, other: Slate) -> None:
    resque.enqueue(Unfinished, 1)
    resque.enqueue(Step, 2)
    promised = promise(Unfinished, 1, Scope.UNFINISHED, limit=ONE)
    work = begun(slate, promised)
    assert other.begin(taken(other), promise(Step, 2, limit=ONE))[0] is Begun.TURN
    slate.settle(work, REQUEUED, ())

    assert numbers(redis) == [1]
    assert not resque.enqueue(Unfinished, 1)
    other.settle(begun(other, promised), DONE, ())
    assert numbers(redis) == [2]


@pytest.mark.parametrize("job", UNIQUE)
def test_of_which_there_may_be_one_only_is_in_no_batch(job: type, resque: Resque, redis: Redis) -> None:
    with pytest.raises(PolicyNotKept, match="a batch would wait for one that is not enqueued"), resque.batch() as batch:
        batch.enqueue(job, 1)
    with pytest.raises(PolicyNotKept), resque.batch() as batch:
        batch.enqueue_in(60, job, 1)

    assert redis.keys() == []


def test_the_result_of_one_of_which_there_is_another_is_asked_of_nobody(resque: Resque, slate: Slate) -> None:
    receipt = resque.submit(Queued, 1)
    assert receipt
    assert resque.submit(Queued, 1) is None  # its payload is another, its lock is not
    slate.settle(begun(slate, promise(Queued, 1, Scope.QUEUED)), DONE, ())

    assert resque.wait([receipt], timeout=0)[0].is_done
    assert resque.submit(Queued, 1)


# Locks and bounds


@pytest.mark.parametrize("job", UNIQUE)
def test_one_that_is_refused_for_want_of_room_takes_no_lock(job: type, redis: Redis, redis_url: str) -> None:
    with Resque(redis_url, bounds={"mail": Bound(1)}) as resque:
        resque.enqueue(Step, 0)
        with pytest.raises(QueueFull):
            resque.enqueue(job, 1)
        assert locks(redis_url) == []
        redis.lpop("resque:queue:mail")

        assert resque.enqueue(job, 1)


@pytest.mark.parametrize("job", UNIQUE)
def test_one_that_is_dropped_for_newer_ones_leaves_no_lock(job: type, redis: Redis, redis_url: str) -> None:
    with Resque(redis_url, bounds={"mail": Bound(1, "drop-oldest")}) as resque:
        resque.enqueue(job, 1)
        resque.enqueue(Step, 2)

        assert locks(redis_url) == []
        assert resque.enqueue(job, 1)
    assert [entry["exception"] for entry in failures(redis)] == ["JobDropped", "JobDropped"]


def test_what_makes_room_does_not_unlock_another_with_the_same_lock(redis: Redis, redis_url: str) -> None:
    with Resque(redis_url, bounds={"mail": Bound(2, "drop-oldest")}) as resque:
        resque.enqueue(Queued, 1)
        text = redis.lpop("resque:queue:mail")
        assert isinstance(text, bytes)
        resque.enqueue(Queued, 1)
        stale = json.loads(text)
        redis.lpush("resque:queue:mail", json.dumps(stale))  # an older one, by somebody's hand, and written otherwise
        resque.enqueue(Step, 2)

        assert [lock.queue for lock in locks(redis_url)] == ["mail"]
        assert not resque.enqueue(Queued, 1)


@pytest.mark.parametrize("lock", ["", "*", "../mail", 7, None, ["a"]])
def test_a_lock_that_makes_no_sense_in_a_payload_unlocks_nothing(lock: object, redis: Redis, redis_url: str) -> None:
    with Resque(redis_url, bounds={"mail": Bound(1, "drop-oldest")}) as resque:
        resque.push("mail", {"class": "Step", "args": [1], "resqued": {"lock": lock}})
        resque.enqueue(Queued, 2)

        assert len(locks(redis_url)) == 1


def test_who_is_turned_away_needs_no_room(redis: Redis, redis_url: str) -> None:
    with Resque(redis_url, bounds={"mail": Bound(2)}) as resque:
        resque.enqueue(Queued, 1)
        assert resque.enqueue_many(Queued, [(1,), (2,), (1,), (2,)]) == [False, True, False, False]

        assert not resque.enqueue(Queued, 1)
        with pytest.raises(QueueFull):
            resque.enqueue_many(Queued, [(2,), (3,)])
    assert numbers(redis) == [1, 2]


def test_many_are_put_as_far_as_there_is_room(redis: Redis, redis_url: str) -> None:
    with Resque(redis_url, bounds={"mail": Bound(3)}) as resque:
        with pytest.raises(QueueFull):
            resque.enqueue_many(Step, [(number,) for number in range(5)])
        with pytest.raises(QueueFull):
            resque.enqueue_many(Queued, [(number,) for number in range(5)])

    assert numbers(redis) == [0, 1, 2]
    assert locks(redis_url) == []


# Whatever a payload holds


@pytest.mark.parametrize("odd", ["\ud800", float("nan"), {"a": "\udfff"}, datetime(2026, 11, 26, tzinfo=UTC)], ids=str)
def test_no_argument_keeps_a_job_from_being_begun_and_settled(odd: object, redis: Redis, slate: Slate) -> None:
    push(redis, b'{"class":"Odd","args":[]}')
    said = UniquePolicy(Scope.UNFINISHED, None, "wait")
    limit = Concurrency(1, "Odd", (0,)).of([odd])
    promised = Promise("Odd\ud800", [str(odd)], RETRY, said, said.identity("Odd", [odd]), limit)
    work = begun(slate, promised)

    assert slate.settle(work, FAILED, ())[0] is Settled.NOW
    assert (limits(redis), redis.keys("resqued:resque:lock*")) == ([], [])
