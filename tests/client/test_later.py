"""Jobs for later, as a client puts them aside."""

from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from redis import Redis

from resqued import NotEncodable, Resque, testing

FUTURE = 4102444800  # 2100
ITEM = b'{"class":"Report","args":[7],"queue":"reports"}'
JOB = b'{"class":"Report","args":[7]}'


class Report:
    queue = "reports"
    resque_name = "Report"
    told: ClassVar[list[object]] = []
    answer: ClassVar[object] = None

    @staticmethod
    def perform(number: int) -> None: ...

    @classmethod
    def before_schedule_note(cls, number: int) -> object:
        cls.told.append(("before", number))
        return cls.answer

    @classmethod
    def after_schedule_note(cls, number: int) -> None:
        cls.told.append(("after", number))


@pytest.fixture(autouse=True)
def nothing_told() -> None:
    Report.told.clear()
    Report.answer = None


@pytest.mark.parametrize("when", [FUTURE, float(FUTURE), datetime(2100, 1, 1, tzinfo=UTC), FUTURE - 0.5])
def test_a_job_waits_for_its_time(resque: Resque, redis: Redis, when: datetime | float) -> None:
    assert resque.enqueue_at(when, Report, 7)
    assert redis.lrange(f"resque:delayed:{FUTURE}", 0, -1) == [ITEM]
    assert Report.told == [("before", 7), ("after", 7)]


@pytest.mark.parametrize("seconds", [90, timedelta(seconds=90)])
def test_a_job_waits_so_long(resque: Resque, redis: Redis, seconds: timedelta | float) -> None:
    assert resque.enqueue_in(seconds, Report, 7)
    now = redis.time()[0]
    assert redis.zcount("resque:delayed_queue_schedule", now + 89, now + 91) == 1


def test_a_name_needs_a_queue(resque: Resque, redis: Redis) -> None:
    assert resque.enqueue_at(FUTURE, "Report", 7, queue="reports")
    assert redis.lrange(f"resque:delayed:{FUTURE}", 0, -1) == [ITEM]
    with pytest.raises(NotEncodable, match="give queue="):
        resque.enqueue_at(FUTURE, "Report", 7)


def test_what_is_due_is_enqueued_at_once(resque: Resque, redis: Redis) -> None:
    resque.enqueue_at(1, Report, 7)
    resque.enqueue_in(0, Report, 7)

    assert redis.lrange("resque:queue:reports", 0, -1) == [JOB, JOB]


def test_a_hook_may_refuse(resque: Resque, redis: Redis) -> None:
    Report.answer = False

    assert not resque.enqueue_at(FUTURE, Report, 7)
    assert (redis.keys(), Report.told) == ([], [("before", 7)])


@pytest.mark.parametrize("when", [datetime(2100, 1, 1), float("nan"), 1e300])  # noqa: DTZ001  that is the point
def test_what_is_no_time_is_refused_before_anything_is_done(
    resque: Resque, redis: Redis, when: datetime | float
) -> None:
    with pytest.raises(NotEncodable, match="no time"):
        resque.enqueue_at(when, Report, 7)
    with pytest.raises(NotEncodable):
        resque.enqueue_in(float("inf"), Report, 7)
    assert (redis.keys(), Report.told) == ([], [])


def test_a_delayed_job_is_taken_away_from_all_its_times(resque: Resque, redis: Redis) -> None:
    for when in (FUTURE, FUTURE, FUTURE + 5):
        resque.enqueue_at(when, Report, 7)
    resque.enqueue_at(FUTURE, Report, 8)
    node = b'{"class":"Report","queue":"reports","args":[7]}'
    redis.rpush(f"resque:delayed:{FUTURE}", node)
    redis.sadd(b"resque:timestamps:" + node, f"delayed:{FUTURE}")

    assert resque.remove_delayed(Report, 7) == 4
    assert resque.remove_delayed(Report, 7) == 0
    assert redis.lrange(f"resque:delayed:{FUTURE}", 0, -1) == [ITEM.replace(b"7", b"8")]


def test_under_test_a_job_for_later_is_collected(resque: Resque, redis: Redis) -> None:
    with testing.collected() as jobs:
        resque.enqueue_in(60, Report, 7)

    assert jobs == [("reports", "Report", (7,))]
    assert redis.keys() == []
