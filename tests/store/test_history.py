"""What has been, as it stands in Redis: bounded, one line a minute, and readable whatever stands beside it."""

from collections.abc import Iterator

import pytest
from redis import Redis

from resqued import address
from resqued.protocol.keys import Keys
from resqued.store import history as histories
from resqued.store.history import History, Sample, increases
from resqued.wire import pooled

MINUTES, HOURS, QUEUES = (f"resqued:resque:history:{name}" for name in ("minutes", "hours", "queues"))


@pytest.fixture
def history(redis_url: str) -> Iterator[History]:
    wire = pooled.connect(address.parse(redis_url))
    yield History(wire, Keys())
    wire.close()


def sample(at: int, processed: int = 0, failed: int = 0) -> Sample:
    return Sample(at=at, processed=processed, failed=failed, waiting=1, working=2, workers=3, kept=4)


def test_what_is_written_is_read_the_newest_first(history: History) -> None:
    history.write(sample(60), {"mail": 3})
    history.write(sample(120), {"mail": 2, "\udcff": 1})

    assert history.recent("minutes", 10) == [sample(120), sample(60)]
    assert [(depths.at, dict(depths.jobs)) for depths in history.depths()] == [
        (120, {"mail": 2, "\udcff": 1}),
        (60, {"mail": 3}),
    ]
    assert history.recent("hours", 10) == [sample(60)]


def test_each_hour_has_one(history: History) -> None:
    for at in (3500, 3590, 3601, 3700, 7300):
        history.write(sample(at), {})

    assert [one.at for one in history.recent("hours", 10)] == [7300, 3601, 3500]


def test_it_is_bounded_and_goes_by_itself(history: History, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MINUTES", "HOURS", "DEPTHS", "MOST_QUEUES"):
        monkeypatch.setattr(histories, name, 3)
    for hour in range(9):
        history.write(sample(hour * 3600), {f"q{number}": number for number in range(9)})

    assert [redis.llen(key) for key in (MINUTES, HOURS, QUEUES)] == [3, 3, 3]
    assert set(history.depths()[0].jobs) == {"q6", "q7", "q8"}
    assert all(0 < redis.ttl(key) < 40 * 86400 for key in (MINUTES, HOURS, QUEUES))


def test_in_the_whole_fleet_one_writes_in_a_minute(history: History, redis: Redis) -> None:
    assert [history.take_turn(), history.take_turn()] == [True, False]
    assert 0 < redis.pttl("resqued:resque:history:turn") <= histories.TURN


def test_what_another_version_or_nobody_wrote_is_passed_over(history: History, redis: Redis) -> None:
    history.write(sample(60), {"mail": 1})
    redis.lpush(MINUTES, "[120,1,2,3,4,5,6,7]", "nonsense", "{}", "[1]")
    redis.lpush(QUEUES, "nonsense", "[1]", '[1,{"mail":"many"}]', "[1,2]")

    assert [one.at for one in history.recent("minutes", 10)] == [120, 60]
    assert [depths.at for depths in history.depths()] == [60]


def test_a_counter_that_was_set_back_began_anew() -> None:
    samples = [sample(180, processed=7), sample(120, processed=5), sample(60, processed=90), sample(0, processed=80)]

    assert increases(samples, "processed") == [(180, 2), (120, 5), (60, 10)]
