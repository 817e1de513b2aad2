"""What doctor says of jobs that wait for their time, and of who should bring them."""

import json

import pytest
from redis import Redis

from resqued import config
from resqued.cli.doctor import about_later
from resqued.cli.doctor.facts import Later
from resqued.cli.doctor.findings import Weight
from resqued.protocol.keys import Keys
from tests.cli.doctor.conftest import Examine
from tests.cli.doctor.facts import facts, fleet, said
from tests.support.redis_server import RedisServer

RUBY, NODE = Keys().leaders
OURS = "vm:1:resqued-0f"


def put_aside(redis: Redis, seconds: int, *items: bytes) -> None:
    """For so many seconds from now."""
    epoch = redis.time()[0] + seconds
    redis.rpush(f"resque:delayed:{epoch}", *items)
    redis.zadd("resque:delayed_queue_schedule", {str(epoch): epoch})


def job(queue: str = "mail") -> bytes:
    return json.dumps({"class": "Mail", "args": [], "queue": queue}).encode()


def test_two_kinds_of_scheduler_that_lead_at_once_are_a_problem(sound: RedisServer, examine: Examine) -> None:
    with sound.client() as redis:
        redis.mset({RUBY: "a:1", NODE: "b:2"})
        two = examine("--url", sound.url).findings
        redis.mset({RUBY: OURS, NODE: OURS})
        one = examine("--url", sound.url).findings
        redis.delete(NODE)

        assert two["schedulers"][0].startswith(
            "problem: two schedulers lead at once, a:1 by the lock of Ruby's and b:2 "
        )
        assert one == examine("--url", sound.url).findings == {}


def test_delayed_jobs_without_a_scheduler_are_a_hint_and_late_ones_a_problem(
    sound: RedisServer, examine: Examine
) -> None:
    with sound.client() as redis:
        put_aside(redis, 3600, job(), job())
        (waiting,) = examine("--url", sound.url).findings["delayed-jobs"]
        put_aside(redis, -7200, job())
        (late,) = examine("--url", sound.url).findings["delayed-jobs"]
        redis.set(RUBY, "a:1")
        (led,) = examine("--url", sound.url).findings["delayed-jobs"]

    assert waiting.startswith("hint: 2 delayed jobs wait for their time, and no scheduler is there")
    assert late.startswith("problem: 3 delayed jobs wait for their time, and no scheduler is there")
    assert late.endswith("and the first of them should have come 2h ago")
    assert led.endswith("although a:1 should bring them")


def test_delayed_jobs_that_somebody_brings_in_time_are_fine(sound: RedisServer, examine: Examine) -> None:
    with sound.client() as redis:
        put_aside(redis, 3600, job())
        put_aside(redis, -5, job())
        redis.set(RUBY, "a:1")

    assert examine("--url", sound.url).findings == {}


def test_what_can_go_nowhere_is_a_problem_unless_ours_sets_it_aside(sound: RedisServer, examine: Examine) -> None:
    with sound.client() as redis:
        put_aside(redis, 3600, job(), b"no\x1b[2J JSON", b'{"class":"Mail","args":[]}')
        redis.mset({RUBY: "a:1"})
        (problem,) = examine("--url", sound.url).findings["bad-delayed-jobs"]
        redis.mset({RUBY: OURS, NODE: OURS})
        verdict = examine("--url", sound.url)

    assert problem.startswith("problem: of the 3 delayed jobs that come first, 2 can go nowhere: ")
    assert verdict.findings["bad-delayed-jobs"][0].startswith("hint: ")
    assert verdict.status == 0


@pytest.mark.parametrize(("key", "kind"), [("delayed_queue_schedule", "zset"), ("persistent_schedules", "hash")])
def test_keys_of_schedulers_have_types_too(sound: RedisServer, examine: Examine, key: str, kind: str) -> None:
    with sound.client() as redis:
        redis.set(f"resque:{key}", 1)
        findings = examine("--url", sound.url).findings

    assert findings["key-types"] == [
        f"problem: the key resque:{key} holds a string, where Resque has a {kind}: whoever needs it fails"
    ]


def test_something_else_where_the_jobs_of_a_time_should_be_is_bad(sound: RedisServer, examine: Examine) -> None:
    with sound.client() as redis:
        put_aside(redis, 3600, job())
        redis.set("resque:delayed:4102444800", "no list")
        redis.zadd("resque:delayed_queue_schedule", {"4102444800": 4102444800})
        verdict = examine("--url", sound.url)

    assert "delayed:4102444800" in verdict.findings["bad-delayed-jobs"][0]
    assert "delayed-jobs" not in verdict.unchecked


def test_a_minute_is_not_late() -> None:
    later = Later(("a:1", None), count=1, overdue=59.0, looked_at=1, bad=())

    assert said(about_later.delayed, facts(fleet=fleet(later=later))) == []
    (finding,) = said(about_later.delayed, facts(fleet=fleet(later=Later(("a:1", None), 1, 61.0, 1, ()))))
    assert finding.weight is Weight.PROBLEM


CONFIGURATION = '[jobs]\nmodules = ["json"]\n[pools.mail]\nqueues = ["mail"]\n{retry}\n{more}'


def of_retries(retry: str, more: str = "", *, leaders: tuple[str | None, str | None] = (None, None)) -> list[str]:
    settings = config.parse(CONFIGURATION.format(retry=retry, more=more), "test")
    later = Later(leaders, 0, 0.0, 0, ())
    found = said(about_later.retries, facts(config=settings, fleet=fleet(later=later)))
    return [f"{finding.weight}: {finding.says}" for finding in found]


def test_retries_that_nobody_brings_back_are_a_hint() -> None:
    (hint,) = of_retries("retry = { limit = 3 }")

    assert hint.startswith("hint: failed jobs of mail are to be tried again later (retry), and no scheduler")
    assert of_retries("retry = { backoff = [0, 9] }")


@pytest.mark.parametrize(
    "retry", ["", "retry = { limit = 0 }", "retry = { backoff = 0 }", "retry = { backoff = [0, 0] }"]
)
def test_where_no_job_is_tried_again_later_nobody_is_needed(retry: str) -> None:
    assert of_retries(retry) == []


def test_a_scheduler_of_whatever_kind_brings_them_back() -> None:
    retry = "retry = { limit = 3 }"

    assert of_retries(retry, "[scheduler]\nenabled = true") == []
    assert of_retries(retry, leaders=("a:1", None)) == of_retries(retry, leaders=(None, "b:1")) == []
