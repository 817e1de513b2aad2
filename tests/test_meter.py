"""What a worker measures."""

import time

import pytest

from resqued.metrics import tally
from resqued.protocol import dates
from resqued.scoreboard import Row, Scoreboard
from resqued.verdict import ASIDE, DONE, REQUEUED, Outcome, Verdict
from resqued.work import Job
from resqued.worker.meter import Meter

FAILED = Verdict(Outcome.FAILED)


@pytest.fixture
def row() -> Row:
    return Scoreboard(1).row(0)


@pytest.fixture
def meter(row: Row) -> Meter:
    return Meter(row, ["*", "mail"])


def job(**payload: object) -> Job:
    return Job("Mail", (), "mail", {"class": "Mail", "args": [], **payload})


def measured(row: Row, histogram: int) -> tuple[int, float]:
    """How many, and their sum."""
    up_to, total = tally.histogram(row.tally.tolist(), histogram)
    return up_to[-1], total


@pytest.mark.parametrize("stamp", [lambda at: at, lambda at: at * 1000, dates.recorded])
def test_a_job_that_says_when_it_was_enqueued_has_waited(row: Row, meter: Meter, stamp: object) -> None:
    assert callable(stamp)
    meter.begin(job(enqueued_at=stamp(time.time() - 100)))
    meter.count("mail", DONE, 2.0)
    number, total = measured(row, tally.WAIT)

    assert number == 1
    assert 100 <= total < 102
    assert measured(row, tally.RUN) == (1, 2.0)


@pytest.mark.parametrize("payload", [{}, {"enqueued_at": "yesterday"}, {"enqueued_at": [1]}, {"at": None}])
def test_of_one_that_does_not_nobody_knows(row: Row, meter: Meter, payload: dict[str, object]) -> None:
    meter.begin(job(**payload))
    meter.count("mail", DONE, 2.0)

    assert measured(row, tally.WAIT) == (0, 0.0)


def test_a_job_that_is_put_back_is_measured_when_it_comes_again(row: Row, meter: Meter) -> None:
    for verdict in (REQUEUED, DONE):
        meter.begin(job(enqueued_at=time.time()))
        meter.count("mail", verdict, 2.0)

    assert (measured(row, tally.WAIT)[0], measured(row, tally.RUN)) == (1, (1, 2.0))


def test_what_could_not_begin_did_not_run(row: Row, meter: Meter) -> None:
    meter.count("mail", FAILED, None)

    assert [one for one in tally.jobs(row.tally.tolist(), ["*", "mail"]) if one[2]] == [("mail", "failed", 1)]
    assert measured(row, tally.RUN) == measured(row, tally.WAIT) == (0, 0.0)


def test_a_job_that_is_tried_again_has_not_waited_for_its_queue(row: Row, meter: Meter) -> None:
    for verdict in (Verdict(Outcome.FAILED, again=60.0), DONE):
        meter.begin(job(enqueued_at=time.time() - 100))
        if verdict is DONE:
            meter.begins_again()
        meter.count("mail", verdict, 2.0)

    assert (measured(row, tally.WAIT)[0], measured(row, tally.RUN)[0]) == (1, 2)
    counted = {outcome: number for _, outcome, number in tally.jobs(row.tally.tolist(), ["*", "mail"]) if number}
    assert counted == {"again": 1, "done": 1}


def test_a_job_that_steps_aside_is_counted_alone(row: Row, meter: Meter) -> None:
    meter.begin(job(enqueued_at=time.time() - 100))
    meter.count("mail", ASIDE, None)

    assert [one for one in tally.jobs(row.tally.tolist(), ["*", "mail"]) if one[2]] == [("mail", "aside", 1)]
    assert measured(row, tally.WAIT) == (0, 0.0)


def test_the_wait_of_one_job_is_not_that_of_the_next(row: Row, meter: Meter) -> None:
    meter.begin(job(enqueued_at=time.time() - 100))
    meter.count("mail", DONE, 1.0)
    meter.count("mail", FAILED, None)  # was no job at all

    assert measured(row, tally.WAIT)[0] == 1


def test_a_queue_without_a_place_is_any(row: Row, meter: Meter) -> None:
    meter.begin(Job("Mail", (), "other", {"class": "Mail"}))
    meter.count("other", DONE, 1.0)

    assert [one for one in tally.jobs(row.tally.tolist(), ["*", "mail"]) if one[2]] == [("*", "done", 1)]
