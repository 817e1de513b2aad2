"""Locks of Ruby's plugins: opened with the job that they are about, once, whatever becomes of its worker."""

from contextlib import closing
from dataclasses import replace

import pytest
from redis import Redis

from resqued import address
from resqued.errors import NotUnlocked
from resqued.promises import Promise
from resqued.protocol.keys import Keys
from resqued.rubylocks import of
from resqued.store.pruning import Dead, Pruned, Pruning
from resqued.store.slate import Slate
from resqued.verdict import DONE, REQUEUED, Outcome, Verdict
from resqued.wire import pooled
from resqued.work import Job, Work
from tests.store.slates import FAILED, QUEUES, REGISTRATION, WORKER, job, push, strike_off_like_ruby, taken

LONER, LOCK = "resque:loners:queue:mail:job:1", "resque:lock:Graph-[1]"
LOCKS = Promise("Graph", [1], opens=["loners:queue:mail:job:1"], opens_at_end=["lock:Graph-[1]"])


@pytest.fixture(name="work")
def a_job_whose_locks_are_shut(slate: Slate, redis: Redis) -> Work:
    push(redis, job("Graph", 1), job("Graph", 2))
    redis.mset({LONER: 1, LOCK: 1795418461})
    return taken(slate)


def test_a_loner_may_be_enqueued_again_when_it_begins_and_a_locked_job_when_it_has_ended(
    slate: Slate, redis: Redis, work: Work
) -> None:
    slate.begin(work, LOCKS)
    assert (redis.exists(LONER), redis.exists(LOCK)) == (0, 1)
    slate.settle(work, DONE, ())

    assert redis.exists(LOCK) == 0


@pytest.mark.parametrize(
    ("verdict", "stays"), [(DONE, 0), (FAILED, 0), (REQUEUED, 1)], ids=lambda one: str(getattr(one, "outcome", one))
)
def test_a_lock_stays_with_a_job_that_goes_back(
    slate: Slate, redis: Redis, work: Work, verdict: Verdict, stays: int
) -> None:
    slate.begin(work, LOCKS)
    slate.settle(work, verdict, ())

    assert redis.exists(LOCK) == stays


def test_what_somebody_has_locked_anew_is_not_opened_by_a_second_call(slate: Slate, redis: Redis, work: Work) -> None:
    slate.begin(work, LOCKS)
    redis.set(LONER, 1)
    slate.begin(work, LOCKS)
    slate.settle(work, DONE, ())
    redis.set(LOCK, 1)
    slate.settle(work, DONE, ())
    slate.begin(work, LOCKS)

    assert redis.exists(LONER, LOCK) == 2


def test_the_locks_of_a_job_are_not_those_of_the_next(slate: Slate, redis: Redis, work: Work) -> None:
    slate.begin(work, LOCKS)
    _, following = slate.settle(work, DONE, QUEUES)
    redis.set(LOCK, 1)
    assert isinstance(following, Work)
    slate.settle(following, DONE, ())

    assert redis.exists(LOCK) == 1


def test_a_job_that_a_peer_has_failed_leaves_no_lock(slate: Slate, redis: Redis, work: Work) -> None:
    slate.begin(work, LOCKS)
    strike_off_like_ruby(redis)
    slate.settle(work, REQUEUED, ())

    assert redis.exists(LOCK) == 0


@pytest.mark.parametrize("put_back", [0, 3])
def test_a_worker_that_dies_leaves_no_lock_but_that_of_a_job_that_goes_back(
    slate: Slate, redis: Redis, redis_url: str, work: Work, put_back: int
) -> None:
    slate.begin(work, LOCKS)
    dead = Dead(WORKER, replace(REGISTRATION, put_back=put_back), REGISTRATION.encode())
    with closing(pooled.connect(address.parse(redis_url))) as wire:
        settled, _ = Pruning(wire, Keys()).prune(dead, lambda _dead, _work: None, "died")

    assert (settled, redis.exists(LOCK)) == ((Pruned.REQUEUED, 1) if put_back else (Pruned.FAILED, 0))


def test_a_run_that_is_over_opens_nothing(slate: Slate, redis: Redis, work: Work) -> None:
    slate.settle(work, Verdict(Outcome.DONE), ())
    slate.begin(work, LOCKS)

    assert redis.exists(LONER, LOCK) == 2


# Which they are


class Graph:
    @staticmethod
    def perform(*_args: object) -> None: ...


class Own(Graph):
    lock = staticmethod(lambda number, *_: f"network-{number}")
    redis_key = staticmethod(lambda payload: f"digest-{payload['class']}")
    retry_identifier = staticmethod(lambda *_: None)


ALL = "resque-lock", "resque-loner", "resque-retry"
WRITTEN = Job("Shop::Graph", (1, "x"), "graphs", {"class": "Shop::Graph", "args": [1, "x"]})


def test_each_plugin_has_its_keys() -> None:
    found = of(Graph, WRITTEN, ALL)

    assert found.when_taken == ("loners:queue:graphs:job:5d04a6260f1bd2965c01a1b35888b630",)
    assert found.when_ended == (
        'lock:Shop::Graph-[1, "x"]',
        "resque-retry:Shop::Graph:dcd001d38cbc03a246005c2195d7196bda0eeca7",
        "failure-resque-retry:Shop::Graph:dcd001d38cbc03a246005c2195d7196bda0eeca7",
    )


def test_a_class_may_have_keys_of_its_own_as_in_ruby() -> None:
    found = of(Own, WRITTEN, ALL)

    assert found.when_taken == ("loners:queue:graphs:job:digest-Shop::Graph",)
    assert found.when_ended == ("network-1", "resque-retry:Shop::Graph", "failure-resque-retry:Shop::Graph")


def test_a_key_that_cannot_be_told_is_a_failure() -> None:
    class Broken(Graph):
        @staticmethod
        def lock(*_args: object) -> str:
            raise KeyError("no")

    with pytest.raises(NotUnlocked, match=r"Broken\.lock does not tell its lock: KeyError"):
        of(Broken, WRITTEN, ["resque-lock"])
