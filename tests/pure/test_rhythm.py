"""When jobs that recur are due: crontab lines in time zones, spans of time, and what becomes of missed times."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resqued.rhythm import BACK, LATE, Beat, Every, Missed, Rhythm, beat, cron

YEAR = 365 * 86400
START = 1_790_000_000


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def ticks(rhythm: Rhythm, after: str, count: int) -> list[str]:
    """In UTC."""
    found, epoch = [], at(after)
    for _ in range(count):
        tick = rhythm.after(epoch)
        assert tick is not None
        epoch = tick
        found.append(datetime.fromtimestamp(epoch, UTC).strftime("%m-%d %H:%M:%S"))
    return found


# Ticks


def test_a_span_of_time_is_counted_from_1970_so_that_every_host_counts_alike() -> None:
    assert ticks(Every(300), "2026-11-23T07:03:10Z", 2) == ["11-23 07:05:00", "11-23 07:10:00"]
    assert Every(300).after(600) == 900


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("30 3 * * *", ["11-24 03:30:00", "11-25 03:30:00"]),
        ("*/20 * * * *", ["11-23 07:20:00", "11-23 07:40:00"]),
        ("15 0 */5 * * *", ["11-23 10:00:15", "11-23 15:00:15"]),
        ("0 12 * * mon-fri", ["11-23 12:00:00", "11-24 12:00:00"]),
        ("0 0 1 jan *", ["01-01 00:00:00", "01-01 00:00:00"]),
        ("@daily", ["11-24 00:00:00", "11-25 00:00:00"]),
        ("0 0 L * *", ["11-30 00:00:00", "12-31 00:00:00"]),
    ],
)
def test_a_crontab_line_means_what_it_means_to_cron(line: str, found: list[str]) -> None:
    assert ticks(cron(line, "UTC"), "2026-11-23T07:03:10Z", 2) == found


def test_a_line_is_meant_in_its_time_zone() -> None:
    assert ticks(cron("30 3 * * *", "Asia/Kolkata"), "2026-11-23T07:00:00Z", 1) == ["11-23 22:00:00"]


def test_what_falls_into_the_gap_of_spring_comes_at_its_end() -> None:
    night = cron("30 2 * * *", "Europe/Paris")  # on 29 March 2026 it is never half past two

    assert ticks(night, "2026-03-28T12:00:00Z", 2) == ["03-29 01:00:00", "03-30 00:30:00"]


def test_a_fixed_time_comes_once_though_there_is_that_hour_twice() -> None:
    night = cron("30 2 * * *", "Europe/Paris")  # on 25 October 2026: 00:30 and 01:30 UTC

    assert ticks(night, "2026-10-24T12:00:00Z", 2) == ["10-25 00:30:00", "10-26 01:30:00"]
    assert ticks(night, "2026-10-25T01:10:00Z", 1) == ["10-26 01:30:00"]  # asked in the second of these hours


def test_what_comes_by_the_minute_goes_on_while_clocks_are_set_back() -> None:
    found = ticks(cron("*/30 * * * *", "Europe/Paris"), "2026-10-24T23:59:00Z", 5)

    assert found == [f"10-25 {time}:00" for time in ("00:00", "00:30", "01:00", "01:30", "02:00")]


@settings(max_examples=60, deadline=None)
@given(
    line=st.sampled_from(["30 2 * * *", "0 3 * * *", "15,45 1-3 * * *", "*/25 * * * *", "0 */6 * * *", "5 4 3 2 1 *"]),
    zone=st.sampled_from(["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe"]),
    start=st.integers(at("2026-01-01T00:00:00Z"), at("2026-12-01T00:00:00Z")),
    ahead=st.integers(1, 40 * 86400),
)
def test_who_asks_later_is_told_the_same_ticks(line: str, zone: str, start: int, ahead: int) -> None:
    rhythm = cron(line, zone)
    known = [start]
    while known[-1] <= start + ahead and (tick := rhythm.after(known[-1])) and len(known) < 60:
        known.append(tick)
    later = min(start + ahead, known[-1] - 1)

    assert all(one < other for one, other in pairwise(known))
    assert rhythm.after(later) == next(tick for tick in known[1:] if tick > later)


@pytest.mark.parametrize(
    ("line", "zone", "why"),
    [
        ("* * *", "UTC", "no line of a crontab: wrong number of fields"),
        ("61 * * * *", "UTC", "no line of a crontab: bad minute"),
        ("", "UTC", "no line of a crontab"),
        ("0 0 31 2 *", "UTC", "no line of a crontab: bad day-of-month"),
        ("0 0 * * *", "Mars/Phobos", "no time zone that this machine knows"),
        ("0 0 * * *", "../../etc/passwd", "no time zone"),
    ],
)
def test_what_is_no_time_says_why(line: str, zone: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        cron(line, zone)


# What is due


def test_nothing_is_due_before_its_time() -> None:
    assert beat(Every(300), START - START % 300, START - START % 300 + 299, Missed.SKIP) is None


def test_a_tick_is_due_once() -> None:
    tick = START - START % 300

    assert beat(Every(300), tick - 300, tick, Missed.SKIP) == Beat(1, tick)
    assert beat(Every(300), tick, tick, Missed.SKIP) is None


@pytest.mark.parametrize("missed", Missed)
def test_each_tick_comes_that_a_change_of_leaders_has_delayed(missed: Missed) -> None:
    tick = START - START % 10

    assert beat(Every(10), tick, tick + 47, missed) == Beat(4, tick + 40)


@pytest.mark.parametrize(("missed", "jobs"), [(Missed.SKIP, 0), (Missed.ONCE, 1)])
def test_after_a_long_absence_missed_ticks_are_skipped_or_made_up_for_by_one(missed: Missed, jobs: int) -> None:
    tick = START - START % 3600
    now = tick + 5 * 3600 + LATE + 1

    assert beat(Every(3600), tick, now, missed) == Beat(jobs, now, missed=tick + 3600)


@pytest.mark.parametrize("missed", Missed)
def test_a_punctual_tick_after_a_long_absence_stands_for_those_that_were_missed(missed: Missed) -> None:
    tick = START - START % 3600

    assert beat(Every(3600), tick, tick + 5 * 3600 + LATE, missed) == Beat(1, tick + 5 * 3600, missed=tick + 3600)


def test_a_year_of_missed_seconds_is_no_work() -> None:
    assert beat(Every(1), START, START + YEAR, Missed.ONCE) == Beat(1, START + YEAR, missed=START + 1)


def test_a_clock_that_is_set_back_a_little_repeats_nothing() -> None:
    assert beat(Every(60), START, START - BACK, Missed.ONCE) is None


def test_a_clock_that_was_years_ahead_does_not_stop_a_schedule_for_years() -> None:
    assert beat(Every(60), START + YEAR, START, Missed.ONCE) == Beat(0, START)
