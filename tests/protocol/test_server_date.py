"""`server_date.lua` against Python's calendar, in a real Redis."""

from datetime import UTC, date, datetime, timedelta

import pytest
from redis import Redis

from resqued.protocol.moves import source

CALENDAR = source("server_date.lua")
DAYS = """
local dates = {}
for days = ARGV[1], ARGV[2] do dates[#dates + 1] = string.format('%04d-%02d-%02d', civil(days)) end
return dates
"""


@pytest.mark.parametrize("first", ["1970-01-01", "1999-06-01", "2026-11-23", "2096-01-01", "2399-12-01"])
def test_four_years_of_days_have_the_dates_of_python(redis: Redis, first: str) -> None:
    start = date.fromisoformat(first)
    days = start.toordinal() - date(1970, 1, 1).toordinal()
    dates = redis.eval(CALENDAR + DAYS, 0, days, days + 1500)

    assert dates == [(start + timedelta(day)).isoformat().encode() for day in range(1501)]


@pytest.mark.parametrize(
    "instant", [0, 59, 60, 3599, 3600, 86_399, 86_400, 951_782_399, 951_868_800, 1_795_417_200, 4_102_444_799, 2**33]
)
def test_an_instant_is_written_as_python_writes_it(redis: Redis, instant: int) -> None:
    written = redis.eval(CALENDAR + "return iso(tonumber(ARGV[1]))", 0, instant)

    assert written.decode() == datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_clock_is_that_of_the_server(redis: Redis) -> None:
    before = redis.time()[0]
    written = redis.eval(CALENDAR + "return server_date()", 0)

    assert before <= datetime.fromisoformat(written.decode()).timestamp() <= redis.time()[0]
