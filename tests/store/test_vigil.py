"""Waiting for a push, with a real Redis: one leader a pool, nothing taken, nothing lost."""

import select
from collections.abc import Callable, Iterator
from contextlib import closing
from time import monotonic

import pytest
from redis import Redis

from resqued import address
from resqued.errors import StoreUnavailable
from resqued.protocol.keys import Keys
from resqued.store.vigil import LATE, LONGEST_WAIT, MOST_WAITS, Token, Vigil
from resqued.wire import PENDING, Wire, lean
from tests.store.slates import job, push, waiting
from tests.support import eventually

MAIL = ["mail"]
LONG = 10.0  # s: longer than any test

Pool = Callable[[int], list[Vigil]]


@pytest.fixture(name="token")
def token_of_a_pool() -> Iterator[Token]:
    token = Token()
    yield token
    token.forget()


@pytest.fixture(name="pool")
def pool_of_idle_workers(token: Token, redis_url: str) -> Iterator[Pool]:
    vigils: list[Vigil] = []

    def connect() -> Wire:
        return lean.connect(address.parse(redis_url), name="vigil")

    def pool(size: int) -> list[Vigil]:
        vigils.extend(Vigil(token, connect, Keys()) for _ in range(size))
        return vigils

    yield pool
    for vigil in vigils:
        vigil.lost()


@pytest.fixture(name="vigil")
def only_worker_of_its_pool(pool: Pool) -> Vigil:
    return pool(1)[0]


def begin(vigil: Vigil, queues: list[str] = MAIL, seconds: float = LONG) -> None:
    now = monotonic()
    vigil.begin(queues, now, now + seconds)


def ready(vigil: Vigil, within: float = 2.0) -> set[int]:
    """Which of its descriptors become readable, as soon as one does."""
    poll = select.poll()
    for descriptor in vigil.watched():
        poll.register(descriptor, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll(within * 1000)}


def is_woken(vigil: Vigil, within: float = 2.0) -> bool:
    return vigil.woken(ready(vigil, within))


def waits(redis: Redis) -> int:
    """How many connections wait for a push."""
    return int(redis.info("clients")["blocked_clients"])


def connections(redis: Redis) -> list[str]:
    return [client["id"] for client in redis.client_list() if client["name"] == "vigil"]


def asked(redis: Redis) -> int:
    return int(redis.info("commandstats").get("cmdstat_blmove", {"calls": 0})["calls"])


# The token


def test_a_token_can_be_had_once(token: Token) -> None:
    assert [token.take(), token.take()] == [True, False]


def test_a_token_that_was_put_back_can_be_had_again(token: Token) -> None:
    token.take()
    token.put()

    assert token.take()


def test_two_tokens_become_one(token: Token) -> None:
    token.put()

    assert [token.take(), token.take()] == [True, False]


# One leader


def test_of_many_idle_workers_one_waits(pool: Pool, redis: Redis) -> None:
    vigils = pool(8)
    for vigil in vigils:
        begin(vigil)

    eventually(lambda: waits(redis) == 1)
    assert [vigil.leads for vigil in vigils] == [True] + [False] * 7


def test_a_push_wakes_the_leader_and_nobody_else(pool: Pool, redis: Redis) -> None:
    vigils = pool(4)
    for vigil in vigils:
        begin(vigil)
    push(redis, job())

    assert ready(vigils[0])
    assert [ready(vigil, within=0) for vigil in vigils[1:]] == [set(), set(), set()]


def test_a_woken_leader_passes_the_token_on(pool: Pool, redis: Redis) -> None:
    first, second = pool(2)
    begin(first)
    begin(second)
    push(redis, job())

    assert is_woken(first)
    assert not first.leads
    assert ready(second)
    assert not second.woken(ready(second))
    begin(second)
    assert second.leads


def test_the_next_leader_wakes_as_long_as_there_are_jobs(pool: Pool, redis: Redis) -> None:
    vigils = pool(3)
    push(redis, job(), job())
    woken = []
    for vigil in vigils:
        begin(vigil)
        woken.append(is_woken(vigil, within=0.1 if not waiting(redis) else 2))
        redis.lpop("resque:queue:mail")

    assert woken == [True, True, False]


def test_who_has_something_better_to_do_passes_the_token_on(pool: Pool) -> None:
    first, second = pool(2)
    begin(first)
    first.end()
    begin(second)

    assert [first.leads, second.leads] == [False, True]


def test_who_leaves_passes_on_a_token_that_may_have_woken_nobody_else(pool: Pool, token: Token) -> None:
    leaver, other = pool(2)
    leaver.leave()

    assert token.take()
    token.put()
    begin(other)
    leaver.leave()
    assert not token.take()


def test_who_does_not_lead_passes_nothing_on(pool: Pool, token: Token) -> None:
    first, second = pool(2)
    begin(first)
    second.end()

    assert not token.take()


# Nothing is taken


def test_waiting_leaves_the_queue_as_it_is(vigil: Vigil, redis: Redis) -> None:
    jobs = [job("Echo", number) for number in range(3)]
    begin(vigil)
    push(redis, *jobs)
    assert is_woken(vigil)
    begin(vigil)
    assert is_woken(vigil)

    assert waiting(redis) == jobs


def test_a_job_that_is_there_already_wakes_at_once(vigil: Vigil, redis: Redis) -> None:
    push(redis, job())
    begin(vigil)

    assert is_woken(vigil)


def test_a_wait_may_be_dropped_while_a_job_arrives(vigil: Vigil, redis: Redis) -> None:
    for number in range(100):
        begin(vigil)
        push(redis, job("Echo", number))
        vigil.lost()

    assert len(waiting(redis)) == 100


def test_a_peer_that_waits_too_gets_the_job(vigil: Vigil, redis: Redis, redis_url: str) -> None:
    begin(vigil)
    eventually(lambda: waits(redis) == 1)
    with closing(lean.connect(address.parse(redis_url))) as peer:
        peer.ask("BLPOP", "resque:queue:mail", 5)
        eventually(lambda: waits(redis) == 2)
        push(redis, job())

        assert eventually(lambda: (answer := peer.answer()) is not PENDING and answer) == [b"resque:queue:mail", job()]


# The end of a wait


def test_a_wait_that_ends_without_a_job_wakes_nobody(vigil: Vigil, redis: Redis) -> None:
    begin(vigil, seconds=0.01)

    assert not is_woken(vigil)
    assert vigil.leads


def test_a_wait_that_has_ended_is_begun_again(vigil: Vigil, redis: Redis) -> None:
    begin(vigil, seconds=0.01)
    is_woken(vigil)
    begin(vigil)
    push(redis, job())

    assert is_woken(vigil)


def test_a_wait_that_is_under_way_goes_on(vigil: Vigil, redis: Redis) -> None:
    before = asked(redis)
    begin(vigil)
    begin(vigil)
    eventually(lambda: waits(redis) == 1)

    assert asked(redis) == before + 1


def test_a_server_that_does_not_answer_in_time_is_asked_on_another_connection(vigil: Vigil, redis: Redis) -> None:
    now = monotonic()
    vigil.begin(MAIL, now, now + 2 * LONGEST_WAIT)
    before = connections(redis)
    vigil.begin(MAIL, now + LONGEST_WAIT + LATE - 0.1, now + 2 * LONGEST_WAIT)
    assert connections(redis) == before
    vigil.begin(MAIL, now + LONGEST_WAIT + LATE + 0.1, now + 2 * LONGEST_WAIT)

    eventually(lambda: len(connections(redis)) == 1)
    assert connections(redis) != before


# Connections that are lost


def test_a_leader_whose_connection_is_lost_waits_on_a_new_one(vigil: Vigil, token: Token, redis: Redis) -> None:
    begin(vigil)
    (client,) = connections(redis)
    redis.client_kill_filter(_id=client)
    with pytest.raises(StoreUnavailable):
        is_woken(vigil)
    vigil.lost()
    begin(vigil)
    push(redis, job())

    assert is_woken(vigil)
    assert [token.take(), token.take()] == [True, False]


def test_a_server_that_cannot_be_asked_is_unavailable(token: Token, redis_url: str, redis: Redis) -> None:
    vigil = Vigil(token, lambda: lean.connect(address.parse(f"{redis_url[:-1]}999")), Keys())

    with pytest.raises(StoreUnavailable, match="DB index is out of range"):
        begin(vigil)


def test_answers_from_an_earlier_time_in_the_lead_are_no_news(vigil: Vigil, redis: Redis) -> None:
    queues = ["mail", "low", "last"]
    begin(vigil, queues)
    push(redis, job())
    assert is_woken(vigil)
    for queue in queues:
        push(redis, job(), queue=queue)
    eventually(lambda: waits(redis) == 0)
    redis.flushall()
    begin(vigil, queues)

    assert not is_woken(vigil, within=0.05)
    assert vigil.leads


def test_a_wait_from_an_earlier_time_in_the_lead_still_serves(vigil: Vigil, redis: Redis) -> None:
    begin(vigil, ["mail", "low"])
    push(redis, job())
    assert is_woken(vigil)
    redis.delete("resque:queue:mail")
    begin(vigil, ["mail", "low"])
    eventually(lambda: waits(redis) == 2)
    push(redis, job(), queue="low")

    assert is_woken(vigil)
    assert len(connections(redis)) == 2


# Several queues


@pytest.mark.parametrize("queue", ["mail", "low"])
def test_a_push_on_any_queue_wakes(vigil: Vigil, redis: Redis, queue: str) -> None:
    begin(vigil, ["mail", "low"])
    push(redis, job(), queue=queue)

    assert is_woken(vigil)


def test_jobs_on_two_queues_at_once_wake_once(vigil: Vigil, redis: Redis) -> None:
    begin(vigil, ["mail", "low"])
    eventually(lambda: waits(redis) == 2)
    push(redis, job())
    push(redis, job(), queue="low")
    eventually(lambda: waits(redis) == 0)
    assert is_woken(vigil)
    redis.delete("resque:queue:mail", "resque:queue:low")
    begin(vigil, ["mail", "low"])

    assert not is_woken(vigil, within=0.05)


def test_a_queue_that_is_no_longer_served_is_let_go(vigil: Vigil, redis: Redis) -> None:
    begin(vigil, ["mail", "low"])
    push(redis, job())
    is_woken(vigil)
    begin(vigil, ["other"])

    eventually(lambda: len(connections(redis)) == 1)
    assert len(vigil.watched()) == 1


def test_a_pattern_that_stands_for_many_queues_takes_so_many_connections_and_no_more(
    vigil: Vigil, redis: Redis
) -> None:
    queues = [f"q{number}" for number in range(3 * MOST_WAITS)]
    for _ in range(3):
        begin(vigil, queues)
        queues = queues[MOST_WAITS:] + queues[:MOST_WAITS]  # as a random order would have it
        push(redis, job(), queue="q0")
        assert is_woken(vigil)

    assert len(connections(redis)) == MOST_WAITS


def test_who_serves_no_queue_waits_for_nothing(vigil: Vigil) -> None:
    begin(vigil, [])

    assert vigil.watched() == []
    assert not vigil.woken(())


# A queue that is no list


def test_a_queue_that_is_no_list_is_not_asked_about_again_and_again(vigil: Vigil, redis: Redis) -> None:
    redis.set("resque:queue:mail", "no list")
    before = asked(redis)
    for _ in range(20):
        begin(vigil)
        assert not is_woken(vigil, within=0.01)

    assert asked(redis) == before + 1


def test_a_connection_on_which_a_wait_was_refused_is_not_looked_at(vigil: Vigil, redis: Redis) -> None:
    redis.set("resque:queue:mail", "no list")
    begin(vigil)
    is_woken(vigil)
    for client in connections(redis):
        redis.client_kill_filter(_id=client)
    begin(vigil)

    assert ready(vigil, within=0.05) == set()


def test_a_queue_that_is_no_list_does_not_hide_the_others(vigil: Vigil, redis: Redis) -> None:
    redis.set("resque:queue:mail", "no list")
    begin(vigil, ["mail", "low"])
    assert not is_woken(vigil)
    begin(vigil, ["mail", "low"])
    push(redis, job(), queue="low")

    assert is_woken(vigil)


def test_a_queue_that_has_become_a_list_is_waited_on_again(vigil: Vigil, redis: Redis) -> None:
    redis.set("resque:queue:mail", "no list")
    now = monotonic()
    vigil.begin(MAIL, now, now + LONG)
    is_woken(vigil)
    redis.delete("resque:queue:mail")
    later = now + LONG + LATE + 0.1
    vigil.begin(MAIL, later, later + LONG)
    push(redis, job())

    assert is_woken(vigil)
