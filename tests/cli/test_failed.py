"""`resquectl failed …` as a person or a script meets it. What is beneath: tests/store."""

import io
import json
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from redis import Redis

from resqued import Bound, Resque
from resqued.cli.failed_changes import Pace
from tests.cli.asking import Answer, Ask, lines
from tests.golden import restore, seen
from tests.protocol.raw import shortened
from tests.store.failed_lists import FAILED, fill, numbers, text
from tests.support.terminal import terminal
from tests.support.waiting import eventually

QUEUE = "resque:queue:mail"
PROGRAM = [sys.executable, "-c", "import sys; from resqued.cli.resquectl import main; sys.exit(main())"]
HOSTILE = "q\x1b[2J\r\x07\x9b31m\u202e[bold]\n"
MARKED = "2026/11/23 08:00:00 UTC"


@pytest.fixture(name="ctl")
def ask_the_server_of_this_test(ask: Ask, redis_url: str) -> Ask:
    return lambda *words: ask("--url", redis_url, "failed", *words)


def entry(number: int = 0, **facts: object) -> str:
    """A failure of `Echo` on `mail`, but for these facts; `name` is the class."""
    payload = {"class": facts.pop("name", "Echo"), "args": [number]}
    known = {"failed_at": "2026/11/23 07:08:59 UTC", "payload": payload, "exception": "ValueError", "error": "no"}
    return json.dumps(known | {"backtrace": [], "worker": "web-1:7:mail", "queue": "mail"} | facts)


def id_of(ctl: Ask, number: int = 0) -> str:
    """Of the so-many-newest."""
    return str(json.loads(ctl("list", "--json").out)[number]["id"])


def listed(answer: Answer) -> list[int]:
    return [json.loads(one["payload"])["args"][0] for one in json.loads(answer.out)]


# Looking


def test_failures_of_all_implementations_are_listed_the_newest_first(ctl: Ask, redis: Redis) -> None:
    for peer in ("perl", "ruby", "node"):
        restore(redis, {FAILED: seen(peer, "after failure")[FAILED]})

    rows = [line.split("  ") for line in ctl("list").out.splitlines()]
    assert [[cell.strip() for cell in row if cell][1:] for row in rows] == [
        ["FAILED", "QUEUE", "CLASS", "ERROR"],
        ["2026-11-23 07:34:19 UTC", "boom", "BoomJob", 'TypeError: boom ["x"]'],
        ["2026-11-23 07:33:54 UTC", "boom", "BoomJob", 'RuntimeError: boom ["x"]'],
        ["2026-11-23 07:13:18 UTC", "boom", "BoomJob", "Resque::Failure::Job: boom line one"],
    ]


def test_a_page_has_twenty_and_others_follow(ctl: Ask, redis: Redis) -> None:
    fill(redis, 50)

    assert listed(ctl("list", "--json")) == list(range(49, 29, -1))
    assert listed(ctl("list", "--json", "-n", "3", "--skip", "20")) == [29, 28, 27]
    assert listed(ctl("list", "--json", "-n", "3", "--oldest")) == [0, 1, 2]


def test_lists_of_several_queues_are_one_by_the_date(ctl: Ask, redis: Redis) -> None:
    redis.sadd("resque:failed_queues", "low_failed")
    redis.rpush(FAILED, *(entry(hour, failed_at=f"2026/11/23 0{hour}:00:00 UTC") for hour in (1, 3)))
    redis.rpush("resque:low_failed", *(entry(hour, failed_at=f"2026/11/23 0{hour}:00:00 UTC") for hour in (2, 4)))

    assert listed(ctl("list", "--json")) == [4, 3, 2, 1]
    assert listed(ctl("list", "--json", "--oldest")) == [1, 2, 3, 4]
    assert listed(ctl("list", "--json", "--list", "low_failed")) == [4, 2]


def test_a_list_that_is_none_is_a_problem(ctl: Ask, redis: Redis) -> None:
    answer = ctl("list", "--list", "queue:mail")

    assert (answer.status, answer.err) == (1, "resquectl: there is no failed list 'queue:mail'; there are: failed\n")


def test_an_entry_for_programs(ctl: Ask, redis: Redis) -> None:
    one = entry(1, backtrace=["a", "b"], retried_at=MARKED)
    redis.rpush(FAILED, one)
    (document,) = json.loads(ctl("list", "--json").out)

    assert document == {
        "id": document["id"],
        "list": "failed",
        "readable": True,
        "failed_at": "2026-11-23T07:08:59+00:00",
        "queue": "mail",
        "class": "Echo",
        "exception": "ValueError",
        "error": "no",
        "backtrace": ["a", "b"],
        "worker": "web-1:7:mail",
        "host": "web-1",
        "retried_at": MARKED,
        "tried": 1,
        "tries": [],
        "payload": '{"class": "Echo", "args": [1]}',
        "entry": one,
    }


def test_all_of_one_is_shown_by_the_first_digits_of_its_id(ctl: Ask, redis: Redis) -> None:
    redis.rpush(FAILED, entry(1, error="two\nlines", backtrace=["first", "second"]), entry(2))
    one = id_of(ctl, 1)
    answer = ctl("show", one[:6])

    facts = {line[:10].strip(): line[10:] for line in answer.out.splitlines() if line[:10].strip()}
    assert facts.pop("id").startswith(one)
    assert facts == {
        "list": "failed",
        "failed": "2026-11-23 07:08:59 UTC",
        "queue": "mail",
        "class": "Echo",
        "worker": "web-1:7:mail",
        "payload": '{"class": "Echo", "args": [1]}',
        "exception": "ValueError",
        "error": "two",
        "backtrace": "first",
    }
    assert answer.out.splitlines()[-1] == "          second"


def test_raw_is_byte_for_byte(redis: Redis, redis_url: str, ctl: Ask) -> None:
    redis.rpush(FAILED, b"\xff\x1b")
    argv = [*PROGRAM, "--url", redis_url, "failed", "show", "--raw", id_of(ctl)]

    assert subprocess.run(argv, capture_output=True, check=True).stdout == b"\xff\x1b\n"


def test_an_id_of_nothing_is_status_1(ctl: Ask, redis: Redis) -> None:
    fill(redis, 1)

    for command in (("show",), ("retry",), ("remove",)):
        answer = ctl(*command, "abcdef0")
        assert answer.status == 1
        assert "there is no failed job abcdef0" in answer.err
    assert numbers(redis) == [0]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--class", "Echo"], [1, 3, 4, 5, 6, 7]),
        (["--class", "Ma*", "--class", "nothing"], [2]),
        (["--queue", "low"], [3]),
        (["--exception", "Type*"], [4]),
        (["--host", "web-2"], [5]),
        (["--worker", "*:9:*"], [5]),
        (["--message", "not [a] glob"], [6]),
        (["--matching", r"^n.t \[a\]"], [6]),
        (["--since", "2026-11-24"], [7]),
        (["--since", "2026-11-24T13:00+01:00"], [7]),
        (["--until", "2026-11-23 07:08:59"], []),
        (["--until", "2026-11-23T07:09Z", "--queue", "low"], [3]),
        (["--retried"], [1]),
        (["--unreadable"], []),
        (["--class", "Echo", "--queue", "low", "--host", "web-2"], []),
    ],
)
def test_filters_choose(ctl: Ask, redis: Redis, words: list[str], found: list[int]) -> None:
    redis.rpush(
        FAILED,
        entry(1, retried_at=MARKED),
        entry(2, name="Mail"),
        entry(3, queue="low"),
        entry(4, exception="TypeError"),
        entry(5, worker="web-2:9:mail"),
        entry(6, error="not [a] glob"),
        entry(7, failed_at="2026/11/24 12:00:00 UTC"),
    )

    assert listed(ctl("list", "--json", "--oldest", *words)) == found
    assert json.loads(ctl("count", "--json", *words).out) == {"count": len(found)}
    assert len(ctl("export", *words).out.splitlines()) == len(found)


def test_so_long_ago_is_a_time(ctl: Ask, redis: Redis) -> None:
    redis.rpush(FAILED, entry(1), entry(2, failed_at="2999/01/01 00:00:00 UTC"), entry(3, failed_at="sometime"))

    assert listed(ctl("list", "--json", "--since", "1h30m")) == [2]
    assert listed(ctl("list", "--json", "--until", "0s")) == [1]


def test_a_zone_s_name_is_understood_if_it_is_the_one_here(redis: Redis, redis_url: str) -> None:
    redis.rpush(FAILED, entry(1, failed_at="2026/11/23 07:08:59 XYT"), entry(2, failed_at="2026/11/23 07:08:59 QQQ"))
    argv = [*PROGRAM, "--url", redis_url, "failed", "list", "--json"]
    run = subprocess.run(argv, capture_output=True, check=True, env={"TZ": "XYT-2"})

    assert [one["failed_at"] for one in json.loads(run.stdout)] == [None, "2026-11-23T05:08:59+00:00"]


def test_counting(ctl: Ask, redis: Redis) -> None:
    redis.sadd("resque:failed_queues", "low_failed")
    fill(redis, 3)
    fill(redis, 2, key="resque:low_failed")

    assert ctl("count").out == "5\n"
    assert ctl("count", "--list", "failed").out == "3\n"


def test_statistics(ctl: Ask, redis: Redis) -> None:
    redis.rpush(
        FAILED, entry(1), entry(2, exception="TypeError"), entry(3, failed_at="2026/11/23 08:01:00 UTC"), "junk"
    )
    redis.rpush(FAILED, entry(4, failed_at="", retried_at=MARKED))

    assert json.loads(ctl("stats", "--json").out) == {
        "total": 5,
        "unreadable": 1,
        "undated": 1,
        "retried": 1,
        "exception": {"ValueError": 3, "TypeError": 1},
        "class": {"Echo": 4},
        "queue": {"mail": 4},
        "host": {"web-1": 4},
        "hour": {"2026-11-23T07:00:00+00:00": 2, "2026-11-23T08:00:00+00:00": 1},
    }
    assert lines(ctl("stats", "-n", "1").out)[:6] == [
        ["5", "failed,", "1", "of", "them", "retried,", "1", "unreadable"],
        [],
        ["JOBS", "EXCEPTION"],
        ["3", "ValueError"],
        ["and", "1", "more"],
        [],
    ]


def test_an_export_is_lines_of_which_each_has_the_whole_entry(ctl: Ask, redis: Redis) -> None:
    texts = [text(1).encode(), b'{"queue":"\xff"}', b"", b"\x00junk"]
    redis.rpush(FAILED, *texts)
    documents = [json.loads(line) for line in ctl("export").out.splitlines()]

    assert [one["entry"].encode(errors="surrogateescape") for one in documents] == texts
    assert [one["readable"] for one in documents] == [True, True, False, False]


# Retrying, removing


def test_one_is_retried_by_its_id(ctl: Ask, redis: Redis) -> None:
    fill(redis, 3)
    answer = ctl("retry", id_of(ctl, 1))

    assert answer == (0, "retried 1 failed job\n", "")
    assert (numbers(redis), numbers(redis, QUEUE)) == ([0, 2], [1])


def test_all_that_a_filter_chooses_are_retried(ctl: Ask, redis: Redis) -> None:
    fill(redis, 6, names=("A", "B"))

    assert json.loads(ctl("retry", "--class", "B", "--json").out) == {"retried": 3, "refused": {}, "complete": True}
    assert numbers(redis, QUEUE) == [1, 3, 5]


def test_all_of_all_lists_are_retried(ctl: Ask, redis: Redis) -> None:
    redis.sadd("resque:failed_queues", "low_failed")
    fill(redis, 2)
    fill(redis, 2, start=2, key="resque:low_failed")

    assert ctl("retry", "--all", "--to", "slow").out == "retried 4 failed jobs\n"
    assert numbers(redis, "resque:queue:slow") == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "args", [["a" * 1_000_000], ["é" * 100_000], [2**64 - 1, -(2**63)], [1e100], [[{}], "\\xff"], ["{}"]], ids=shortened
)
@pytest.mark.parametrize("how", [[], ["--keep"]], ids=["moved", "kept"])
def test_a_job_that_was_dropped_is_retried_as_it_was(
    ctl: Ask, redis: Redis, redis_url: str, args: list[object], how: list[str]
) -> None:
    with Resque(redis_url, bounds={"mail": Bound(1, "drop-oldest")}) as resque:
        resque.enqueue_to("mail", "Echo", *args)
        before = redis.lindex(QUEUE, 0)
        resque.enqueue_to("mail", "Other")

    assert ctl("retry", "--all", *how).out == "retried 1 failed job\n"
    assert redis.lindex(QUEUE, -1) == before


def test_or_of_one(ctl: Ask, redis: Redis) -> None:
    redis.sadd("resque:failed_queues", "low_failed")
    fill(redis, 2)
    fill(redis, 2, start=2, key="resque:low_failed")
    ctl("remove", "--list", "low_failed")

    assert (numbers(redis), redis.exists("resque:low_failed")) == ([0, 1], 0)


def test_those_that_were_retried_are_counted_but_left(ctl: Ask, redis: Redis) -> None:
    fill(redis, 3)
    ctl("retry", "--keep", id_of(ctl))

    assert ctl("retry", "--all", "--keep").out == (
        "retried 2 failed jobs; 1 had been retried before (--again: all the same)\n"
    )
    answer = ctl("retry", id_of(ctl))
    assert (answer.status, answer.err) == (1, "resquectl: 1 failed job cannot be retried: it has been retried before\n")
    assert sorted(numbers(redis, QUEUE)) == [0, 1, 2]


def test_what_cannot_be_retried_is_a_problem_with_its_reason(ctl: Ask, redis: Redis) -> None:
    redis.rpush(FAILED, "junk", text(1))
    answer = ctl("retry", "--all")

    assert answer.status == 1
    assert answer.out == "retried 1 failed job\n"
    assert answer.err == "resquectl: 1 failed job cannot be retried: the entry is no JSON object\n"
    assert ctl("remove", "--unreadable").out == "removed 1 failed job\n"
    assert not redis.exists(FAILED)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["retry"], "say which: an ID, a filter, or --all"),
        (["remove"], "say which: an ID, a filter, or --all"),
        (["remove", "--all"], "nobody can be asked here; say --yes"),
        (["clear"], "nobody can be asked here; say --yes"),
        (["trim"], "say --max or --max-age"),
        (["trim", "--max", "0"], "expected a number > 0"),
        (["trim", "--max-age", "2"], "expected how long, such as 90s, 2h or 1d12h"),
        (["retry", "--all", "--rate", "0"], "expected a number > 0"),
        (["retry", "--all", "--to", "a:b"], "contains ':'"),
        (["retry", "3"], "expected an id as `failed list` shows it"),
        (["list", "--matching", "("], "'(' is no regular expression"),
        (["list", "--since", "yesterday"], "expected a time such as 2h"),
        (["list", "--since", "99999999w"], "expected a time such as 2h"),
        ([], "required: ACTION"),
    ],
)
def test_wrong_usage_is_status_2_and_nothing_is_done(
    ctl: Ask, redis: Redis, monkeypatch: pytest.MonkeyPatch, words: list[str], reason: str
) -> None:
    fill(redis, 1)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    answer = ctl(*words)

    assert answer.status == 2
    assert reason in answer.err
    assert numbers(redis) == [0]


def test_with_yes_nobody_is_asked(ctl: Ask, redis: Redis) -> None:
    fill(redis, 3)
    assert ctl("clear", "--yes").out == "removed 3 failed jobs\n"
    fill(redis, 3)
    assert json.loads(ctl("remove", "--all", "--yes", "--json").out) == {"removed": 3, "refused": {}, "complete": True}


@pytest.mark.parametrize(("said", "left"), [(b"y\n", 0), (b"\n", 2), (b"n\n", 2), (b"\x04", 2)])
def test_on_a_terminal_who_clears_is_asked(redis: Redis, redis_url: str, said: bytes, left: int) -> None:
    fill(redis, 2)
    with terminal() as window:
        window.type(said)
        process = window.start([*PROGRAM, "--url", redis_url, "failed", "clear"], {"TERM": "xterm"})
        shown = window.shown()

        assert process.wait(10) == (1 if left else 0)
    assert "remove all 2 failed jobs from failed? [y/N]" in shown
    assert redis.llen(FAILED) == left


def test_on_a_terminal_there_is_a_bar_with_rate_and_time_left(redis: Redis, redis_url: str) -> None:
    fill(redis, 200)
    with terminal() as window:
        argv = [*PROGRAM, "--url", redis_url, "failed", "retry", "--all", "--rate", "400"]
        process = window.start(argv, {"TERM": "xterm", "COLUMNS": "80"})
        shown = window.shown()

        assert process.wait(10) == 0
    assert re.search(r"[0-9]+% .*:.*:.* [0-9]+ retried, [0-9]+/s", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown))


def test_a_list_is_trimmed_by_hand(ctl: Ask, redis: Redis) -> None:
    fill(redis, 2500)

    assert ctl("trim", "--max", "2").out == "removed 2498 failed jobs; 2 left\n"
    assert json.loads(ctl("trim", "--max-age", "1d", "--json").out)["left"] in (0, 2)  # as today is


def test_or_another_one_but_never_a_queue(ctl: Ask, redis: Redis) -> None:
    redis.sadd("resque:failed_queues", "low_failed")
    fill(redis, 3)
    fill(redis, 3, key="resque:low_failed")
    redis.rpush(QUEUE, 1, 2, 3)

    assert ctl("trim", "--max", "1", "--list", "low_failed").out == "removed 2 failed jobs; 1 left\n"
    assert ctl("trim", "--max", "1", "--list", "queue:mail").status == 1
    assert (redis.llen(FAILED), redis.llen(QUEUE)) == (3, 3)


def test_or_to_the_limits_of_a_configuration(ask: Ask, redis: Redis, redis_url: str, tmp_path: Path) -> None:
    file = tmp_path / "resqued.toml"
    file.write_text(
        f'redis.url = "{redis_url}"\njobs.modules = ["a"]\npools.a.queues = ["*"]\nfailed.max = 4\n', encoding="utf-8"
    )
    fill(redis, 6)

    assert ask("-c", str(file), "failed", "trim").out == "removed 2 failed jobs; 4 left\n"


def test_a_rate_divides_the_work_and_waits_in_between() -> None:
    pace = Pace(100)

    assert (pace.at_once, pace.pause(50, 0.1), pace.pause(50, 3.0)) == (25, 0.4, 0.0)
    assert (Pace(1).at_once, Pace(1).pause(1, 0.0)) == (1, 1.0)
    assert Pace(None).pause(1000, 0.0) == 0


# Ends before the end


def retrying(redis_url: str, *words: str) -> subprocess.Popen[bytes]:
    argv = [*PROGRAM, "--url", redis_url, "failed", "retry", "--all", *words]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def has(redis: Redis, jobs: int) -> bool:
    return redis.llen(QUEUE) >= jobs


def test_who_is_killed_at_any_instant_loses_nothing_and_doubles_nothing(redis: Redis, redis_url: str, ctl: Ask) -> None:
    fill(redis, 3000)
    for least in (1, 500, 1000):
        with retrying(redis_url, "--rate", "4000") as process:
            eventually(partial(has, redis, least))
            process.kill()
    assert redis.llen(FAILED) > 0
    ctl("retry", "--all")

    assert numbers(redis, QUEUE) == list(range(3000))


def test_who_is_interrupted_is_told_how_far_it_came(redis: Redis, redis_url: str) -> None:
    fill(redis, 300)
    with retrying(redis_url, "--rate", "40") as process:
        eventually(partial(has, redis, 20))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)

        assert process.returncode == 130
    assert b"run it again to go on" in err
    assert b"Traceback" not in err


def test_two_operators_at_once_while_workers_fail_more(redis: Redis, redis_url: str) -> None:
    fill(redis, 4000)
    with retrying(redis_url) as one, retrying(redis_url) as other:
        for number in range(4000, 4400):
            fill(redis, 1, start=number)
        assert (one.wait(30), other.wait(30)) == (0, 0)

    assert sorted(numbers(redis, QUEUE) + numbers(redis)) == list(range(4400))
    assert all(number >= 4000 for number in numbers(redis))


# Strangers


@pytest.mark.parametrize("json_", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize("words", [["list"], ["stats"], ["show"], ["export"], ["retry", "--all"]], ids=lambda w: w[0])
def test_no_control_character_of_a_hostile_entry_is_written(
    ctl: Ask, redis: Redis, words: list[str], json_: list[str]
) -> None:
    hostile = dict.fromkeys(("failed_at", "exception", "error", "worker", "queue", "name", "retried_at"), HOSTILE)
    redis.rpush(FAILED, entry(1, **hostile, backtrace=[HOSTILE]), HOSTILE, b"\xff\x7f", entry(2, error="x" * 10_000))
    redis.rpush(FAILED, entry(3, queue=HOSTILE))
    redis.sadd("resque:failed_queues", HOSTILE + "_failed")
    if words == ["show"]:
        words = ["show", *(one["id"] for one in json.loads(ctl("list", "--json").out))]
    answer = ctl(*words, *json_)

    assert all(line.isprintable() for line in (answer.out + answer.err).split("\n"))


def test_without_redis_it_is_status_3(ask: Ask) -> None:
    answer = ask("--url", "unix:///nowhere", "failed", "retry", "--all")

    assert (answer.status, answer.out) == (3, "")
    assert "Traceback" not in answer.err
