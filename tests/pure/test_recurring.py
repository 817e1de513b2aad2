"""Schedules: of the configuration, and as Ruby's resque-scheduler keeps them."""

import json
import re

import pytest

from resqued import config
from resqued.recurring import Recurring, Unusable, configured, persistent, seconds
from resqued.rhythm import Every, Missed, cron
from tests.golden import seen

FILE = """
[jobs]
modules = ["app.jobs"]
[pools.mail]
queues = ["*"]
[scheduler]
timezone = "Europe/Paris"
[schedule.nightly]
class = "Report"
queue = "reports"
args = ["é", {a = 1}]
cron = "30 3 * * *"
missed = "once"
[schedule.often]
class = "Tick"
queue = "ticks"
every = 90
"""


def kept(facts: object, *, env: str = "", zone: str = "UTC") -> list[Recurring | Unusable]:
    """One that stands in Redis under the name `tick`."""
    text = facts if isinstance(facts, bytes) else json.dumps(facts).encode()
    return list(persistent({"tick": text}, env=env, zone=zone))


def only(facts: object, **settings: str) -> Recurring:
    (one,) = kept(facts, **settings)
    assert isinstance(one, Recurring)
    return one


def test_a_table_is_a_schedule() -> None:
    nightly, often = configured(config.parse(FILE, "file"))

    assert (nightly.queue, nightly.missed) == ("reports", Missed.ONCE)
    assert nightly.payload == '{"class":"Report","args":["é",{"a":1}]}'
    assert nightly.rhythm == cron("30 3 * * *", "Europe/Paris")
    assert (often.rhythm, often.missed, often.payload) == (Every(90), Missed.SKIP, '{"class":"Tick","args":[]}')


def test_what_ruby_keeps_is_a_schedule() -> None:
    text = seen("scheduler", "schedule set")["resque:persistent_schedules"]["value"]["tick"]
    one = only(text.encode())

    assert (one.queue, one.payload, one.rhythm) == ("ok", '{"class":"OkJob","args":[7]}', Every(1))


def test_its_ticks_are_kept_apart_from_those_of_the_configuration() -> None:
    assert only({"every": "1m", "queue": "q"}).field == "@tick"


@pytest.mark.parametrize(
    ("facts", "payload"),
    [
        ({"class": "A"}, '{"class":"A","args":[]}'),
        ({}, '{"class":"tick","args":[]}'),
        ({"class": "A", "args": "x"}, '{"class":"A","args":["x"]}'),
        ({"class": "A", "args": {"k": 1}}, '{"class":"A","args":[{"k":1}]}'),
        ({"class": "A", "custom_job_class": "Status", "args": [1]}, '{"class":"Status","args":[1]}'),
    ],
)
def test_its_job_is_what_rubys_scheduler_would_enqueue(facts: dict[str, object], payload: str) -> None:
    assert only({"every": "1m", "queue": "q", **facts}).payload == payload


def test_a_line_may_end_with_a_time_zone_or_is_meant_in_that_of_the_scheduler() -> None:
    said = only({"cron": "0 3 * * * Asia/Tokyo", "queue": "q"}, zone="Europe/Paris").rhythm
    unsaid = only({"cron": "0 3 * * *", "queue": "q"}, zone="Europe/Paris").rhythm

    assert said == cron("0 3 * * *", "Asia/Tokyo")
    assert unsaid == cron("0 3 * * *", "Europe/Paris")


def test_cron_goes_before_every_and_options_are_left_aside() -> None:
    assert only({"cron": "0 3 * * *", "every": "1m", "queue": "q"}).rhythm == cron("0 3 * * *", "UTC")
    assert only({"every": ["30s", {"first_in": "5s"}], "queue": "q"}).rhythm == Every(30)


@pytest.mark.parametrize(("env", "is_there"), [("production", True), ("staging", True), ("test", False), ("", False)])
def test_what_is_for_another_environment_is_left_alone(env: str, *, is_there: bool) -> None:
    found = kept({"every": "1m", "queue": "q", "rails_env": "staging, production"}, env=env)

    assert bool(found) is is_there


@pytest.mark.parametrize(
    ("said", "span"),
    [
        *(("10", 10), ("90s", 90), ("15mins", 900), ("1h30m", 5400), ("1.5h", 5400), ("1d", 86400), ("1w2d", 777600)),
        *(("2M", 5184000), ("2m", 120), ("1 hour 3 sec", 3603), ("5 minutes", 300)),
    ],
)
def test_a_span_of_time_is_what_it_is_to_rufus_scheduler(said: str, span: int) -> None:
    assert seconds(said) == span


@pytest.mark.parametrize("said", ["", "x", "-5", "0", "0.5s", "1q", "1e9h", "9" * 400 + "y", "101y", "5 5x"])
def test_what_is_no_span_of_time_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match="no span of time"):
        seconds(said)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (b"nope", "no JSON object"),
        (b"\xff", "no JSON object"),
        (b"[" * 100_000, "RecursionError|nest|recursion"),
        ([], "no JSON object"),
        ({"every": "1m", "class": "A"}, "names no queue"),
        ({"queue": "q", "class": "A"}, "neither cron nor every"),
        ({"queue": "q", "every": "often"}, "no span of time"),
        ({"queue": "q", "every": {"a": 1}}, "neither cron nor every"),
        ({"queue": "q", "cron": "* *"}, "cron: is no line of a crontab"),
        ({"queue": "q", "cron": "0 3 * * * Mars/Phobos"}, "no time zone"),
        ({"queue": "q", "every": "1m", "class": 5}, '"class"'),
        ({"queue": "q", "every": "1m", "args": [10**30]}, "64 bits"),
    ],
)
def test_what_means_nothing_says_why_and_stops_nobody(facts: object, why: str) -> None:
    text = facts if isinstance(facts, bytes) else json.dumps(facts).encode()
    bad, good = persistent({"bad": text, "good": b'{"every":"1m","queue":"q"}'}, env="", zone="UTC")

    assert isinstance(good, Recurring)
    assert isinstance(bad, Unusable)
    assert re.search(why, bad.why)
