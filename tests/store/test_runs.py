"""A run has a number that no other run has which its worker, or the notebook of its worker, still knows."""

import pytest
from redis import Redis

from resqued.protocol.moves import Settled
from resqued.store.pruning import Dead, Pruned, Pruning
from resqued.store.slate import Nothing, Slate
from resqued.verdict import ASIDE, DONE, REQUEUED, Verdict
from resqued.work import Work
from tests.store.slates import FAILED, QUEUES, REGISTRATION, SLATE, WORKER, job, push, taken, waiting

VERDICTS = pytest.mark.parametrize(
    "verdict", [DONE, FAILED, REQUEUED, ASIDE], ids=lambda verdict: verdict.outcome.value
)


def prune(pruning: Pruning) -> None:
    """As a worker of another host does that has not heard of this one for minutes."""
    dead = Dead(WORKER, REGISTRATION, REGISTRATION.encode())
    assert pruning.prune(dead, lambda *_: None, "died")[0] is Pruned.FAILED


@VERDICTS
def test_a_job_is_not_settled_as_the_one_that_was_pruned_before_it(
    slate: Slate, redis: Redis, pruning: Pruning, verdict: Verdict
) -> None:
    push(redis, job("Old"), job("New"))
    old = taken(slate)
    prune(pruning)
    slate.beat()
    settled, new = slate.settle(old, verdict, QUEUES)
    again = slate.settle(old, verdict, QUEUES)  # as after an answer that was lost

    assert isinstance(new, Work)
    assert (settled, new.payload, new.run > old.run) == (Settled.GONE, job("New"), True)
    assert again == (Settled.GONE, new)
    assert (waiting(redis), redis.hget(SLATE, "payload")) == ([], job("New"))


def test_who_has_to_register_again_goes_on_counting(slate: Slate, redis: Redis, pruning: Pruning) -> None:
    push(redis, job("Old"), job("New"))
    old = taken(slate)
    prune(pruning)
    assert slate.settle(old, DONE, QUEUES) == (Settled.GONE, Nothing.UNREGISTERED)
    slate.register()

    assert taken(slate).run > old.run


def test_a_fail_over_that_has_lost_the_last_run_gives_its_number_to_no_other(slate: Slate, redis: Redis) -> None:
    push(redis, job("first"), job("second"))
    _, second = slate.settle(taken(slate), DONE, QUEUES)
    assert isinstance(second, Work)
    redis.hdel(SLATE, "queue", "payload")
    redis.hset(SLATE, "run", second.run - 1)
    push(redis, job("third"))
    _, third = slate.settle(second, DONE, QUEUES)

    assert isinstance(third, Work)
    assert (third.run > second.run, third.payload) == (True, job("third"))
