"""resque-web with the tabs of resque-scheduler: what our clients put aside and our scheduler enqueues, it shows.

And with that of resque-retry: jobs that our workers try again. Only where RESQUE_RUBY and RESQUE_SCHEDULER name
checkouts, and RESQUE_RETRY, and Sinatra is there.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from redis import Redis

from bench.contestants.interpreter import complaint
from resqued import Resque, address
from resqued.config.policies import Retry
from resqued.promises import Promise
from resqued.protocol.keys import Keys
from resqued.recurring import Recurring, persistent
from resqued.store.timetable import Timetable
from resqued.tries import RetryPolicy
from resqued.verdict import DONE, Outcome, Verdict
from resqued.wire import lean
from tests.store.slates import push, slate_at, taken
from tests.support.daemon import resque_keys, text_of, texts
from tests.support.processes import mortal
from tests.support.redis_server import RedisServer
from tests.support.waiting import readable
from tests.ticks.schedulers import absence, ruby_command

PROGRAM = Path(__file__).with_name("ruby_pages.rb")
ABSENT = absence("ruby") or complaint([*ruby_command(), "-e", "require 'resque/server'"])
NEW_YEAR = 4102444800
NO_RETRIES = (
    "" if "RESQUE_RETRY" in os.environ else "set RESQUE_RETRY to a checkout of https://github.com/lantins/resque-retry"
)

pytestmark = pytest.mark.skipif(bool(ABSENT), reason=ABSENT)

Page = Callable[[str, str], str]


@pytest.fixture(scope="module", name="page")
def pages(redis_server: RedisServer) -> Iterator[Page]:
    """Asks for a page: a method and a path."""
    argv = mortal([*ruby_command(), str(PROGRAM), str(redis_server.port)])
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        sending, answers = process.stdin, process.stdout

        def asked(method: str, path: str) -> str:
            sending.write(json.dumps([method, path]).encode() + b"\n")
            sending.flush()
            assert readable(answers, within=20)
            status, body = json.loads(answers.readline())
            assert status < 400, body
            return str(body)

        yield asked
        process.kill()


@pytest.fixture(name="waiting")
def some_that_wait(redis: Redis, redis_url: str) -> Redis:
    with Resque(redis=redis_url) as resque:
        resque.enqueue_at(NEW_YEAR, "Report", 7, "é<b>", queue="reports")
        resque.enqueue_at(NEW_YEAR, "Report", 8, queue="reports")
        resque.enqueue_at(NEW_YEAR + 60, "Mail", {"to": "ann"}, queue="mail")
    return redis


def test_delayed_jobs_are_shown_with_their_times(page: Page, waiting: Redis) -> None:
    every, of_one_time = page("GET", "/delayed"), page("GET", f"/delayed/{NEW_YEAR}")

    assert "Showing 0 to 20 of <b>2</b> timestamps" in every
    assert "2100-01-01 00:01:00 +0000" in every
    assert "&quot;é&lt;b&gt;&quot;" in of_one_time
    assert "2100-01-01" in page("GET", "/delayed/jobs/Report?args=%5B8%5D")  # by the index of items


def test_its_buttons_run_and_remove_what_ours_have_put_aside(page: Page, waiting: Redis) -> None:
    page("POST", f"/delayed/cancel_now?timestamp={NEW_YEAR}&klass=Report&args=%5B8%5D")
    page("POST", f"/delayed/queue_now?timestamp={NEW_YEAR}")

    assert texts(waiting, "resque:queue:reports") == ['{"class":"Report","args":[7,"é<b>"]}']
    assert waiting.zrange("resque:delayed_queue_schedule", 0, -1) == [str(NEW_YEAR + 60).encode()]


def test_a_schedule_that_ours_has_enqueued_is_shown_with_when_and_by_whom(
    page: Page, redis: Redis, redis_url: str
) -> None:
    kept = b'{"cron":"30 3 * * *","class":"Report","queue":"reports","args":[7],"description":"each night"}'
    redis.hset("resque:persistent_schedules", "nightly", kept)
    (one,) = persistent({"nightly": kept}, env="", zone="UTC")
    assert isinstance(one, Recurring)
    with closing(lean.connect(address.parse(redis_url))) as wire:
        timetable = Timetable(wire, Keys(), "vm:1:resqued-0f")
        timetable.lead()
        timetable.tick(one, known=None, until=NEW_YEAR, jobs=0)
        timetable.tick(one, known=NEW_YEAR, until=NEW_YEAR + 60, jobs=1)
        shown = page("GET", "/schedule")

    for text in ("nightly", "each night", "cron: 30 3 * * *", "2100-01-01 00:01:00 +0000", "vm:1:resqued-0f"):
        assert text in shown


# Tried again

ARGS = ["é<b>", 7, [1.5, None]]  # Ruby counts jobs by these, joined
IMPORT = json.dumps({"class": "Import", "args": ARGS}, ensure_ascii=False, separators=(",", ":")).encode()
OWING = Promise("Import", ARGS, RetryPolicy.of(Retry(limit=9, backoff=3600.0)))


def fail(url: str, redis: Redis, *errors: str) -> None:
    """A job that is tried again in a second for each of these, and once more in an hour."""
    push(redis, IMPORT, queue="imports")
    with slate_at(url) as slate:
        for number, error in enumerate(errors):
            work = taken(slate, "imports")
            assert slate.begin(work, OWING)[1] == number
            pause = 3600.0 if error == errors[-1] else 0.0
            slate.settle(work, Verdict(Outcome.FAILED, "ValueError", error, ("app.py:7:in perform",), pause), ())


def epoch_of_one(redis: Redis) -> str:
    (key,) = redis.keys("resque:delayed:*")
    return text_of(key).removeprefix("resque:delayed:")


@pytest.mark.skipif(bool(NO_RETRIES), reason=NO_RETRIES)
def test_jobs_that_are_tried_again_are_shown_with_how_often_and_why(page: Page, redis: Redis, redis_url: str) -> None:
    fail(redis_url, redis, "one", "two <i>")
    epoch = epoch_of_one(redis)
    every, of_one_time = page("GET", "/retry"), page("GET", f"/retry/{epoch}")

    assert "<td>Import</td>" in every
    assert "<td>1</td>" in every  # it was tried again once
    for text in ("<code>ValueError</code>", "two &lt;i&gt;", "app.py:7:in perform", "<td>1</td>"):
        assert text in of_one_time


@pytest.mark.skipif(bool(NO_RETRIES), reason=NO_RETRIES)
def test_its_button_takes_such_a_job_away_with_what_was_counted(page: Page, redis: Redis, redis_url: str) -> None:
    fail(redis_url, redis, "one")
    epoch = epoch_of_one(redis)
    assert {key for key in resque_keys(redis) if "retry" in key}
    shown = json.dumps({"class": "Import", "args": ARGS, "queue": "imports"}, ensure_ascii=False, separators=(",", ":"))
    page("POST", f"/retry/{epoch}/jobs/{quote(shown, safe='')}/remove")

    assert not redis.exists(f"resque:delayed:{epoch}")
    assert {key for key in resque_keys(redis) if "retry" in key} == set()


@pytest.mark.skipif(bool(NO_RETRIES), reason=NO_RETRIES)
def test_a_job_that_ruby_enqueues_now_goes_on_being_counted(page: Page, redis: Redis, redis_url: str) -> None:
    fail(redis_url, redis, "one")
    epoch = epoch_of_one(redis)
    page("POST", f"/delayed/queue_now?timestamp={epoch}")
    with slate_at(redis_url) as slate:
        work = taken(slate, "imports")
        assert slate.begin(work, OWING)[1] == 1
        slate.settle(work, DONE, ())

    assert {key for key in resque_keys(redis) if "retry" in key} == set()
