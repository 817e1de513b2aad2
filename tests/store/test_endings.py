"""Batches and results: what a settlement does for those who ask to know."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from resqued import Bound, NotDone, Resque, ResultLost
from resqued.client.batching import Batch
from resqued.protocol import delayed, ties
from resqued.protocol.ties import Ties
from resqued.store.batches import Progress
from resqued.store.pruning import Pruned, Pruning
from resqued.store.slate import Slate
from resqued.verdict import DONE, REQUEUED, Outcome, Verdict
from tests.store.slates import FAILED, push, strike_off_like_ruby, taken, waiting
from tests.support.waiting import eventually

ID = "0123456789abcdef" * 2


class Step:
    queue = "mail"
    keep_result = 60

    @staticmethod
    def perform(number: int) -> int:
        return number


class Report:
    queue = "low"

    @staticmethod
    def perform(month: str) -> None: ...


def batch_of(resque: Resque, jobs: int) -> Batch:
    with resque.batch(Report, ["june"]) as batch:
        for number in range(jobs):
            batch.enqueue(Step, number)
    return batch


def settle(slate: Slate, verdict: Verdict = DONE) -> None:
    slate.settle(taken(slate, "mail"), verdict, ())


def prune(pruning: Pruning, slate: Slate, verdict: Verdict | None = None) -> Pruned:
    dead = next(one for one in pruning.registered() if one.id == slate.worker)
    return pruning.prune(dead, lambda _dead, _work: verdict, "died")[0]


def reports(redis: Redis) -> list[dict[str, object]]:
    return [json.loads(text) for text in waiting(redis, "low")]


# Batches


def test_nothing_is_on_its_queue_before_the_whole_batch_is(resque: Resque, redis: Redis) -> None:
    with resque.batch() as batch:
        batch.enqueue(Step, 1)
        assert waiting(redis) == []
        batch.enqueue_to("low", "Step", 2)

    assert (len(waiting(redis)), len(waiting(redis, "low"))) == (1, 1)
    assert batch.progress() == Progress(total=2, left=2, failed=0)


def test_nothing_is_enqueued_of_a_batch_that_breaks(resque: Resque, redis: Redis) -> None:
    def breaks() -> None:
        with resque.batch() as batch:
            batch.enqueue(Step, 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        breaks()

    assert redis.keys("*") == []


def test_its_callback_comes_when_the_last_has_ended_and_once(resque: Resque, redis: Redis, slate: Slate) -> None:
    batch = batch_of(resque, 3)
    settle(slate)
    settle(slate, FAILED)
    assert reports(redis) == []
    settle(slate)

    [report] = reports(redis)
    assert (report["class"], report["args"]) == (f"{__name__}.Report", ["june"])
    assert report["resqued"] == {"of": batch.id}
    assert batch.progress() == Progress(total=3, left=0, failed=1)


def test_a_batch_without_jobs_is_over_at_once(resque: Resque, redis: Redis) -> None:
    batch = batch_of(resque, 0)

    assert len(reports(redis)) == 1
    assert batch.wait(0) == Progress(0, 0, 0)


def test_a_delayed_one_ends_when_it_has_been_performed(resque: Resque, redis: Redis, slate: Slate) -> None:
    with resque.batch(Report, ["june"]) as batch:
        batch.enqueue_in(3600, Step, 1)
        batch.enqueue_at(datetime.now(UTC) - timedelta(hours=1), Step, 2)
    settle(slate)
    told = batch.progress()
    (place,) = redis.keys("resque:delayed:*")
    item = redis.lpop(place)
    assert isinstance(item, bytes)
    push(redis, delayed.due(item).payload.encode())
    settle(slate)

    assert (told, batch.progress()) == (Progress(2, 1, 0), Progress(2, 0, 0))
    assert len(reports(redis)) == 1


def test_so_are_jobs_of_other_languages(resque: Resque, redis: Redis, slate: Slate) -> None:
    with resque.batch() as batch:
        batch.push("mail", {"class": "Ruby::Step", "args": [1], "resqued": "theirs"})
        batch.enqueue_active_job("mail", "MailJob", 1)
    settle(slate)
    settle(slate)

    assert batch.progress() == Progress(2, 0, 0)


def test_one_that_is_put_back_has_not_ended(resque: Resque, slate: Slate) -> None:
    batch = batch_of(resque, 1)
    settle(slate, REQUEUED)

    assert batch.progress() == Progress(1, 1, 0)


def test_one_that_is_retried_by_hand_counts_once_and_is_not_failed_any_more(
    resque: Resque, redis: Redis, slate: Slate
) -> None:
    batch = batch_of(resque, 1)
    [payload] = waiting(redis)
    settle(slate, FAILED)
    assert batch.progress() == Progress(1, 0, 1)
    redis.rpush("resque:queue:mail", payload)
    settle(slate)

    assert batch.progress() == Progress(1, 0, 0)
    assert len(reports(redis)) == 1


@pytest.mark.parametrize(
    ("noted", "failed"), [(None, 1), (DONE, 0), (Verdict(Outcome.DONE, result='{"outcome":"done","result":7}'), 0)]
)
def test_one_whose_worker_dies_is_counted_by_who_prunes_it(
    resque: Resque, slate: Slate, pruning: Pruning, noted: Verdict | None, failed: int
) -> None:
    batch = batch_of(resque, 1)
    taken(slate, "mail")
    prune(pruning, slate, noted)

    assert batch.progress() == Progress(1, 0, failed)


def test_one_that_is_dropped_for_newer_ones_has_failed(redis: Redis, redis_url: str, slate: Slate) -> None:
    with Resque(redis_url, bounds={"mail": Bound(1, "drop-oldest")}) as resque:
        batch = batch_of(resque, 3)
        told = batch.progress()
        settle(slate)

        assert (told, batch.progress()) == (Progress(3, 1, 2), Progress(3, 0, 2))
    assert len(reports(redis)) == 1


def test_whoever_waits_for_the_result_of_one_that_is_dropped_hears_of_it(redis_url: str) -> None:
    with Resque(redis_url, bounds={"mail": Bound(1, "drop-oldest")}) as resque:
        receipt = resque.submit(Step, 1)
        assert receipt
        resque.enqueue(Step, 2)

        [result] = resque.wait([receipt], timeout=0)
    assert (result.exception, result.error[:22]) == ("JobDropped", "dropped to make room: ")


@pytest.mark.parametrize(
    "said",
    [
        {"batch": "1", "number": 0},
        {"batch": ID, "number": -1},
        {"batch": ID, "number": 0.5},
        {"batch": ID, "number": "0"},
        {"batch": [ID], "number": 0},
        {"id": f"{ID}:x", "keep": 60},
        {"id": ID, "keep": 0},
        {"id": ID, "keep": 10**9},
        [ID],
        None,
    ],
)
def test_what_makes_no_sense_in_a_payload_means_nothing_when_it_is_dropped(
    redis: Redis, redis_url: str, said: object
) -> None:
    with Resque(redis_url, bounds={"mail": Bound(1, "drop-oldest")}) as resque:
        resque.push("mail", {"class": "Step", "args": [1], "resqued": said})
        before = set(redis.keys())
        resque.enqueue(Step, 2)

    assert set(redis.keys()) - before == {b"resque:failed", b"resque:stat:failed", b"resqued:resque:dropped"}


def test_a_settlement_whose_answer_was_lost_counts_once(resque: Resque, slate: Slate) -> None:
    batch = batch_of(resque, 2)
    work = taken(slate, "mail")
    slate.settle(work, DONE, ())
    slate.settle(work, DONE, ())

    assert batch.progress() == Progress(2, 1, 0)


def test_one_that_was_struck_off_and_is_put_back_has_failed(resque: Resque, redis: Redis, slate: Slate) -> None:
    batch = batch_of(resque, 1)
    work = taken(slate, "mail")
    strike_off_like_ruby(redis)
    slate.settle(work, REQUEUED, ())

    assert batch.progress() == Progress(1, 0, 1)


def test_a_batch_is_waited_for(resque: Resque, redis: Redis, slate: Slate) -> None:
    batch = batch_of(resque, 1)
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(batch.wait, 50) for _ in range(2)]
        eventually(lambda: redis.info("clients")["blocked_clients"] == 2)
        settle(slate)

        assert [one.result(10) for one in both] == [Progress(1, 0, 0)] * 2


def test_or_not_any_longer(resque: Resque) -> None:
    batch = batch_of(resque, 1)

    with pytest.raises(NotDone, match=f"batch {batch.id} has not ended in time; it goes on"):
        batch.wait(0.01)


def test_a_number_that_no_job_of_a_batch_has_changes_nothing(resque: Resque, redis: Redis, slate: Slate) -> None:
    batch = batch_of(resque, 1)
    redis.delete("resque:queue:mail")
    hostile = {"class": "A", "args": [], "resqued": Ties(batch=batch.id, number=ties.MOST - 1).document()}
    push(redis, json.dumps(hostile).encode())
    settle(slate)

    assert batch.progress() == Progress(1, 1, 0)
    assert redis.exists(f"resqued:resque:batch:{batch.id}:ends") == 0


def test_a_key_of_another_type_keeps_no_job_from_being_settled(resque: Resque, redis: Redis, slate: Slate) -> None:
    batch = batch_of(resque, 1)
    redis.set(f"resqued:resque:batch:{batch.id}", "no hash")
    settle(slate)

    assert slate.reserve(("mail",)) is not None
    assert redis.hget(f"resqued:resque:slate:{slate.worker}", "outcome") == b"done"


def test_all_of_it_leaves_by_itself(resque: Resque, redis: Redis, slate: Slate) -> None:
    batch_of(resque, 2)
    settle(slate)
    settle(slate)

    assert all(redis.ttl(key) > 0 for key in redis.keys("resqued:resque:batch:*"))


# Results


def test_a_result_is_kept_for_who_asked(resque: Resque, redis: Redis, slate: Slate) -> None:
    receipt = resque.submit(Step, 7)
    assert receipt
    settle(slate, Verdict(Outcome.DONE, result=ties.done("[7]")))

    [result] = resque.wait([receipt], timeout=1)
    assert result.is_done
    assert result.value == [7]
    assert 0 < redis.ttl(f"resqued:resque:result:{receipt.id}") <= Step.keep_result


def test_so_is_a_failure(resque: Resque, slate: Slate) -> None:
    receipt = resque.submit(Step, 7, keep=5)
    assert receipt
    settle(slate, FAILED)

    [result] = resque.wait([receipt], timeout=1)
    assert (result.is_done, result.exception, result.error) == (False, "ValueError", "no")
    with pytest.raises(ResultLost, match="failed: ValueError: no"):
        _ = result.value


def test_a_job_whose_worker_died_has_failed(resque: Resque, slate: Slate, pruning: Pruning) -> None:
    receipt = resque.submit(Step, 7)
    assert receipt
    taken(slate, "mail")
    prune(pruning, slate)

    assert resque.wait([receipt], timeout=1)[0].exception == "Resque::DirtyExit"


def test_what_a_dead_worker_has_noted_is_the_result(resque: Resque, slate: Slate, pruning: Pruning) -> None:
    receipt = resque.submit(Step, 7)
    assert receipt
    taken(slate, "mail")
    prune(pruning, slate, Verdict(Outcome.DONE, result=ties.done("7")))

    assert resque.wait([receipt], timeout=1)[0].value == 7


def test_nothing_is_kept_that_nobody_asked_for(resque: Resque, redis: Redis, slate: Slate) -> None:
    resque.enqueue(Step, 7)
    assert waiting(redis) == [f'{{"class":"{__name__}.Step","args":[7]}}'.encode()]
    settle(slate)

    assert redis.keys("resqued:resque:result:*") == []


def test_a_result_that_is_lost_says_why(resque: Resque, slate: Slate) -> None:
    receipt = resque.submit(Step, 7)
    assert receipt
    settle(slate, Verdict(Outcome.DONE, result=ties.lost("it is a set")))

    [result] = resque.wait([receipt], timeout=1)
    assert result.is_done
    with pytest.raises(ResultLost, match=f"job {receipt.id} is done, and it is a set"):
        _ = result.value


@pytest.mark.parametrize("keep", [0, -1, True, 1.5, ties.LONGEST_KEPT + 1])
def test_for_how_long_it_is_kept_must_mean_something(resque: Resque, keep: int) -> None:
    with pytest.raises(ValueError, match="for how long its result is kept must be from 1 to 2592000 whole seconds"):
        resque.submit(Step, 7, keep=keep)


# What a payload says


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({"id": ID, "keep": 5}, Ties(ID, 5)),
        ({"batch": ID, "number": 0}, Ties(batch=ID)),
        ({"id": ID, "keep": 5, "batch": ID, "number": 3}, Ties(ID, 5, ID, 3)),
        ({"id": "../../evil", "keep": 5}, None),
        ({"id": ID, "keep": ties.LONGEST_KEPT + 1}, None),
        ({"id": ID, "keep": True}, None),
        ({"batch": ID, "number": ties.MOST}, None),
        ({"batch": ID, "number": -1}, None),
        ({"batch": ID}, None),
        ({"of": ID}, None),
        ("text", None),
        (None, None),
    ],
)
def test_of_what_stands_in_a_payload_only_what_makes_sense_means_something(said: object, meant: Ties | None) -> None:
    assert ties.of({"class": "A", "resqued": said}) == meant


def test_what_is_written_is_what_is_read() -> None:
    for tied in (Ties(ID, 5), Ties(batch=ID, number=7), Ties(ID, 5, ID, 7)):
        assert ties.of({ties.KEY: tied.document()}) == tied
