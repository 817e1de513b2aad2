"""Jobs that are tried again: `begin.lua`, `again.lua`, and what a pruner makes of them."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest
from redis import Redis

from resqued import Bound, Resque, address
from resqued.config.policies import Retry
from resqued.promises import Promise
from resqued.protocol import retries
from resqued.protocol.keys import Keys
from resqued.protocol.moves import Begun, Settled
from resqued.store.pruning import Dead, Pruned, Pruning
from resqued.store.slate import Slate
from resqued.tries import RetryPolicy
from resqued.verdict import DONE, REQUEUED, Outcome, Verdict
from resqued.wire import lean
from resqued.work import Work
from tests.store.slates import (
    REGISTRATION,
    WORKER,
    counted,
    failures,
    job,
    push,
    strike_off_like_ruby,
    taken,
    waiting,
)
from tests.support.daemon import text_of

TRIED_AS = retries.counted_as("Echo", [1])
COUNTER, LAST = f"resque:resque-retry:{TRIED_AS}", f"resque:failure-resque-retry:{TRIED_AS}"
TRIES = f"resqued:resque:tries:{TRIED_AS}"
SCHEDULE = "resque:delayed_queue_schedule"
ITEM = '{"class":"Echo","args":[1],"queue":"mail"}'


def promise(*, dead: Any = "failed", limit: int = 3) -> Promise:
    return Promise("Echo", [1], RetryPolicy.of(Retry(limit=limit, backoff=(10.0, 60.0), dead=dead)))


def failed(again: float | None = None, error: str = "no") -> Verdict:
    return Verdict(Outcome.FAILED, "ValueError", error, ("one",), again)


def begun(slate: Slate, redis: Redis, owing: Promise | None = None) -> tuple[Work, int]:
    push(redis, job("Echo", 1))
    work = taken(slate)
    what, tried = slate.begin(work, owing or promise())
    assert what is Begun.BEGUN
    return work, tried


def fail(slate: Slate, redis: Redis, times: int, again: float = 0.0) -> None:
    """Let the job fail so often, each time to be tried again at once."""
    for number in range(times):
        work = begun(slate, redis)[0] if number == 0 else taken(slate)
        if number:
            slate.begin(work, promise())
        slate.settle(work, failed(again, f"no {number}"), ())


def delayed(redis: Redis) -> list[str]:
    keys = redis.keys("resque:delayed:*")
    return [text_of(item) for key in keys for item in redis.lrange(key, 0, -1)]


def final(redis: Redis) -> dict[str, Any]:
    """The only failed job."""
    (entry,) = failures(redis)
    return entry


def due_in(redis: Redis) -> float:
    (key,) = redis.keys("resque:delayed:*")
    return int(text_of(key).rpartition(":")[2]) - int(redis.time()[0])


@pytest.fixture
def pruning(redis_url: str) -> Iterator[Pruning]:
    with closing(lean.connect(address.parse(redis_url))) as wire:
        yield Pruning(wire, Keys())


def test_a_job_that_is_tried_again_later_lies_among_the_delayed_ones_as_ruby_has_them(
    slate: Slate, redis: Redis
) -> None:
    work, _ = begun(slate, redis)
    settled, _ = slate.settle(work, failed(again=60.0), ())

    assert settled is Settled.NOW
    assert delayed(redis) == [ITEM]
    assert due_in(redis) in (60, 61)
    assert (waiting(redis), failures(redis)) == ([], [])


def test_one_that_is_tried_again_at_once_is_at_the_end_of_its_queue_as_it_was(slate: Slate, redis: Redis) -> None:
    work, _ = begun(slate, redis)
    push(redis, job("Other"))
    slate.settle(work, failed(again=0.0), ())

    assert waiting(redis) == [job("Other"), work.payload]
    assert not redis.exists(SCHEDULE, LAST)


def test_every_try_counts_as_taken_and_as_failed_as_with_ruby(slate: Slate, redis: Redis) -> None:
    fail(slate, redis, 3)

    assert counted(redis) == (3, 3)
    assert counted(redis, "failed") == (3, 3)


def test_rubys_page_finds_the_counter_and_the_last_failure(slate: Slate, redis: Redis) -> None:
    fail(slate, redis, 2, again=0.0)
    work = taken(slate)
    slate.begin(work, promise())
    slate.settle(work, failed(again=30.0, error="at last"), ())

    assert redis.get(COUNTER) == b"2"
    last = json.loads(redis.get(LAST) or "")
    assert (last["error"], last["queue"], last["payload"]) == ("at last", "mail", {"class": "Echo", "args": [1]})
    assert 50 < redis.ttl(LAST) <= 60
    assert redis.ttl(COUNTER) > 86400


def test_a_count_that_ruby_has_begun_goes_on(slate: Slate, redis: Redis) -> None:
    """Its counter stands at 0 once a job has been tried."""
    redis.set(COUNTER, 1)
    work, tried = begun(slate, redis)
    slate.settle(work, failed(again=5.0), ())

    assert tried == 2
    assert redis.get(COUNTER) == b"2"


@pytest.mark.parametrize("counter", ["-1", "many", "", "inf", "nan", "1e400", "1e15"])
def test_a_counter_that_counts_nothing_is_none(counter: str, slate: Slate, redis: Redis) -> None:
    redis.set(COUNTER, counter)

    assert begun(slate, redis)[1] == 0


def test_the_entry_of_a_job_that_has_failed_for_good_tells_of_all_its_tries(slate: Slate, redis: Redis) -> None:
    fail(slate, redis, 2)
    work = taken(slate)
    _, tried = slate.begin(work, promise())
    slate.settle(work, failed(), ())

    entry = final(redis)
    assert tried == 2
    assert entry["tried"] == 3
    assert entry["backtrace"] == ["one", "tried 3 times"]
    assert [(each["exception"], each["error"]) for each in entry["tries"]] == [
        ("ValueError", "no 0"),
        ("ValueError", "no 1"),
    ]


@pytest.mark.parametrize("end", [DONE, failed()])
def test_nothing_of_its_tries_is_left_when_a_job_has_ended_for_good(end: Verdict, slate: Slate, redis: Redis) -> None:
    fail(slate, redis, 2)
    work = taken(slate)
    slate.begin(work, promise())
    slate.settle(work, end, ())

    assert not redis.exists(COUNTER, LAST, TRIES)
    assert not redis.hexists(f"resqued:resque:slate:{WORKER}", "dues")


def test_a_put_back_is_no_try(slate: Slate, redis: Redis) -> None:
    fail(slate, redis, 1)
    work = taken(slate)
    slate.begin(work, promise())
    slate.settle(work, REQUEUED, ())

    again = taken(slate)
    assert again.payload == work.payload
    assert slate.begin(again, promise()) == (Begun.BEGUN, 1)


def test_one_that_is_dropped_between_two_tries_goes_on_being_counted(
    slate: Slate, redis: Redis, redis_url: str
) -> None:
    fail(slate, redis, 2)
    with Resque(redis_url, bounds={"mail": Bound(1, "drop-oldest")}) as resque:
        resque.enqueue_to("mail", "Other")
    redis.delete("resque:queue:mail")

    assert final(redis)["exception"] == "JobDropped"
    assert begun(slate, redis)[1] == 2


def test_a_job_that_goes_nowhere_in_the_end_is_counted_and_gone(slate: Slate, redis: Redis) -> None:
    work, _ = begun(slate, redis, promise(dead="discard"))
    slate.settle(work, failed(), ())

    assert failures(redis) == []
    assert counted(redis, "failed") == (1, 1)


def test_a_settlement_whose_answer_was_lost_is_not_made_twice(slate: Slate, redis: Redis) -> None:
    work, _ = begun(slate, redis)
    answers = [slate.settle(work, failed(again=60.0), ())[0] for _ in range(2)]

    assert answers == [Settled.NOW, Settled.ALREADY]
    assert delayed(redis) == [ITEM]
    assert redis.llen(TRIES) == 1


def test_the_next_job_comes_with_the_same_answer(slate: Slate, redis: Redis) -> None:
    work, _ = begun(slate, redis)
    push(redis, job("Next"))
    _, following = slate.settle(work, failed(again=60.0), ["low", "mail"])

    assert isinstance(following, Work)
    assert following.payload == job("Next")


def test_a_job_that_a_peer_has_recorded_as_failed_is_not_tried_again(slate: Slate, redis: Redis) -> None:
    fail(slate, redis, 1)
    work = taken(slate)
    slate.begin(work, promise())
    strike_off_like_ruby(redis)

    assert slate.settle(work, failed(again=60.0), ())[0] is Settled.STRUCK
    assert delayed(redis) == []
    assert len(failures(redis)) == 1
    assert not redis.exists(COUNTER, TRIES)


@pytest.mark.parametrize(("key", "again"), [(SCHEDULE, 60.0), ("resque:queue:mail", 0.0)])
def test_a_job_that_cannot_be_put_where_it_belongs_has_failed(
    key: str, again: float, slate: Slate, redis: Redis
) -> None:
    work, _ = begun(slate, redis)
    redis.delete(key)
    redis.set(key, "no list, no zset")
    slate.settle(work, failed(again), ())

    assert [entry["error"] for entry in failures(redis)] == ["no"]
    assert not redis.exists(COUNTER, TRIES)


def test_whatever_is_on_our_own_keys_the_job_is_settled(slate: Slate, redis: Redis) -> None:
    work, _ = begun(slate, redis)
    redis.set(TRIES, "no list")

    assert slate.settle(work, failed(again=60.0), ())[0] is Settled.NOW
    assert delayed(redis) == [ITEM]


def test_it_has_failed_for_good_all_the_same(slate: Slate, redis: Redis) -> None:
    work, _ = begun(slate, redis)
    redis.set(TRIES, "no list")

    assert slate.settle(work, failed(), ())[0] is Settled.NOW
    assert len(failures(redis)) == 1


# --- a worker that dies ---


def dead() -> Dead:
    return Dead(WORKER, REGISTRATION, REGISTRATION.encode())


def pruned(pruning: Pruning, verdict: Verdict | None = None) -> Pruned:
    return pruning.prune(dead(), lambda _dead, _work: verdict, "worker died")[0]


def test_the_job_of_a_dead_worker_is_tried_again(slate: Slate, redis: Redis, pruning: Pruning) -> None:
    begun(slate, redis)

    assert pruned(pruning) is Pruned.AGAIN
    assert delayed(redis) == [ITEM]
    assert due_in(redis) in (10, 11)
    assert redis.get(COUNTER) == b"0"
    assert json.loads(redis.lindex(TRIES, 0) or "")["exception"] == "Resque::DirtyExit"
    assert failures(redis) == []


def test_its_death_counts_as_a_try(slate: Slate, redis: Redis, pruning: Pruning) -> None:
    fail(slate, redis, 1)
    slate.begin(taken(slate), promise())

    assert pruned(pruning) is Pruned.AGAIN
    assert due_in(redis) in (60, 61)
    assert redis.get(COUNTER) == b"1"


def test_it_is_not_tried_again_for_ever(slate: Slate, redis: Redis, pruning: Pruning) -> None:
    fail(slate, redis, 1)
    slate.begin(taken(slate), promise(limit=1))

    assert pruned(pruning) is Pruned.FAILED
    entry = final(redis)
    assert (entry["tried"], [each["error"] for each in entry["tries"]]) == (2, ["no 0"])
    assert not redis.exists(COUNTER, TRIES)


def test_what_the_dead_worker_had_noted_counts(slate: Slate, redis: Redis, pruning: Pruning) -> None:
    begun(slate, redis)

    assert pruned(pruning, failed(again=300.0)) is Pruned.AGAIN
    assert due_in(redis) in (300, 301)


@pytest.mark.parametrize(("noted", "what"), [(DONE, Pruned.DONE), (failed(), Pruned.FAILED)])
def test_a_job_that_had_ended_for_good_is_not_tried_again(
    noted: Verdict, what: Pruned, slate: Slate, redis: Redis, pruning: Pruning
) -> None:
    fail(slate, redis, 1)
    slate.begin(taken(slate), promise())

    assert pruned(pruning, noted) is what
    assert delayed(redis) == []
    assert not redis.exists(COUNTER, TRIES)


def test_what_is_remembered_of_a_job_that_was_taken_again_and_had_not_begun_goes_with_it(
    slate: Slate, redis: Redis, pruning: Pruning
) -> None:
    fail(slate, redis, 1, again=0.0)
    taken(slate)

    assert pruned(pruning) is Pruned.FAILED
    assert [each["error"] for each in final(redis)["tries"]] == ["no 0"]
    assert not redis.exists(COUNTER, LAST, TRIES)


def test_the_entry_of_a_dead_workers_job_tells_of_tries_where_its_death_is_none(
    slate: Slate, redis: Redis, pruning: Pruning
) -> None:
    fail(slate, redis, 1)
    only = RetryPolicy.of(Retry(limit=3, backoff=(10.0,), on=("ConnectionError",)))
    slate.begin(taken(slate), Promise("Echo", [1], only))

    assert pruned(pruning) is Pruned.FAILED
    assert (final(redis)["tried"], len(final(redis)["tries"])) == (2, 1)


def test_but_not_if_it_is_put_back(slate: Slate, redis: Redis, pruning: Pruning) -> None:
    fail(slate, redis, 1, again=0.0)
    taken(slate)

    assert pruned(pruning, REQUEUED) is Pruned.REQUEUED
    assert redis.exists(COUNTER, TRIES) == 2


def test_what_ruby_alone_remembers_is_not_ours(slate: Slate, redis: Redis, pruning: Pruning) -> None:
    redis.set(COUNTER, 1)
    push(redis, job("Echo", 1))
    taken(slate)

    assert pruned(pruning) is Pruned.FAILED
    assert redis.exists(COUNTER)


def test_a_job_that_nobody_could_count_fails_like_any_other(slate: Slate, redis: Redis, pruning: Pruning) -> None:
    push(redis, b'{"class":"Echo","args":' + b"[" * 600 + b"]" * 600 + b"}")
    taken(slate)

    assert pruned(pruning) is Pruned.FAILED


def test_a_job_without_a_policy_fails_with_its_worker(slate: Slate, redis: Redis, pruning: Pruning) -> None:
    push(redis, job("Echo", 1))
    taken(slate)

    assert pruned(pruning) is Pruned.FAILED


# --- Ruby ---


def test_jobs_are_counted_as_resque_retry_counts_them() -> None:
    """The key is that of lib/resque/plugins/retry.rb."""
    cases: Sequence[list[Any]] = [[], [1], [None], ["a b", [2, [True]]], [1e15, {"k": [None, 1.5]}], ["é😀"]]
    program = """
        require 'json'; require 'digest/sha1'
        JSON.parse(STDIN.read).each do |args|
          text = args.join('-')
          puts ['Ab::C', text.empty? ? nil : Digest::SHA1.hexdigest(text)].compact.join(':').gsub(/\\s/, '')
        end"""
    try:
        ruby = subprocess.run(
            ["ruby", "-e", program], input=json.dumps(cases), capture_output=True, text=True, check=True
        )
    except FileNotFoundError:
        pytest.skip("no ruby")

    assert [retries.counted_as("Ab::C", args) for args in cases] == ruby.stdout.split()
