"""`resquectl queues|queue|peek|move|clear|workers`: the whole fleet, from a terminal or a script."""

import json
import os
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from tests.cli.asking import Ask, lines
from tests.golden import restore, seen
from tests.store.slates import job, push, slate_at, waiting
from tests.support.terminal import terminal

PROGRAM = "import sys; from resqued.cli.resquectl import main; sys.exit(main())"
WORKERS = ["WORKER", "POOL", "VERSION", "UP", "HEARTBEAT", "FOR", "JOB"]


def server_date(redis: Redis, **ago: float) -> str:
    now = datetime.fromtimestamp(int(redis.time()[0]), UTC)
    return (now - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def registered(redis: Redis, *ids: str) -> None:
    redis.sadd("resque:workers", *ids)


# Queues


def test_queues_are_listed_with_what_is_known_of_them(ctl: Ask, redis: Redis) -> None:
    redis.sadd("resque:queues", "critical")
    push(redis, json.dumps({"class": "A", "args": [], "enqueued_at": server_date(redis, hours=3)}).encode(), job())
    registered(redis, "vm:1:mail,critical", "vm:2:mail")

    assert lines(ctl("queues").out) == [
        ["QUEUE", "JOBS", "OLDEST", "WORKERS"],
        ["critical", "0", "-", "1"],
        ["mail", "2", "3h", "2"],
    ]


def test_queues_in_json(ctl: Ask, redis: Redis) -> None:
    redis.sadd("resque:queues", "mail")
    redis.hset("resqued:resque:paused", "mail", "2026/11/23 07:00:00 UTC")

    assert json.loads(ctl("--json", "queues").out) == [
        {
            "queue": "mail",
            "size": 0,
            "oldest": None,
            "paused": True,
            "paused_since": "2026-11-23T07:00:00+00:00",
            "aside": 0,
            "dropped": 0,
            "slowed_until": None,
            "workers": 0,
            "change": None,
        }
    ]


def test_no_queues_in_json_are_an_empty_list(ctl: Ask) -> None:
    assert ctl("queues", "--json").out == "[]\n"


@pytest.mark.parametrize(
    ("worker", "counts"),
    [
        ("vm:1:mail", {"mail": 1, "low": 0, ".hidden": 0}),
        ("vm:1:*", {"mail": 1, "low": 1, ".hidden": 0}),
        ("vm:1:m*,low", {"mail": 1, "low": 1, ".hidden": 0}),
        ("vm:1:*,!mail", {"mail": 0, "low": 1, ".hidden": 0}),
        ("vm:1-poller:mail", {"mail": 1, "low": 0, ".hidden": 0}),
        ("nonsense", {"mail": 0, "low": 0, ".hidden": 0}),
    ],
)
def test_who_listens_is_known_by_the_patterns_of_workers(
    ctl: Ask, redis: Redis, worker: str, counts: dict[str, int]
) -> None:
    redis.sadd("resque:queues", *counts)
    registered(redis, worker)

    assert {one["queue"]: one["workers"] for one in json.loads(ctl("queues", "--json").out)} == counts


def test_what_is_unusual_about_a_queue_stands_behind_it(ctl: Ask, redis: Redis) -> None:
    push(redis, job(), queue="alone")
    redis.sadd("resque:queues", "wrong")
    redis.set("resque:queue:wrong", "x")
    ctl("queue", "pause", "held")
    remarks = {line[0]: line[4:] for line in lines(ctl("queues").out)}

    assert remarks["alone"] == ["nobody", "listens"]
    assert remarks["held"][:2] == ["paused", "for"]
    assert remarks["wrong"] == ["its", "key", "is", "no", "list"]


def test_patterns_choose_queues(ctl: Ask, redis: Redis) -> None:
    redis.sadd("resque:queues", "mail", "mailers", "low")

    assert [line[0] for line in lines(ctl("queues", "mail*").out)] == ["QUEUE", "mail", "mailers"]


def test_how_fast_a_queue_grows_is_seen_by_looking_twice(
    ctl: Ask, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(redis, job())
    monkeypatch.setattr("time.sleep", lambda _seconds: push(redis, *[job()] * 50))
    (queue,) = json.loads(ctl("queues", "--interval", "1", "--json").out)

    assert queue["size"] == 51
    assert queue["change"] > 1
    assert lines(ctl("queues", "--interval", "1").out)[0][2] == "CHANGE/S"


@pytest.mark.parametrize("interval", ["0", "-1", "x", "nan", "inf"])
def test_an_interval_that_is_none_is_wrong_usage(ctl: Ask, interval: str) -> None:
    assert ctl("queues", f"--interval={interval}").status == 2


def test_that_all_are_paused_is_said_first(ctl: Ask, redis: Redis) -> None:
    redis.set("resque:pause-all-workers", "true")

    assert ctl("queues").out.startswith("all workers are paused")
    assert ctl("workers").out.startswith("all workers are paused")


# One queue


def test_a_queue_is_shown_with_its_classes_and_workers(ctl: Ask, redis: Redis, redis_url: str) -> None:
    push(redis, job("SendMail"), job("SendMail"), job("Report"))
    with slate_at(redis_url) as slate:
        slate.reserve(["mail"])
        answer = ctl("queue", "show", "mail")
        document = json.loads(ctl("queue", "show", "mail", "--json").out)

    assert "jobs      2\n" in answer.out
    assert "workers   1\n" in answer.out
    assert lines(answer.out)[-1][-3:] == ["SendMail", "of", "mail"]
    assert document["classes"] == {"SendMail": 1, "Report": 1}
    assert (document["size"], document["workers"]) == (2, 1)
    assert [(one["worker"], one["name"]) for one in document["at_work"]] == [("vm:4711:mail,low", "SendMail")]


def test_a_class_that_activejob_wraps_is_named(ctl: Ask, redis: Redis) -> None:
    push(redis, job("ActiveJob::QueueAdapters::ResqueAdapter::JobWrapper", {"job_class": "MailJob"}))

    assert json.loads(ctl("queue", "show", "mail", "--json").out)["classes"] == {"MailJob (ActiveJob)": 1}


def test_a_queue_that_nobody_knows_is_a_problem(ctl: Ask) -> None:
    answer = ctl("queue", "show", "mial")

    assert answer.status == 1
    assert "there is no queue 'mial'" in answer.err


def test_a_queue_that_is_paused_gives_no_job_until_it_is_resumed(ctl: Ask, redis: Redis, redis_url: str) -> None:
    push(redis, job())
    with slate_at(redis_url) as slate:
        assert ctl("queue", "pause", "mail").out == "paused mail\n"
        held = slate.reserve(["mail"])
        assert ctl("queue", "resume", "mail").out == "resumed mail\n"

        assert "mail" in str(held)
        assert slate.reserve(["mail"]).payload == job()  # type: ignore[union-attr]


def test_who_does_not_know_such_a_pause_is_told_of(ctl: Ask, redis: Redis) -> None:
    registered(redis, "ruby:1:*")

    assert "of those that serve it: 1\n" in ctl("queue", "pause", "mail").out


def test_who_mistypes_a_name_is_asked(ctl: Ask, redis: Redis) -> None:
    redis.sadd("resque:queues", "mail")

    assert "is that its name?" in ctl("queue", "pause", "mial").out
    assert "is that its name?" not in ctl("queue", "pause", "mail").out


def test_a_second_pause_or_resume_says_so(ctl: Ask, redis: Redis) -> None:
    redis.sadd("resque:queues", "mail")
    ctl("queue", "pause", "mail")

    assert ctl("queue", "pause", "mail").out == "mail was paused already\n"
    assert json.loads(ctl("queue", "resume", "mail", "low", "--json").out) == {"paused": [], "changed": ["mail"]}
    assert ctl("queue", "resume", "mail").out == "mail was not paused\n"


def test_all_are_paused_where_ruby_sees_it(ctl: Ask, redis: Redis) -> None:
    assert ctl("queue", "pause", "--all").status == 0
    assert redis.get("resque:pause-all-workers") == b"true"
    assert json.loads(ctl("queue", "resume", "--all", "--json").out) == {"all_paused": False}
    assert redis.keys() == []


@pytest.mark.parametrize("words", [["pause"], ["resume"], ["pause", "--all", "mail"], []])
def test_neither_a_queue_nor_all_is_wrong_usage(ctl: Ask, words: list[str]) -> None:
    assert ctl("queue", *words).status == 2


# Jobs


def test_a_peek_shows_jobs_and_leaves_them(ctl: Ask, redis: Redis) -> None:
    push(redis, job("A", 1, "two"), b"\xffnot json\x1b", job("C"))

    assert lines(ctl("peek", "mail").out) == [
        ["JOB", "CLASS", "ARGUMENTS", "AGE"],
        ["0", "A", '[1,"two"]', "-"],
        ["1", "(no", "job)", r"\xffnot", r"json\x1b", "-"],
        ["2", "C", "[]", "-"],
    ]
    assert redis.llen("resque:queue:mail") == 3


def test_a_peek_from_the_end(ctl: Ask, redis: Redis) -> None:
    push(redis, *(job("J", number) for number in range(250)))

    positions = [one["position"] for one in json.loads(ctl("peek", "mail", "--start=-2", "--json").out)]
    assert positions == [248, 249]
    assert len(json.loads(ctl("peek", "mail", "--count", "230", "--json").out)) == 230


def test_a_peek_in_json_is_complete(ctl: Ask, redis: Redis) -> None:
    text = json.dumps({"class": "C" * 10_000, "args": [], "enqueued_at": 1795417200, "more": 1})
    push(redis, text.encode(), b"7")
    first, second = json.loads(ctl("peek", "mail", "--json").out)

    assert first == {
        "position": 0,
        "class": "C" * 10_000,
        "args": [],
        "enqueued": "2026-11-23T07:00:00+00:00",
        "text": text,
    }
    assert second == {"position": 1, "class": None, "args": None, "enqueued": None, "text": "7"}


def test_jobs_are_moved(ctl: Ask, redis: Redis) -> None:
    push(redis, job("A"), job("B"))

    assert ctl("move", "mail", "low", "--count", "1").out == "moved 1 job from mail to low\n"
    assert json.loads(ctl("move", "mail", "low", "--json").out) == {"from": "mail", "to": "low", "moved": 1}
    assert waiting(redis, "low") == [job("A"), job("B")]


def test_jobs_are_not_moved_to_where_nobody_could_serve_them(ctl: Ask, redis: Redis) -> None:
    push(redis, job())

    assert ctl("move", "mail", "a:b").status == 1
    assert ctl("move", "mail", "mail").status == 2
    assert waiting(redis) == [job()]


def test_a_clear_needs_a_yes(ctl: Ask, redis: Redis) -> None:
    push(redis, job())
    answer = ctl("clear", "mail")

    assert (answer.status, waiting(redis)) == (2, [job()])
    assert "say --yes" in answer.err
    assert ctl("clear", "mail", "--yes").out == "threw away 1 job on mail\n"
    assert waiting(redis) == []


@pytest.mark.parametrize(("typed", "left"), [(b"y\n", 0), (b"n\n", 1), (b"\n", 1), (b"\x04", 1)])
def test_on_a_terminal_a_clear_asks(redis: Redis, redis_url: str, typed: bytes, left: int) -> None:
    push(redis, job())
    with terminal() as window:
        window.type(typed)
        process = window.start([sys.executable, "-c", PROGRAM, "--url", redis_url, "clear", "mail"], os.environ)
        said = window.shown()

    assert process.wait(10) == left
    assert "Throw away 1 job on mail? [y/N]" in said
    assert len(waiting(redis)) == left


def test_a_queue_that_is_forgotten_is_listed_no_longer(ctl: Ask, redis: Redis) -> None:
    push(redis, job())

    assert json.loads(ctl("clear", "mail", "--forget", "--yes", "--json").out) == {"queue": "mail", "removed": 1}
    assert redis.keys() == []


# Workers


def test_workers_are_listed_with_what_they_are_working_on(ctl: Ask, redis: Redis, redis_url: str) -> None:
    restore(redis, seen("perl", "while working"))
    with slate_at(redis_url):
        heading, perl, ours = lines(ctl("workers").out)

    assert heading == WORKERS
    assert ours[:3] + ours[5:] == ["vm:4711:mail,low", "mail.0", "1.0.0", "-", "-"]
    assert perl[:3] == ["vm:10879:ok,boom,die,exit,sleep", "-", "-"]
    assert (perl[4], perl[6:]) == ("-", ["SleepJob", "of", "sleep"])


def test_what_a_worker_does_not_say_is_a_dash(ctl: Ask, redis: Redis) -> None:
    registered(redis, "vm:1:q")

    assert lines(ctl("workers").out)[1] == ["vm:1:q", *"-" * 6]


def test_a_heart_that_stands_still_is_marked(ctl: Ask, redis: Redis) -> None:
    registered(redis, "vm:1:q", "vm:2:q", "vm:3:q")
    redis.hset("resque:workers:heartbeat", "vm:1:q", server_date(redis, minutes=20))
    redis.hset("resque:workers:heartbeat", "vm:2:q", server_date(redis))

    assert lines(ctl("workers").out)[1][4:6] == ["20m,", "stale"]
    assert [one["stale"] for one in json.loads(ctl("workers", "--json").out)] == [True, False, False]


def test_workers_in_json(ctl: Ask, redis: Redis) -> None:
    restore(redis, seen("perl", "while working"))

    assert json.loads(ctl("--json", "workers").out) == [
        {
            "id": "vm:10879:ok,boom,die,exit,sleep",
            "host": "vm",
            "pid": 10879,
            "queues": ["ok", "boom", "die", "exit", "sleep"],
            "pool": None,
            "slot": None,
            "version": None,
            "started": "2026-11-23T07:13:17+00:00",
            "heartbeat": None,
            "stale": False,
            "working": {
                "queue": "sleep",
                "name": "SleepJob",
                "payload": {"args": [6], "class": "SleepJob"},
                "since": "2026-11-23T07:13:21+00:00",
            },
        }
    ]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--host", "web1"], ["web1:1:mail"]),
        (["--host", "web*"], ["web1:1:mail", "web2:1:*"]),
        (["--queue", "mail"], ["db:1:m*", "vm:4711:mail,low", "web1:1:mail", "web2:1:*"]),
        (["--queue", "low"], ["vm:4711:mail,low", "web2:1:*"]),
        (["--pool", "mail"], ["vm:4711:mail,low"]),
        (["--busy"], ["web1:1:mail"]),
        (["--stale"], ["db:1:m*"]),
        (["--queue", "low", "--host", "web*"], ["web2:1:*"]),
    ],
)
def test_workers_are_chosen(ctl: Ask, redis: Redis, redis_url: str, words: list[str], found: list[str]) -> None:
    registered(redis, "web1:1:mail", "web2:1:*", "db:1:m*")
    redis.set("resque:worker:web1:1:mail", '{"queue":"mail","payload":{"class":"A","args":[]}}')
    redis.hset("resque:workers:heartbeat", "db:1:m*", server_date(redis, minutes=20))
    with slate_at(redis_url):
        chosen = [one["id"] for one in json.loads(ctl("workers", "--json", *words).out)]

    assert chosen == found


def test_of_ten_thousand_workers_the_first_are_there_before_the_last_are_asked_for(
    redis: Redis, redis_url: str
) -> None:
    """A reader that leaves after the first line ends the command long before all are read."""
    registered(redis, *(f"host{number}:1:mail" for number in range(10_000)))
    redis.config_resetstat()
    command = shlex.join([sys.executable, "-c", PROGRAM, "--url", redis_url, "workers"])
    done = subprocess.run(f"{command} | head -1", shell=True, stdout=subprocess.PIPE, text=True, check=True)

    assert done.stdout.split() == WORKERS
    assert redis.info("commandstats")["cmdstat_mget"]["calls"] < 100
