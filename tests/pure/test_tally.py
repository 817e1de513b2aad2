from random import Random

import pytest

from resqued.metrics import tally
from resqued.scoreboard import TALLY
from resqued.verdict import Outcome
from resqued.worker.meter import NUMBERS


def nothing() -> list[int]:
    return [0] * tally.SIZE


def test_there_is_room_on_the_scoreboard_for_just_this() -> None:
    assert tally.SIZE == TALLY


def test_every_outcome_has_a_number_of_its_own() -> None:
    assert len(set(NUMBERS.values())) == len(Outcome)
    assert tally.LOST not in NUMBERS.values()


def test_what_is_counted_is_found_again() -> None:
    cells = nothing()
    tally.count(cells, 0, 0)
    tally.count(cells, 1, 1)
    tally.count(cells, 1, 1)
    tally.count(cells, 1, tally.LOST)

    assert [one for one in tally.jobs(cells, ["*", "mail"]) if one[2]] == [
        ("*", "done", 1),
        ("mail", "failed", 2),
        ("mail", "lost", 1),
    ]


def test_a_histogram_has_everything_up_to_each_bound() -> None:
    cells = nothing()
    for seconds in (0.001, 0.005, 0.0051, 3600.0, 3600.1):
        tally.observe(cells, tally.RUN, seconds)
    up_to, total = tally.histogram(cells, tally.RUN)

    assert up_to == [2, *[3] * 14, 4, 5]
    assert total == pytest.approx(7200.1111)
    assert tally.histogram(cells, tally.WAIT) == ([0] * 17, 0.0)


def test_a_job_that_was_taken_before_it_was_put_has_not_waited() -> None:
    cells = nothing()
    tally.observe(cells, tally.WAIT, -0.5)

    assert tally.histogram(cells, tally.WAIT) == ([1] * 17, 0.0)


def test_nothing_is_counted_where_something_else_stands() -> None:
    cells = nothing()
    for place in range(tally.PLACES):
        for outcome in range(len(tally.OUTCOMES)):
            tally.count(cells, place, outcome)
    for histogram in (tally.RUN, tally.WAIT):
        for bound in (*tally.BOUNDS, 1e9):
            tally.observe(cells, histogram, bound)

    assert [cell for cell in cells if cell != 1] == [cells[tally.WAIT - 1], cells[-1]]


def test_only_queues_with_plain_names_have_places() -> None:
    assert tally.places([], ["critical", "mail-*", "!mail-old", "[ab]", "mail", "*"]) == ["*", "critical", "mail"]


def test_a_place_is_kept_whatever_is_configured_later() -> None:
    first = tally.places([], ["critical", "mail"])
    second = tally.places(first, ["reports", "critical"])

    assert second == ["*", "critical", "mail", "reports"]


def test_there_are_no_more_places_than_there_is_room_for() -> None:
    queues = [f"q{Random(number).random()}" for number in range(40)]  # any
    first = tally.places([], queues)

    assert first == ["*", *queues[:16]]
    assert tally.places(first, ["another"]) == first
