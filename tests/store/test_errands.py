"""What the page does in the background, as everybody sees it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from redis import Redis

from resqued import address
from resqued.protocol.keys import Keys
from resqued.store.errands import MOST, SILENT, Errands
from resqued.wire import pooled

KEY = "resqued:resque:errands"


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


@pytest.fixture
def errands(redis_url: str, now: list[float]) -> Iterator[Errands]:
    wire = pooled.connect(address.parse(redis_url))
    yield Errands(wire, Keys(), clock=lambda: now[0])
    wire.close()


def test_it_is_told_how_far_one_is(errands: Errands, redis: Redis) -> None:
    errand = errands.begin("retry", "all", "ann", whole=10)
    assert errands.tell(replace(errand, seen=5, done=4, refused={"no job": 1})) is False

    (told,) = errands.all()
    assert (told.what, told.who, told.whole, told.seen, told.done, told.state) == ("retry", "ann", 10, 5, 4, "running")
    assert 0 < redis.ttl(KEY) <= 86400


def test_whoever_looks_may_have_it_stopped(errands: Errands) -> None:
    errand = errands.begin("retry", "all", "ann", whole=10)
    errands.stop(errand.id)

    assert errands.tell(errand) is True
    assert [one.id for one in errands.all()] == [errand.id]


def test_what_has_ended_or_never_was_is_not_stopped(errands: Errands, redis: Redis) -> None:
    errand = errands.begin("retry", "all", "ann", whole=10)
    errands.tell(replace(errand, state="done"))
    errands.stop(errand.id)
    errands.stop("nobody")

    assert redis.hlen(KEY) == 1


def test_who_says_nothing_any_more_is_lost(errands: Errands, now: list[float]) -> None:
    errands.begin("retry", "all", "ann", whole=10)
    now[0] += SILENT + 1

    assert errands.all()[0].state == "lost"


def test_the_oldest_are_forgotten_with_all_that_was_wished_of_them(
    errands: Errands, now: list[float], redis: Redis
) -> None:
    for number in range(MOST + 5):
        now[0] += 1
        errands.stop(errands.begin("retry", str(number), "ann", whole=1).id)

    assert [one.about for one in errands.all()] == [str(number) for number in range(MOST + 4, 4, -1)]
    assert redis.hlen(KEY) == 2 * MOST


def test_what_another_version_wrote_is_passed_over(errands: Errands, redis: Redis) -> None:
    redis.hset(KEY, mapping={"a": "nonsense", "b": "[1]", "c": '{"id":"c"}'})

    assert errands.all() == []
