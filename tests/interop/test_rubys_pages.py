"""resque-web with the tabs of resque-scheduler: what our clients put aside and our scheduler enqueues, it shows.

Only where RESQUE_RUBY and RESQUE_SCHEDULER name checkouts, and Sinatra is there.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from redis import Redis

from bench.contestants.interpreter import complaint
from resqued import Resque, address
from resqued.protocol.keys import Keys
from resqued.recurring import Recurring, persistent
from resqued.store.timetable import Timetable
from resqued.wire import lean
from tests.support.daemon import texts
from tests.support.processes import mortal
from tests.support.redis_server import RedisServer
from tests.support.waiting import readable
from tests.ticks.schedulers import absence, ruby_command

PROGRAM = Path(__file__).with_name("ruby_pages.rb")
ABSENT = absence("ruby") or complaint([*ruby_command(), "-e", "require 'resque/server'"])
NEW_YEAR = 4102444800

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
