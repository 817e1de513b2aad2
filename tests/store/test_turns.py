"""Limits on how many jobs run at a time: who begins, who waits aside, and who is called when a place is free."""

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace

import pytest
from redis import Redis

from resqued import address
from resqued.concurrency import Limit
from resqued.promises import Promise
from resqued.protocol.keys import Keys
from resqued.protocol.moves import Begun
from resqued.store.pruning import Pruned, Pruning
from resqued.store.slate import Nothing, Slate
from resqued.store.stock import Stock
from resqued.store.turns import LimitInUse, Turns
from resqued.verdict import ASIDE as ASIDE_NOW
from resqued.verdict import DONE, REQUEUED, Outcome
from resqued.wire import lean
from resqued.work import Work
from tests.store.slates import FAILED, counted, failures, job, push, slate_at, strike_off_like_ruby, taken, waiting

ANN = Limit("Send:[1]", 1)
TWO = Limit("Send:[2]", 2)
ASIDE, CALLED, HELD = (f"resqued:resque:limits:{what}:{ANN.name}" for what in ("aside", "called", "held"))


@pytest.fixture(name="crew")
def four_workers(redis_url: str) -> Iterator[list[Slate]]:
    with crew_of(redis_url, 4) as slates:
        yield slates


@contextmanager
def crew_of(url: str, size: int) -> Iterator[list[Slate]]:
    with ExitStack() as stack:
        yield [stack.enter_context(slate_at(url, f"vm:{number}:mail,low")) for number in range(1, size + 1)]


@pytest.fixture(name="turns")
def turns_on_this_redis(redis_url: str) -> Iterator[Turns]:
    wire = lean.connect(address.parse(redis_url), name="turns")
    yield Turns(wire, Keys())
    wire.close()


def numbers(texts: list[bytes | str]) -> list[object]:
    return [json.loads(text)["args"][0] for text in texts]


def claim(slate: Slate, limit: Limit = ANN, *queues: str) -> tuple[Work, Begun, object]:
    work = taken(slate)
    return work, *ask(slate, work, limit, queues)


def ask(slate: Slate, work: Work, limit: Limit = ANN, queues: Sequence[str] = ()) -> tuple[Begun, object]:
    """Whether it begins; if it does not, the next one."""
    begun, _ = slate.begin(work, Promise("Send", (), limit=limit))
    return begun, None if begun is Begun.BEGUN else slate.settle(work, ASIDE_NOW, queues)[1]


def begun(slate: Slate, limit: Limit = ANN) -> Work:
    """A job that has got its turn."""
    work, claimed, _ = claim(slate, limit)
    assert claimed is Begun.BEGUN
    return work


def tend(turns: Turns, redis: Redis) -> int:
    redis.delete("resqued:resque:tended")
    return turns.tend()


def prune(pruning: Pruning, slate: Slate, *, put_back: int = 0) -> Pruned:
    dead = next(one for one in pruning.registered() if one.id == slate.worker)
    dead = replace(dead, registration=replace(dead.registration, put_back=put_back))
    return pruning.prune(dead, lambda _dead, _work: None, "died")[0]


# Who begins, and who waits


def test_a_job_begins_as_long_as_fewer_run_than_may(crew: list[Slate], redis: Redis) -> None:
    push(redis, job("Send", 1), job("Send", 2), job("Send", 3))
    claims = [claim(slate, TWO)[1] for slate in crew[:3]]

    assert claims == [Begun.BEGUN, Begun.BEGUN, Begun.TURN]
    assert counted(redis)[0] == 2


def test_one_that_waits_neither_blocks_its_queue_nor_stays_on_it(crew: list[Slate], redis: Redis) -> None:
    push(redis, job("Send", 1), job("Send", 2), job("Send", 3), job("Other", 4))
    begun(crew[0])
    _, claimed, following = claim(crew[1], ANN, "mail", "low")

    assert claimed is Begun.TURN
    assert isinstance(following, Work)
    assert (following.queue, following.payload) == ("mail", job("Send", 3))
    assert numbers(waiting(redis)) == [4]


def test_limits_with_other_names_do_not_meet(crew: list[Slate], redis: Redis) -> None:
    push(redis, job("Send", 1), job("Send", 2))
    begun(crew[0])

    assert claim(crew[1], Limit("Send:[3]", 1))[1] is Begun.BEGUN


def test_an_operator_sees_who_runs_and_who_waits(crew: list[Slate], redis: Redis, turns: Turns, redis_url: str) -> None:
    push(redis, *(job("Send", number) for number in range(4)))
    begun(crew[0], TWO)
    begun(crew[1], TWO)
    claim(crew[2], TWO)
    assert list(turns.in_use()) == [LimitInUse(TWO.name, 2, running=2, called=0, aside=1)]
    with closing(lean.connect(address.parse(redis_url))) as wire:
        assert [(queue.size, queue.aside) for queue in Stock(wire, Keys()).look(["mail"])] == [(1, 1)]


def test_nothing_is_left_when_all_have_run(crew: list[Slate], redis: Redis) -> None:
    push(redis, job("Send", 1), job("Send", 2))
    first = begun(crew[0])
    claim(crew[1])
    crew[0].settle(first, DONE, ())
    second = begun(crew[1])
    crew[1].settle(second, FAILED, ())

    assert redis.keys("resqued:resque:limits*") == []
    assert redis.exists("resqued:resque:aside") == 0


# A place is free


@pytest.mark.parametrize("verdict", [DONE, FAILED])
def test_whoever_waited_longest_is_called_by_the_end_of_the_one_that_ran(
    crew: list[Slate], redis: Redis, verdict: object
) -> None:
    push(redis, job("Send", 1), job("Send", 2), job("Send", 3))
    first = begun(crew[0])
    claim(crew[1])
    claim(crew[1])
    push(redis, job("Other", 9))
    crew[0].settle(first, verdict, ())  # type: ignore[arg-type]  # a Verdict

    assert numbers(waiting(redis)) == [2, 9]
    assert redis.llen(ASIDE) == 1
    assert redis.hgetall("resqued:resque:aside") == {b"mail": b"1"}


def test_the_very_settlement_brings_it(crew: list[Slate], redis: Redis) -> None:
    push(redis, job("Send", 1), job("Send", 2))
    first = begun(crew[0])
    claim(crew[1])

    _, following = crew[0].settle(first, DONE, ("mail",))
    assert isinstance(following, Work)
    assert following.payload == job("Send", 2)
    assert ask(crew[0], following, ANN, ())[0] is Begun.BEGUN


def test_nobody_overtakes_one_that_was_called(crew: list[Slate], redis: Redis) -> None:
    push(redis, job("Send", 1), job("Send", 2))
    first = begun(crew[0])
    claim(crew[1])
    crew[0].settle(first, DONE, ())
    push(redis, job("Send", 3), queue="low")

    late = crew[2].reserve(("low",))
    assert isinstance(late, Work)
    assert ask(crew[2], late, ANN, ())[0] is Begun.TURN
    assert json.loads(begun(crew[1]).payload)["args"] == [2]


def test_of_several_that_were_called_the_first_begins_first(crew: list[Slate], redis: Redis) -> None:
    push(redis, *(job("Send", number) for number in range(1, 6)))
    both = [begun(crew[0], TWO), begun(crew[1], TWO)]
    for _ in range(3):
        claim(crew[2], TWO)
    crew[0].settle(both[0], DONE, ())
    push(redis, job("Other", 9))
    redis.lpush("resque:queue:mail", job("Other", 8))  # somebody else's was put back meanwhile
    crew[1].settle(both[1], DONE, ())

    assert numbers(waiting(redis)) == [8, 3, 4, 9]


def test_equal_jobs_are_called_as_often_as_they_wait(crew: list[Slate], redis: Redis) -> None:
    push(redis, *[job("Send", 1)] * 4)
    both = [begun(crew[0], TWO), begun(crew[1], TWO)]
    claim(crew[2], TWO)
    claim(crew[2], TWO)
    crew[0].settle(both[0], DONE, ())
    crew[1].settle(both[1], DONE, ())

    assert numbers(waiting(redis)) == [1, 1]
    assert [claim(slate, TWO)[1] for slate in crew[:2]] == [Begun.BEGUN, Begun.BEGUN]


def test_a_limit_that_was_raised_lets_more_begin_at_once(crew: list[Slate], redis: Redis) -> None:
    push(redis, *(job("Send", number) for number in range(1, 5)))
    begun(crew[0])
    claim(crew[1])
    claim(crew[1])
    _, claimed, _ = claim(crew[1], Limit(ANN.name, 3))

    assert claimed is Begun.TURN
    assert numbers(waiting(redis)) == [2, 3]


def test_one_that_is_put_back_keeps_its_place(crew: list[Slate], redis: Redis) -> None:
    push(redis, job("Send", 1), job("Send", 2))
    first = begun(crew[0])
    claim(crew[1])
    crew[0].settle(first, REQUEUED, ())

    assert numbers(waiting(redis)) == [1]
    assert json.loads(begun(crew[1]).payload)["args"] == [1]


def test_a_queue_that_was_removed_is_known_again(crew: list[Slate], redis: Redis) -> None:
    push(redis, job("Send", 1), job("Send", 2))
    first = begun(crew[0])
    claim(crew[1])
    redis.delete("resque:queues")
    crew[0].settle(first, DONE, ())

    assert redis.smembers("resque:queues") == {b"mail"}


def test_one_whose_queue_is_no_list_waits_until_that_is_put_right(
    crew: list[Slate], redis: Redis, turns: Turns
) -> None:
    push(redis, job("Send", 1), job("Send", 2))
    first = begun(crew[0])
    claim(crew[1])
    redis.set("resque:queue:mail", "no list")
    crew[0].settle(first, DONE, ())
    assert redis.llen(ASIDE) == 1

    redis.delete("resque:queue:mail")
    tend(turns, redis)
    assert numbers(waiting(redis)) == [2]


# Answers that are lost, workers that are struck off, killed, forgotten


def test_to_claim_again_what_one_has_changes_nothing(crew: list[Slate], redis: Redis) -> None:
    push(redis, job("Send", 1))
    work = begun(crew[0])

    assert ask(crew[0], work, ANN, ())[0] is Begun.BEGUN
    assert redis.hlen(HELD) == 1


def test_to_be_put_aside_again_changes_nothing_and_brings_what_it_had_brought(crew: list[Slate], redis: Redis) -> None:
    push(redis, job("Send", 1), job("Send", 2), job("Other", 3))
    begun(crew[0])
    work, _, following = claim(crew[1], ANN, "mail")

    assert ask(crew[1], work, ANN, ("mail",)) == (Begun.TURN, following)
    assert redis.llen(ASIDE) == 1


def test_a_run_that_was_pruned_does_not_begin(crew: list[Slate], redis: Redis, pruning: Pruning) -> None:
    push(redis, job("Send", 1))
    work = taken(crew[0])
    prune(pruning, crew[0])

    assert ask(crew[0], work, ANN, ("mail",)) == (Begun.GONE, Nothing.UNREGISTERED)
    assert redis.keys("resqued:resque:limits*") == []


def test_a_job_that_a_peer_has_failed_is_not_put_aside(crew: list[Slate], redis: Redis) -> None:
    push(redis, job("Send", 1), job("Send", 2))
    begun(crew[0])
    work = taken(crew[1])
    strike_off_like_ruby(redis, crew[1].worker)

    assert ask(crew[1], work, ANN, ())[0] is Begun.GONE
    assert redis.llen(ASIDE) == 0
    assert len(failures(redis)) == 1


def test_who_is_struck_off_while_it_performs_gives_its_place_back(crew: list[Slate], redis: Redis) -> None:
    push(redis, job("Send", 1), job("Send", 2))
    first = begun(crew[0])
    claim(crew[1])
    strike_off_like_ruby(redis, crew[0].worker)
    crew[0].settle(first, REQUEUED, ())

    assert numbers(waiting(redis)) == [2]


def test_the_place_of_a_worker_that_died_is_given_to_the_next_by_who_prunes_it(
    crew: list[Slate], redis: Redis, pruning: Pruning
) -> None:
    push(redis, job("Send", 1), job("Send", 2))
    begun(crew[0])
    claim(crew[1])

    assert prune(pruning, crew[0]) is Pruned.FAILED
    assert numbers(waiting(redis)) == [2]
    assert redis.hlen(HELD) == 0


def test_one_that_is_put_back_because_its_worker_died_keeps_its_place(
    crew: list[Slate], redis: Redis, pruning: Pruning
) -> None:
    push(redis, job("Send", 1), job("Send", 2))
    begun(crew[0])
    claim(crew[1])

    assert prune(pruning, crew[0], put_back=1) is Pruned.REQUEUED
    assert numbers(waiting(redis)) == [1]
    assert json.loads(begun(crew[1]).payload)["args"] == [1]


def test_a_called_job_whose_worker_dies_before_it_asks_is_missed(
    crew: list[Slate], redis: Redis, pruning: Pruning, turns: Turns
) -> None:
    push(redis, *(job("Send", number) for number in range(1, 4)))
    first = begun(crew[0])
    claim(crew[1])
    claim(crew[1])
    crew[0].settle(first, DONE, ())
    taken(crew[1])
    assert tend(turns, redis) == 0  # it is about to ask
    prune(pruning, crew[1])

    assert tend(turns, redis) == 1
    assert numbers(waiting(redis)) == [3]


def test_one_that_a_worker_of_ruby_took_leaves_its_place(crew: list[Slate], redis: Redis, turns: Turns) -> None:
    push(redis, *(job("Send", number) for number in range(1, 4)))
    first = begun(crew[0])
    claim(crew[1])
    claim(crew[1])
    crew[0].settle(first, DONE, ())
    assert tend(turns, redis) == 0
    redis.lpop("resque:queue:mail")

    assert tend(turns, redis) == 1
    assert numbers(waiting(redis)) == [3]


def test_a_job_on_a_paused_queue_keeps_nobody_else_waiting(crew: list[Slate], redis: Redis, turns: Turns) -> None:
    push(redis, job("Send", 1), job("Send", 2))
    first = begun(crew[0])
    claim(crew[1])
    crew[0].settle(first, DONE, ())
    redis.hset("resqued:resque:paused", "mail", "2026/11/23 07:00:00 UTC")
    push(redis, job("Send", 3), queue="low")
    tend(turns, redis)

    late = crew[2].reserve(("low",))
    assert isinstance(late, Work)
    assert ask(crew[2], late, ANN, ())[0] is Begun.BEGUN


def test_a_place_whose_slate_is_gone_is_given_to_the_next(crew: list[Slate], redis: Redis, turns: Turns) -> None:
    push(redis, job("Send", 1), job("Send", 2))
    begun(crew[0])
    claim(crew[1])
    redis.delete(f"resqued:resque:slate:{crew[0].worker}")

    assert tend(turns, redis) == 1
    assert numbers(waiting(redis)) == [2]


def test_those_who_look_after_limits_take_turns(turns: Turns, redis: Redis) -> None:
    redis.hset(HELD, "nobody:1:q", 1)
    redis.hset("resqued:resque:limits", ANN.name, 1)
    turns.tend()
    redis.hset(HELD, "nobody:1:q", 1)
    redis.hset("resqued:resque:limits", ANN.name, 1)

    assert turns.tend() == 0
    assert redis.hlen(HELD) == 1


def test_a_key_of_another_type_disturbs_nobody(turns: Turns, redis: Redis) -> None:
    redis.set("resqued:resque:limits", "no hash")

    assert turns.tend() == 0


@pytest.mark.parametrize("field", [None, "mail"])
def test_one_waits_once_whatever_is_where_such_jobs_are_counted(
    crew: list[Slate], redis: Redis, field: str | None
) -> None:
    if field:
        redis.hset("resqued:resque:aside", field, "many")
    else:
        redis.set("resqued:resque:aside", "no hash")
    push(redis, job("Send", 1), job("Send", 2))
    first = begun(crew[0])
    work = taken(crew[1])
    for _ in range(2):
        assert crew[1].begin(work, Promise("Send", (), limit=ANN))[0] is Begun.TURN
    crew[0].settle(first, DONE, ())

    assert waiting(redis) == [job("Send", 2)]


def test_a_limit_that_nobody_states_any_more_can_be_disbanded(crew: list[Slate], redis: Redis, turns: Turns) -> None:
    push(redis, *(job("Send", number) for number in range(1, 4)))
    begun(crew[0])
    claim(crew[1])
    claim(crew[1])

    assert turns.release(ANN.name) == 2
    assert numbers(waiting(redis)) == [2, 3]
    assert redis.exists("resqued:resque:aside", ASIDE) == 0


# All of it at random


class Fleet:
    """Workers that take, claim, settle and die; and a peer that takes jobs away from them."""

    def __init__(self, redis: Redis, crew: list[Slate], pruning: Pruning, turns: Turns, seed: int) -> None:
        self._redis, self._crew, self._pruning, self._turns = redis, crew, pruning, turns
        self._random = random.Random(seed)
        self._at: dict[int, tuple[Work, Limit]] = {}  # what each worker performs
        self._pushed = 0
        self.began: list[int] = []
        self.finished: Counter[int] = Counter()

    def act(self) -> None:
        acts = [self.push, self.work, self.work, self.work, self.work, self.put_back, self.die, self.steal, self.tend]
        self._random.choice(acts)()
        self.check()

    def push(self) -> None:
        for _ in range(self._random.randrange(4)):
            self._pushed += 1
            push(self._redis, job("Send", self._pushed), queue=self._random.choice(("mail", "low")))

    def work(self) -> None:
        number = self._random.randrange(len(self._crew))
        if number in self._at:
            self._settle(number, self._random.choice((DONE, FAILED)))
        elif isinstance(work := self._crew[number].reserve(("mail", "low")), Work):
            self._claim(number, work)

    def put_back(self) -> None:
        if self._at:
            self._settle(self._random.choice(sorted(self._at)), REQUEUED)

    def die(self) -> None:
        """In the middle of a job, or between taking one and asking for its turn."""
        number = self._random.randrange(len(self._crew))
        slate = self._crew[number]
        held = self._at.pop(number)[0] if number in self._at else slate.reserve(("mail",))
        if prune(self._pruning, slate, put_back=self._random.randrange(2)) is Pruned.FAILED:
            assert isinstance(held, Work)
            self.finished[number_in(held)] += 1
        slate.register()

    def steal(self) -> None:
        if isinstance(text := self._redis.lpop("resque:queue:mail"), bytes):
            self.finished[json.loads(text)["args"][0]] += 1

    def tend(self) -> None:
        tend(self._turns, self._redis)

    def _claim(self, number: int, work: Work) -> None:
        limit = (ANN, TWO)[number_in(work) % 2]
        claimed, following = ask(self._crew[number], work, limit, ("mail", "low"))
        if claimed is Begun.BEGUN:
            self._at[number] = work, limit
            self.began.append(number_in(work))
        elif isinstance(following, Work):
            self._claim(number, following)

    def _settle(self, number: int, verdict: object) -> None:
        work, _ = self._at.pop(number)
        _, following = self._crew[number].settle(work, verdict, ("mail",))  # type: ignore[arg-type]  # a Verdict
        if getattr(verdict, "outcome", None) is not Outcome.REQUEUED:
            self.finished[number_in(work)] += 1
        if isinstance(following, Work):
            self._claim(number, following)

    def check(self) -> None:
        running = Counter(limit for _, limit in self._at.values())
        for limit in (ANN, TWO):
            assert running[limit] <= limit.most
            held, called = (f"resqued:resque:limits:{what}:{limit.name}" for what in ("held", "called"))
            assert self._redis.hlen(held) == running[limit]
            assert self._redis.hlen(held) + self._redis.llen(called) <= limit.most

    def drain(self) -> None:
        """Nothing is stuck: who waits is called, as long as somebody works."""
        for _ in range(10 * self._pushed):
            self.tend()
            self.work()
            self.check()
            if sum(self.finished.values()) == self._pushed:
                return


def number_in(work: Work) -> int:
    return int(json.loads(work.payload)["args"][0])


@pytest.mark.parametrize("seed", range(6))
def test_never_more_than_may_and_nothing_lost_whatever_happens(
    seed: int, crew: list[Slate], redis: Redis, pruning: Pruning, turns: Turns
) -> None:
    fleet = Fleet(redis, crew, pruning, turns, seed)
    for _ in range(200):
        fleet.act()
    fleet.drain()

    assert set(fleet.finished.values()) == {1}
    assert sum(fleet.finished.values()) == fleet._pushed
    tend(turns, redis)
    assert redis.keys("resqued:resque:limits*") == []
    assert redis.exists("resqued:resque:aside") == 0
