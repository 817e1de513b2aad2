"""Single entries, found again wherever others have moved them."""

import json

from redis import Redis

from resqued.protocol.failed import Entry
from resqued.store.failures import Failures
from resqued.store.picking import AS_FAR, Pick, Picking
from resqued.store.sweep import Removal, Retrial
from tests.store.failed_lists import FAILED, Crowded, fill, numbers, text


def pick(number: int, at: int | None = None) -> Pick:
    return Pick(number if at is None else at, Entry(text(number).encode()).whole_id)


def test_those_that_are_meant_go_and_no_others(redis: Redis, failures: Failures) -> None:
    fill(redis, 10)
    outcome = Picking(failures, "failed").act(Removal(), [pick(2), pick(7), pick(2)])

    assert (outcome.done, outcome.gone, dict(outcome.refused)) == (2, 0, {})
    assert numbers(redis) == [0, 1, 3, 4, 5, 6, 8, 9]


def test_one_is_found_nearer_to_the_head(redis: Redis, failures: Failures) -> None:
    fill(redis, 1000)
    redis.lpop(FAILED, 900)

    assert Picking(failures, "failed").act(Removal(), [pick(950)]).done == 1
    assert 950 not in numbers(redis)


def test_but_not_looked_for_without_end(redis: Redis, failures: Failures) -> None:
    fill(redis, AS_FAR + 100)

    assert Picking(failures, "failed").find(pick(0, at=AS_FAR + 50)) is None


def test_while_others_remove_it_is_found_again(redis: Redis, failures: Failures) -> None:
    fill(redis, 50)
    crowded = Crowded(failures, lambda turn: redis.lpop(FAILED) if turn == 0 else None)

    assert Picking(crowded, "failed").act(Removal(), [pick(40)]).done == 1
    assert 40 not in numbers(redis)


def test_who_is_never_found_in_time_gives_up(redis: Redis, failures: Failures) -> None:
    fill(redis, 500)
    crowded = Crowded(failures, lambda turn: redis.lpop(FAILED))

    outcome = Picking(crowded, "failed").act(Removal(), [pick(450)])
    assert (outcome.done, outcome.gone) == (0, 1)


def test_what_cannot_be_retried_says_why_and_stops_nothing(redis: Redis, failures: Failures) -> None:
    texts = [text(0), text(1, queue="odd"), "no JSON"]
    redis.rpush(FAILED, *texts)
    redis.set("resque:queue:odd", "no list")
    picks = [Pick(at, Entry(one.encode()).whole_id) for at, one in enumerate(texts)]
    outcome = Picking(failures, "failed").act(Retrial(failures.keys), picks)

    assert outcome.done == 1
    assert sorted(outcome.refused) == [
        "the entry is no JSON object",
        "the key of its queue holds something that is no list",
    ]
    assert [json.loads(job)["args"] for job in redis.lrange("resque:queue:mail", 0, -1)] == [[0]]
    assert redis.llen(FAILED) == 2
