"""Retrying and removing failed jobs while others push, retry and remove at the same list."""

import json
from collections.abc import Callable
from contextlib import closing, suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from redis.exceptions import ResponseError

from resqued import address
from resqued.errors import CommandRefused, StoreUnavailable
from resqued.protocol.failed import Entry
from resqued.protocol.keys import Keys
from resqued.store.failures import FIRST, Failures
from resqued.store.sweep import NO_QUEUE, RETRIED, Removal, Retrial, Sweep
from resqued.wire import pooled
from tests.store.failed_lists import FAILED, Crowded, fill, numbers, remove_like_ruby, text
from tests.support import redis_server

QUEUE = "resque:queue:mail"
NOW = "2026/11/24 10:00:00 UTC"


def everything(_: Entry) -> bool:
    return True


def named(name: str) -> Callable[[Entry], bool]:
    return lambda entry: entry.name == name


def retry(failures: Failures, chosen: Callable[[Entry], bool] = everything, *, at_once: int = 1000) -> Sweep:
    return Sweep(failures, "failed", Retrial(Keys()), chosen, at_once=at_once)


def swept(sweep: Sweep) -> Sweep:
    for _ in sweep.run():
        pass
    return sweep


# One operator


def test_retried_jobs_are_back_on_their_queues_in_the_order_in_which_they_failed(
    redis: Redis, failures: Failures
) -> None:
    fill(redis, FIRST + 5)
    redis.rpush(FAILED, text(7, queue="low"))
    sweep = swept(retry(failures))

    assert (sweep.done, sweep.seen, sweep.whole, sweep.is_complete) == (106, 106, 106, True)
    assert numbers(redis, QUEUE) == list(range(FIRST + 5))
    assert numbers(redis, "resque:queue:low") == [7]
    assert redis.smembers("resque:queues") == {b"mail", b"low"}
    assert not redis.exists(FAILED)


def test_those_that_were_not_chosen_stay_where_they_are(redis: Redis, failures: Failures) -> None:
    fill(redis, 4 * FIRST, names=("A", "B", "C"))
    swept(retry(failures, named("B")))

    assert numbers(redis) == [number for number in range(4 * FIRST) if number % 3 != 1]
    assert numbers(redis, QUEUE) == list(range(1, 4 * FIRST, 3))


def test_removed_ones_are_gone(redis: Redis, failures: Failures) -> None:
    fill(redis, 4 * FIRST, names=("A", "B", "C"))
    sweep = swept(Sweep(failures, "failed", Removal(), named("B")))

    assert sweep.done == 133
    assert numbers(redis) == [number for number in range(4 * FIRST) if number % 3 != 1]
    assert not redis.exists(QUEUE)


@pytest.mark.parametrize("kept", [range(1), range(50), range(450, 500), range(200, 260), range(0, 500, 7), range(500)])
def test_wherever_an_entry_stands_it_is_the_right_one_that_goes(redis: Redis, failures: Failures, kept: range) -> None:
    fill(redis, 500)
    swept(
        Sweep(failures, "failed", Removal(), lambda entry: json.loads(entry.payload)["args"][0] not in kept, at_once=7)
    )

    assert numbers(redis) == list(kept)


def test_of_a_redis_without_memory_all_can_be_removed() -> None:
    with redis_server.running() as server, server.client() as redis:
        fill(redis, 500)
        redis.config_set("maxmemory", "1")
        with closing(pooled.connect(address.parse(server.url))) as wire:
            failures = Failures(wire, Keys())
            with pytest.raises(StoreUnavailable, match="OOM"):
                swept(retry(failures))
            assert redis.llen(FAILED) == 500
            assert swept(Sweep(failures, "failed", Removal(), everything)).done == 500


def test_of_equal_entries_each_is_retried(redis: Redis, failures: Failures) -> None:
    redis.rpush(FAILED, text(1), text(2), text(1), text(1))

    assert swept(retry(failures)).done == 4
    assert numbers(redis, QUEUE) == [1, 2, 1, 1]


def test_a_marked_one_stays_and_is_not_retried_again(redis: Redis, failures: Failures) -> None:
    fill(redis, 3)
    swept(Sweep(failures, "failed", Retrial(Keys(), mark=NOW), named("Echo"), at_once=2))
    again = swept(Sweep(failures, "failed", Retrial(Keys(), mark=NOW), everything))

    assert (numbers(redis), numbers(redis, QUEUE)) == ([0, 1, 2], [0, 1, 2])
    assert [json.loads(entry)["retried_at"] for entry in redis.lrange(FAILED, 0, -1)] == [NOW] * 3
    assert (again.done, again.refused) == (0, {RETRIED: 3})


def test_but_if_somebody_insists(redis: Redis, failures: Failures) -> None:
    fill(redis, 1)
    swept(Sweep(failures, "failed", Retrial(Keys(), mark=NOW), everything))
    swept(Sweep(failures, "failed", Retrial(Keys(), again=True), everything))

    assert (numbers(redis), numbers(redis, QUEUE)) == ([], [0, 0])


def test_all_may_go_to_another_queue(redis: Redis, failures: Failures) -> None:
    fill(redis, 2)
    swept(Sweep(failures, "failed", Retrial(Keys(), to="slow"), everything))

    assert numbers(redis, "resque:queue:slow") == [0, 1]


def test_what_cannot_be_retried_stays_and_stops_nothing(redis: Redis, failures: Failures) -> None:
    redis.rpush(FAILED, "", text(1), "garbage", b"\xff", '{"payload":null,"queue":"mail"}', text(2))
    sweep = swept(retry(failures, at_once=1))

    assert numbers(redis, QUEUE) == [1, 2]
    assert redis.lrange(FAILED, 0, -1) == [b"", b"garbage", b"\xff", b'{"payload":null,"queue":"mail"}']
    assert sweep.refused == {"the entry is no JSON object": 3, "its payload is no job": 1}


def test_a_queue_that_is_no_list_stops_nothing_and_loses_nothing(redis: Redis, failures: Failures) -> None:
    redis.set("resque:queue:low", "x")
    redis.rpush(FAILED, text(1, queue="low"), text(2))
    sweep = swept(retry(failures))

    assert (numbers(redis), numbers(redis, QUEUE), sweep.refused) == ([1], [2], {NO_QUEUE: 1})


def test_names_of_queues_that_are_no_set_are_refused_before_anything_is_done(redis: Redis, failures: Failures) -> None:
    redis.set("resque:queues", "x")
    fill(redis, 2)

    with pytest.raises(CommandRefused, match="WRONGTYPE"):
        swept(retry(failures))
    assert (numbers(redis), redis.exists(QUEUE)) == ([0, 1], 0)


def test_a_job_that_fails_again_meanwhile_is_not_retried_again(redis: Redis, failures: Failures) -> None:
    fill(redis, 5)
    sweep = retry(failures, at_once=1)
    for turn, _ in enumerate(sweep.run()):
        redis.rpush(FAILED, text(turn))

    assert numbers(redis, QUEUE) == [0, 1, 2, 3, 4]
    assert numbers(redis) == [0, 1, 2, 3, 4]


def test_who_is_interrupted_and_begins_again_retries_the_rest(redis: Redis, failures: Failures) -> None:
    fill(redis, 100, names=("A", "B"))
    first = retry(failures, named("B"), at_once=10).run()
    next(first)
    next(first)
    first.close()
    swept(retry(failures, named("B"), at_once=10))

    assert numbers(redis, QUEUE) == list(range(1, 100, 2))


# Between reading and acting


def test_what_somebody_has_removed_meanwhile_is_not_retried(redis: Redis, failures: Failures) -> None:
    fill(redis, 10)
    crowded = Crowded(failures, lambda turn: turn or remove_like_ruby(redis, 3))
    swept(retry(crowded))

    assert sorted(numbers(redis, QUEUE)) == [0, 1, 2, 4, 5, 6, 7, 8, 9]


def test_the_empty_text_that_ruby_leaves_for_a_moment_is_left_to_it(redis: Redis, failures: Failures) -> None:
    fill(redis, 10)
    crowded = Crowded(failures, lambda turn: None if turn else redis.lset(FAILED, 3, ""))
    swept(retry(crowded))

    assert redis.lrem(FAILED, 1, "") == 1
    assert sorted(numbers(redis, QUEUE) + numbers(redis)) == [0, 1, 2, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("turn", [0, 1], ids=["behind what was read before", "behind what is acted on"])
@pytest.mark.parametrize("removed", [1, 60])
def test_nothing_is_missed_when_others_remove_what_has_been_passed(
    redis: Redis, failures: Failures, turn: int, removed: int
) -> None:
    """Entries move to places that have been looked at: so there is another look."""
    fill(redis, FIRST, names=("A",))
    fill(redis, FIRST, start=FIRST, names=("B",))
    fill(redis, FIRST, start=2 * FIRST, names=("A",))
    crowded = Crowded(failures, lambda now: now == turn and redis.ltrim(FAILED, removed, -1))
    sweep = swept(retry(crowded, named("B")))

    assert sweep.is_complete
    assert numbers(redis) == [*range(removed, FIRST), *range(2 * FIRST, 3 * FIRST)]
    assert sorted(numbers(redis, QUEUE)) == list(range(FIRST, 2 * FIRST))


def turn_like_perl(redis: Redis) -> None:
    """Perl's `mass_remove` goes through the list by moving what it keeps to the end."""
    redis.lmove(FAILED, FAILED, "LEFT", "RIGHT")


def test_the_right_ones_are_retried_while_somebody_turns_the_list(redis: Redis, failures: Failures) -> None:
    fill(redis, 6, names=("A", "B", "A", "C", "D", "E"))
    swept(retry(Crowded(failures, lambda turn: None if turn else turn_like_perl(redis)), named("A")))

    assert sorted(numbers(redis, QUEUE)) == [0, 2]
    assert numbers(redis) == [1, 3, 4, 5]


def test_an_entry_that_was_marked_meanwhile_is_not_retried(redis: Redis, failures: Failures) -> None:
    fill(redis, 1)
    marked = Entry(text(0).encode()).retried(NOW).decode()
    crowded = Crowded(failures, lambda turn: None if turn else redis.lset(FAILED, 0, marked))
    sweep = swept(retry(crowded))

    assert (numbers(redis), redis.exists(QUEUE), sweep.refused) == ([0], 0, {RETRIED: 1})


CHOICES = [everything, named("A")]
STEPS = st.lists(st.sampled_from("aaabbbppr"), max_size=60)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, between=STEPS, size=st.integers(0, 60), at_once=st.integers(1, 9), chosen=st.sampled_from(CHOICES))
def test_of_two_operators_one_retries_each_entry_whatever_happens_between_their_steps(
    redis: Redis,
    failures: Failures,
    steps: list[str],
    between: list[str],
    size: int,
    *,
    at_once: int,
    chosen: Callable[[Entry], bool],
) -> None:
    """Workers push, and Ruby removes, between all steps, and between the reading and the acting of one."""
    redis.flushall()
    if size:
        fill(redis, size, names=("A", "B"))
    pushed, removed = list(range(1000, 1200)), 0
    there = set(range(size))

    def meddle(what: str) -> None:
        nonlocal removed
        if what == "p":
            number = pushed.pop()
            redis.rpush(FAILED, text(number, "C"))
            there.add(number)
        elif what == "r":
            with suppress(ResponseError):  # no such index
                removed += remove_like_ruby(redis, redis.llen(FAILED) // 2)

    crowded = Crowded(failures, lambda turn: meddle(between[turn]) if turn < len(between) else None)
    one = retry(crowded, chosen, at_once=at_once)
    other = retry(crowded, at_once=3)
    runs = {"a": one.run(), "b": other.run()}
    for step in steps:
        if step in runs:
            next(runs[step], None)
        else:
            meddle(step)
    for run in runs.values():
        list(run)

    back, left = numbers(redis, QUEUE), numbers(redis)
    assert len(set(back + left)) == len(back) + len(left)
    assert len(back) + len(left) + removed == len(there)
    assert one.done + other.done == len(back)
    assert not [number for number in left if number < size]
