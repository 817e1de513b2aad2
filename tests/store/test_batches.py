"""How long a batch is remembered, and what becomes of a callback that finds no queue."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from resqued import Bound, CommandRefused, Resque, address
from resqued.client.batching import Batch
from resqued.config import policies
from resqued.promises import Promise
from resqued.protocol import ties
from resqued.protocol.keys import Keys
from resqued.protocol.moves import Begun
from resqued.store.batches import Batches, Progress
from resqued.store.failures import Failures
from resqued.store.pruning import Pruned, Pruning
from resqued.store.slate import Slate
from resqued.store.sweep import Retrial, Sweep
from resqued.tries import RetryPolicy
from resqued.unique import Scope, UniquePolicy
from resqued.verdict import DONE, Outcome, Verdict
from resqued.wire import lean
from resqued.work import Work
from tests.store.slates import FAILED, WORKER, failures, slate_at, taken, waiting

DAY = 86400  # s
RETRY = RetryPolicy.of(policies.Retry(limit=3, backoff=60.0 * DAY))
AGAIN = Verdict(Outcome.FAILED, "ValueError", "no", again=60.0 * DAY)
REFUSED = "after its last end must be from 1 to 31536000 whole seconds, not "


class Step:
    queue = "mail"

    @staticmethod
    def perform(number: int) -> None: ...


class Report:
    queue = "a/report"

    @staticmethod
    def perform(month: str) -> None: ...


@pytest.fixture
def batches(redis_url: str) -> Iterator[Batches]:
    with closing(lean.connect(address.parse(redis_url))) as wire:
        yield Batches(wire, Keys())


def batch_of(resque: Resque, jobs: int, expires: int = 1) -> Batch:
    with resque.batch(Report, ["june"], expires=expires) as batch:
        for number in range(jobs):
            batch.enqueue(Step, number)
    return batch


def settle(slate: Slate, verdict: Verdict = DONE) -> None:
    slate.settle(taken(slate, "mail"), verdict, ())


def begun(slate: Slate) -> Work:
    work = taken(slate)
    assert slate.begin(work, Promise("Step", [0], retry=RETRY))[0] is Begun.BEGUN
    return work


def days_left(redis: Redis, batch: Batch) -> float:
    """That all there is of it lives."""
    lives = [redis.pttl(key) for key in redis.keys(f"resqued:resque:batch:{batch.id}*")]
    assert max(lives) - min(lives) < 1000  # ms: they are asked one after the other
    return min(lives) / 1000 / DAY


def reports(redis: Redis) -> int:
    return len(waiting(redis, Report.queue))


# How long it is remembered


def test_expires_begins_with_the_last_end(resque: Resque, redis: Redis, slate: Slate) -> None:
    batch = batch_of(resque, 2, expires=10)
    at_first = days_left(redis, batch)
    settle(slate)
    after_one = days_left(redis, batch)
    settle(slate)

    assert at_first > 29.9
    assert after_one > 29.9
    assert 0 < days_left(redis, batch) * DAY <= 10
    assert reports(redis) == 1


def test_while_jobs_are_left_every_end_renews_that(resque: Resque, redis: Redis, slate: Slate) -> None:
    batch = batch_of(resque, 2)
    redis.expire(f"resqued:resque:batch:{batch.id}", 10)
    settle(slate)

    assert days_left(redis, batch) > 29.9


def test_the_end_of_one_that_was_put_back_by_hand_counts_anew(resque: Resque, redis: Redis, slate: Slate) -> None:
    batch = batch_of(resque, 1, expires=100)
    [payload] = waiting(redis)
    settle(slate, FAILED)
    for key in redis.keys("resqued:resque:batch:*"):
        redis.expire(key, 10)
    redis.rpush("resque:queue:mail", payload)
    settle(slate)

    assert 10 < days_left(redis, batch) * DAY <= 100


def test_one_without_jobs_is_over_and_expires(resque: Resque, redis: Redis) -> None:
    batch = batch_of(resque, 0, expires=10)

    assert 0 < days_left(redis, batch) * DAY <= 10


@pytest.mark.parametrize("is_told_when", [True, False])
def test_it_outlives_the_longest_delay_of_its_jobs(
    is_told_when: bool, resque: Resque, redis: Redis, slate: Slate
) -> None:
    with resque.batch(expires=1) as batch:
        batch.enqueue(Step, 0)
        if is_told_when:
            batch.enqueue_at(datetime.now(UTC) + timedelta(days=50), Step, 1)
        else:
            batch.enqueue_in(timedelta(days=50), Step, 1)
        batch.enqueue_in(60, Step, 2)
    before = days_left(redis, batch)
    settle(slate)

    assert 79.9 < days_left(redis, batch) <= before < 80.1


def test_it_outlives_the_pause_before_the_next_try(resque: Resque, redis: Redis, slate: Slate) -> None:
    batch = batch_of(resque, 2)
    slate.settle(begun(slate), AGAIN, ())
    before = days_left(redis, batch)
    settle(slate)

    assert 89.9 < days_left(redis, batch) <= before < 90.1


def test_also_that_of_a_dead_workers_job(resque: Resque, redis: Redis, slate: Slate, pruning: Pruning) -> None:
    batch = batch_of(resque, 1)
    begun(slate)
    [dead] = pruning.registered()

    assert pruning.prune(dead, lambda _dead, _work: AGAIN, "died")[0] is Pruned.AGAIN
    assert days_left(redis, batch) > 89.9


def test_also_that_for_another_one_of_its_kind(resque: Resque, redis: Redis, redis_url: str, slate: Slate) -> None:
    policy = UniquePolicy(Scope.RUNNING, None, "delay", 60.0 * DAY)
    promise = Promise("Step", [0], unique=policy, identity=policy.identity("Step", [0]))
    resque.enqueue(Step, 0)
    slate.begin(taken(slate), promise)
    batch = batch_of(resque, 1)
    with slate_at(redis_url, "vm:4712:mail,low") as other:
        assert other.begin(taken(other), promise)[0] is Begun.DELAY

    assert days_left(redis, batch) > 89.9


def test_one_that_is_over_does_not_become_an_open_one(resque: Resque, redis: Redis, slate: Slate) -> None:
    batch = batch_of(resque, 1, expires=100)
    [payload] = waiting(redis)
    settle(slate, FAILED)
    redis.rpush("resque:queue:mail", payload)
    slate.settle(begun(slate), AGAIN, ())

    assert days_left(redis, batch) * DAY <= 100


@pytest.mark.parametrize("expires", [0, -1, True, 0.5, 10**20, float("nan"), "60", None])
def test_what_is_no_time_to_remember_is_refused_at_once(resque: Resque, redis: Redis, expires: int) -> None:
    with pytest.raises(ValueError, match=REFUSED):
        resque.batch(Report, ["june"], expires=expires)

    assert redis.keys("*") == []


@pytest.mark.parametrize("expires", [1, ties.LONGEST_REMEMBERED])
def test_the_shortest_and_the_longest_are_taken(resque: Resque, redis: Redis, slate: Slate, expires: int) -> None:
    batch = batch_of(resque, 1, expires)
    settle(slate)

    assert round(days_left(redis, batch) * DAY) == expires


# Where there is no queue for its callback


def put_back(found: Failures) -> int:
    sweep = Sweep(found, "failed", Retrial(Keys()), lambda _: True)
    for _ in sweep.run():
        pass
    return sweep.done


def test_a_callback_without_a_queue_can_be_put_back_from_the_failed_list(
    resque: Resque, redis: Redis, redis_url: str, slate: Slate
) -> None:
    batch = batch_of(resque, 1)
    called = redis.hget(f"resqued:resque:batch:{batch.id}", "payload")
    redis.set("resque:queue:a/report", "no list")
    work = taken(slate)
    slate.settle(work, FAILED, ())
    slate.settle(work, FAILED, ())
    _, entry = failures(redis)
    counted = redis.get("resque:stat:failed")
    redis.ltrim("resque:failed", 1, -1)
    redis.delete("resque:queue:a/report")

    assert batch.progress() == Progress(1, 0, 1)
    assert (entry["exception"], entry["queue"], entry["worker"]) == ("Undeliverable", Report.queue, WORKER)
    assert re.fullmatch(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d UTC", str(entry["failed_at"]))
    assert list(entry) == ["failed_at", "payload", "exception", "error", "backtrace", "worker", "queue"]
    assert counted == b"2"
    with closing(lean.connect(address.parse(redis_url))) as wire:
        assert put_back(Failures(wire, Keys())) == 1
    assert waiting(redis, Report.queue) == [called]


def test_so_can_that_of_a_batch_that_a_pruner_ends(
    resque: Resque, redis: Redis, slate: Slate, pruning: Pruning
) -> None:
    batch_of(resque, 1)
    taken(slate)
    redis.set("resque:queue:a/report", "no list")
    [dead] = pruning.registered()
    pruning.prune(dead, lambda _dead, _work: DONE, "died")

    assert [entry["exception"] for entry in failures(redis)] == ["Undeliverable"]


def test_so_can_that_of_one_whose_last_job_is_dropped(redis: Redis, redis_url: str) -> None:
    with Resque(redis_url, bounds={"mail": Bound(1, "drop-oldest")}) as resque:
        batch_of(resque, 1)
        redis.set("resque:queue:a/report", "no list")
        resque.enqueue(Step, 2)

    assert [entry["exception"] for entry in failures(redis)] == ["JobDropped", "Undeliverable"]


def test_where_nothing_is_as_it_should_be_it_stays_for_the_next_end(resque: Resque, redis: Redis, slate: Slate) -> None:
    batch_of(resque, 1)
    [payload] = waiting(redis)
    redis.set("resque:queue:a/report", "no list")
    redis.set("resque:failed", "no list")
    settle(slate)
    redis.delete("resque:queue:a/report", "resque:failed")
    assert reports(redis) == 0
    redis.rpush("resque:queue:mail", payload, payload)
    settle(slate)
    settle(slate)

    assert reports(redis) == 1


@pytest.mark.parametrize("jobs", [0, 1])
def test_a_batch_does_not_begin_where_the_queue_of_its_callback_is_no_list(
    resque: Resque, redis: Redis, jobs: int
) -> None:
    redis.set("resque:queue:a/report", "no list")

    with pytest.raises(CommandRefused, match="resque:queue:a/report is not what Resque keeps there"):
        batch_of(resque, jobs)
    assert redis.keys("*") == [b"resque:queue:a/report"]


def test_it_begins_once_whatever_has_become_of_that_queue(redis: Redis, batches: Batches) -> None:
    for _ in range(2):
        batches.begin("b", 0, expires=60, queue="low", callback='{"class":"A","args":[]}')
    before = redis.hgetall("resqued:resque:batch:b"), redis.llen("resqued:resque:batch:b:over")
    called = waiting(redis, "low")
    redis.set("resque:queue:low", "no list")
    batches.begin("b", 5, expires=60, queue="low", callback='{"class":"A","args":[]}')

    assert called == [b'{"class":"A","args":[]}']
    assert (redis.hgetall("resqued:resque:batch:b"), redis.llen("resqued:resque:batch:b:over")) == before
