"""`resquectl locks`, and where else retries and locks are seen."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from redis import Redis

from resqued import Resque
from resqued.config.policies import Retry
from resqued.promises import Promise
from resqued.store.slate import Slate
from resqued.tries import RetryPolicy
from resqued.unique import Scope, UniquePolicy
from resqued.verdict import Outcome, Verdict
from tests.cli.asking import Ask, lines
from tests.store.slates import WORKER, job, push, slate_at, taken, waiting


class Report:
    queue, resque_name = "reports", "Report"
    unique: Mapping[str, Any] = {"while": "queued"}

    @staticmethod
    def perform(name: str) -> None: ...


@pytest.fixture
def slate(redis_url: str) -> Iterator[Slate]:
    with slate_at(redis_url) as one:
        yield one


def begin_one_and_let_another_wait(slate: Slate, url: str, redis: Redis) -> None:
    said = UniquePolicy(Scope.RUNNING, None, "wait")
    promise = Promise("Echo", [1], None, said, said.identity("Echo", [1]))
    push(redis, job("Echo", 1), job("Echo", 1))
    slate.begin(taken(slate), promise)
    with slate_at(url, "vm:4712:mail,low") as other:
        other.begin(taken(other), promise)


def test_what_there_is_is_listed(ctl: Ask, slate: Slate, redis_url: str, redis: Redis) -> None:
    begin_one_and_let_another_wait(slate, redis_url, redis)
    with Resque(redis_url) as resque:
        resque.enqueue(Report, "evil \x1b[31m\n")
    heading, echo, report = lines(ctl("locks", "list").out)

    assert heading == ["ID", "JOB", "WHILE", "SINCE", "AT", "WAITING", "LIVES"]
    assert (echo[1:3], echo[-3:]) == (["Echo[1]", "running"], [WORKER, "1", "-"])
    assert report[1:3] == ['Report["evil', '\\u001b[31m\\n"]']
    (one, other) = json.loads(ctl("--json", "locks", "list").out)
    assert (one["worker"], one["queue"], one["waiting"], one["lives"]) == (WORKER, None, 1, None)
    assert (other["queue"], other["while"], other["lives"] > 600000) == ("reports", "queued", True)


def test_a_lock_is_let_go_of_by_the_beginning_of_its_id(ctl: Ask, redis_url: str) -> None:
    with Resque(redis_url) as resque:
        resque.enqueue(Report, "a")
        (lock,) = json.loads(ctl("--json", "locks", "list").out)
        answer = ctl("locks", "release", lock["id"][:4])

        assert (answer.status, answer.out) == (0, "released 1 lock\n")
        assert resque.enqueue(Report, "a")


def test_one_whose_job_is_performed_is_refused(ctl: Ask, slate: Slate, redis_url: str, redis: Redis) -> None:
    begin_one_and_let_another_wait(slate, redis_url, redis)
    (lock,) = json.loads(ctl("--json", "locks", "list").out)
    refused = ctl("locks", "release", lock["id"])
    forced = ctl("--json", "locks", "release", "--although-performed", lock["id"])

    assert refused.status == 1
    assert f"Echo[1]: {WORKER} performs it; --although-performed lets another run beside it" in refused.err
    assert json.loads(forced.out) == {"released": [lock["id"]], "refused": []}
    assert waiting(redis) == [job("Echo", 1)]


@pytest.mark.parametrize("wanted", ["0000", "a", ""])
def test_what_means_no_lock_is_a_problem(wanted: str, ctl: Ask) -> None:
    answer = ctl("locks", "release", wanted)

    assert (answer.status, answer.err) == (1, f"resquectl: {wanted}: there is no such lock\n")


def test_queues_say_how_many_jobs_wait_aside(ctl: Ask, slate: Slate, redis_url: str, redis: Redis) -> None:
    begin_one_and_let_another_wait(slate, redis_url, redis)

    assert "1 more wait aside" in ctl("queues").out
    assert json.loads(ctl("--json", "queues").out)[0]["aside"] == 1


def test_a_failed_job_says_how_often_it_was_tried_and_how_it_had_failed(ctl: Ask, slate: Slate, redis: Redis) -> None:
    promise = Promise("Echo", [1], RetryPolicy.of(Retry(limit=1, backoff=0.0)))
    push(redis, job("Echo", 1))
    for number, again in enumerate((0.0, None)):
        work = taken(slate)
        slate.begin(work, promise)
        slate.settle(work, Verdict(Outcome.FAILED, "ValueError", f"no {number}", (), again), ())

    (entry,) = json.loads(ctl("--json", "failed", "list").out)
    shown = ctl("failed", "show", entry["id"]).out
    assert (entry["tried"], [one["error"] for one in entry["tries"]]) == (2, ["no 0"])
    assert "ValueError: no 1 (tried 2 times)" in ctl("failed", "list").out
    assert "tried     2 times\n" in shown
    assert f"2026/11/23 07:21:01 UTC ValueError: no 0 ({WORKER})" in shown
