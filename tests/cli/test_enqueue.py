"""`resquectl enqueue`: one job out of words, many out of lines, and an exact account of what was done."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis

from resqued.cli import lines as lines_of_jobs
from resqued.protocol.moves import move
from tests.cli.asking import Ask
from tests.golden import dump, seen
from tests.support.daemon import texts
from tests.support.proxy import Proxy
from tests.support.redis_server import running
from tests.support.terminal import terminal
from tests.support.waiting import eventually

PROGRAM = [sys.executable, "-c", "import sys; from resqued.cli.resquectl import main; sys.exit(main())"]
JOB = '{"queue": "mail", "class": "Send", "args": [1, "two"]}'

Type = Callable[[str | bytes], None]


@pytest.fixture(name="ctl")
def ask_the_server_of_this_test(ask: Ask, redis_url: str) -> Ask:
    return lambda *words: ask("--url", redis_url, *words)


@pytest.fixture(name="given")
def standard_input(monkeypatch: pytest.MonkeyPatch) -> Type:
    def given(text: str | bytes) -> None:
        raw = text.encode() if isinstance(text, str) else text
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))

    return given


def job_at(redis: Redis, position: int) -> dict[str, object]:
    job: dict[str, object] = json.loads(texts(redis, "resque:queue:q")[position])
    return job


# A job out of words


def test_an_enqueued_job_leaves_what_ruby_leaves(ctl: Ask, redis: Redis) -> None:
    answer = ctl("enqueue", "ok", "OkJob", "1", "two", '{"k":null,"u":"é😀"}')

    assert answer == (0, "enqueued 1 job on ok\n", "")
    assert dump(redis) == seen("ruby", "after enqueue")


@pytest.mark.parametrize(
    ("word", "argument"),
    [("-5", -5), ("1.5", 1.5), ("true", True), ('"1"', "1"), ("", ""), ("NaN", "NaN"), ("[1", "[1"), ("é", "é")],
)
def test_an_argument_is_json_if_it_can_be(ctl: Ask, redis: Redis, word: str, argument: object) -> None:
    ctl("enqueue", "q", "Echo", word)

    assert job_at(redis, 0) == {"class": "Echo", "args": [argument]}


def test_an_argument_that_looks_like_an_option_stands_behind_two_dashes(ctl: Ask, redis: Redis) -> None:
    ctl("enqueue", "q", "Echo", "--", "--loud")

    assert job_at(redis, 0)["args"] == ["--loud"]


def test_in_json(ctl: Ask) -> None:
    assert json.loads(ctl("--json", "enqueue", "q", "Echo").out) == {"queue": "q", "enqueued": 1}


@pytest.mark.parametrize("words", [["q"], ["q", "--skip", "1"]])
def test_a_queue_without_a_class_is_wrong_usage(ctl: Ask, words: list[str]) -> None:
    answer = ctl("enqueue", *words)

    assert answer.status == 2
    assert "required: CLASS" in answer.err


@pytest.mark.parametrize("words", [["q", "Echo", "7", "--skip", "1"], ["q", "Echo", "--receipt", "abc"]])
def test_what_is_about_lines_needs_lines(ctl: Ask, redis: Redis, words: list[str]) -> None:
    answer = ctl("enqueue", *words)

    assert answer.status == 2
    assert "--skip and --receipt are about lines of standard input" in answer.err
    assert dump(redis) == {}


def test_a_dash_in_the_place_of_the_queue_stands_alone(ctl: Ask, redis: Redis) -> None:
    answer = ctl("enqueue", "-", "Echo", "7")

    assert answer.status == 2
    assert "nothing stands behind a - in the place of QUEUE" in answer.err
    assert dump(redis) == {}


@pytest.mark.parametrize("source", ["0>/dev/null", "<&-"])
def test_an_input_that_cannot_be_read_is_said(redis_url: str, source: str) -> None:
    argv = ["sh", "-c", f'exec "$@" {source}', "sh", *PROGRAM, "--url", redis_url, "enqueue", "-"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith("resquectl: standard input cannot be read: ")


@pytest.mark.parametrize("number", ["-1", "many", "²"])
def test_what_is_skipped_is_a_number(ctl: Ask, number: str) -> None:
    answer = ctl("enqueue", "-", f"--skip={number}")

    assert answer.status == 2
    assert "expected a number ≥ 0" in answer.err


# Lines that are arguments


def test_each_line_is_a_job_with_these_arguments(ctl: Ask, redis: Redis, given: Type) -> None:
    given('hello world\n[1, "two"]\n[]\n{"k": 1}\n7')

    assert ctl("enqueue", "q", "Echo", "-").out == "enqueued 5 jobs on q\n"
    assert [job_at(redis, i)["args"] for i in range(5)] == [["hello world"], [1, "two"], [], [{"k": 1}], [7]]


def test_a_line_break_of_windows_is_one(ctl: Ask, redis: Redis, given: Type) -> None:
    given("hello\r\n7\r\n")
    ctl("enqueue", "q", "Echo", "-")

    assert [job_at(redis, i)["args"] for i in range(2)] == [["hello"], [7]]


def test_input_that_is_not_utf8_is_refused_in_words(ctl: Ask, given: Type) -> None:
    given(b"\xff\n")
    answer = ctl("enqueue", "q", "Echo", "-")

    assert answer.status == 1
    assert "line 1: " in answer.err
    assert "lone surrogate" in answer.err


# Lines that are jobs


def test_each_line_is_a_job_with_its_queue(ctl: Ask, redis: Redis, given: Type) -> None:
    given(f'{JOB}\n\n{{"queue": "q", "class": "Echo", "args": [], "meta": {{"id": 7}}}}\n')

    assert ctl("enqueue", "-").out == "enqueued 2 jobs\n"
    assert dump(redis) == {
        "resque:queues": {"type": "set", "value": ["mail", "q"]},
        "resque:queue:mail": {"type": "list", "value": ['{"class":"Send","args":[1,"two"]}']},
        "resque:queue:q": {"type": "list", "value": ['{"class":"Echo","args":[],"meta":{"id":7}}']},
    }


def test_many_in_json(ctl: Ask, given: Type) -> None:
    given(JOB)

    assert json.loads(ctl("--json", "enqueue", "-").out) == {"queue": None, "enqueued": 1}


def test_no_line_at_all_is_no_job(ctl: Ask, given: Type) -> None:
    given("")

    assert ctl("enqueue", "-").out == "enqueued 0 jobs\n"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("hello", "no JSON object"),
        ("[1]", "no JSON object"),
        ('{"class": "A", "args": []}', '"queue" is missing'),
        ('{"queue": "q", "args": []}', '"class" is missing'),
        ('{"queue": "q", "class": "A", "arg": [1]}', '"args" is missing'),
        ('{"queue": "q", "class": "A", "args": 1}', "must be a list"),
        ('{"queue": 7, "class": "A", "args": []}', '"queue" must be a string, not 7'),
        ('{"queue": "a:b", "class": "A", "args": []}', "contains ':'"),
        ('{"queue": "q", "class": "", "args": []}', "non-empty string"),
        ('{"queue": "q", "class": "A", "args": [1e999]}', "holds inf"),
    ],
)
def test_a_wrong_line_is_named_with_what_is_enqueued_and_how_to_go_on(
    ctl: Ask, redis: Redis, given: Type, line: str, why: str
) -> None:
    given(f"{JOB}\n{JOB}\n{line}\n{JOB}\n")
    answer = ctl("enqueue", "-")

    assert answer.status == 1
    assert why in answer.err
    assert "line 3: " in answer.err
    assert answer.err.endswith("resquectl: up to line 2 all is enqueued (2 jobs); go on with --skip 2\n")
    assert dump(redis).keys() == {"resque:queues", "resque:queue:mail"}
    assert redis.llen("resque:queue:mail") == 2


def test_a_first_line_that_is_wrong_leaves_nothing_enqueued(ctl: Ask, redis: Redis, given: Type) -> None:
    given("oops\n")

    assert ctl("enqueue", "-").err.endswith("nothing is enqueued; go on with --skip 0\n")
    assert dump(redis) == {}


def test_lines_that_are_skipped_are_not_even_looked_at(ctl: Ask, redis: Redis, given: Type) -> None:
    given(f"oops\noops\n{JOB}\n")

    assert ctl("enqueue", "-", "--skip", "2").out == "enqueued 1 job\n"


def test_a_wrong_line_behind_skipped_ones_has_its_number_in_the_input(ctl: Ask, given: Type) -> None:
    given(f"{JOB}\n{JOB}\noops")

    assert "line 3: " in ctl("enqueue", "-", "--skip", "2").err


def test_a_key_that_is_no_queue_leaves_nothing_of_its_portion(ctl: Ask, redis: Redis, given: Type) -> None:
    redis.set("resque:queue:q", "not a list")
    given(f'{JOB}\n{{"queue": "q", "class": "Echo", "args": []}}\n')
    answer = ctl("enqueue", "-")

    assert answer.status == 1
    assert "WRONGTYPE resque:queue:q" in answer.err
    assert "nothing is enqueued" in answer.err
    assert dump(redis).keys() == {"resque:queue:q"}


# Many


def numbered(count: int) -> str:
    return "".join(f"{number}\n" for number in range(count))


def test_many_lines_take_few_round_trips_and_keep_their_order(
    ask: Ask, redis: Redis, proxy: Proxy, given: Type
) -> None:
    given(numbered(3000))
    answer = ask("--url", proxy.url, "enqueue", "q", "Echo", "-")

    assert answer.out == "enqueued 3000 jobs on q\n"
    assert [json.loads(text)["args"] for text in texts(redis, "resque:queue:q")] == [[i] for i in range(3000)]
    assert proxy.seen["EVALSHA"] <= 10


def test_a_line_is_enqueued_before_the_next_one_comes(redis: Redis, redis_url: str) -> None:
    argv = [*PROGRAM, "--url", redis_url, "enqueue", "q", "Echo", "-"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        process.stdin.write(b"first\n")
        process.stdin.flush()
        eventually(lambda: redis.llen("resque:queue:q") == 1, within=10)
        process.stdin.write(b"second\n")
        process.stdin.close()

        assert process.wait(10) == 0
    assert redis.llen("resque:queue:q") == 2


# A Redis that goes away


def test_a_lost_answer_does_not_put_a_portion_there_twice(ask: Ask, redis: Redis, proxy: Proxy, given: Type) -> None:
    given(numbered(1200))
    proxy.lose_replies(of="EVALSHA", times=1)
    answer = ask("--url", proxy.url, "enqueue", "q", "Echo", "-")

    assert answer.out == "enqueued 1200 jobs on q\n"
    assert [json.loads(text)["args"] for text in texts(redis, "resque:queue:q")] == [[i] for i in range(1200)]


def test_what_cannot_be_known_is_known_with_the_receipt(
    ask: Ask, redis: Redis, proxy: Proxy, given: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines_of_jobs, "PATIENCE", 0.0)
    redis.script_load(move("enqueue").text)
    proxy.lose_replies(of="EVALSHA")
    given(numbered(700))
    answer = ask("--url", proxy.url, "enqueue", "q", "Echo", "-")

    assert answer.status == 3
    assert "of the next 500 jobs all are, or none. When Redis answers, go on with --skip 0 --receipt " in answer.err
    given(numbered(700))
    again = ask("--url", proxy.url, "enqueue", "q", "Echo", "-", *answer.err.split("go on with ")[1].split())

    assert again.status == 0
    assert [json.loads(text)["args"] for text in texts(redis, "resque:queue:q")] == [[i] for i in range(700)]


def test_without_redis_nothing_is_enqueued_and_the_status_is_3(
    ask: Ask, proxy: Proxy, given: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines_of_jobs, "PATIENCE", 0.0)
    given(JOB)
    proxy.go_away()
    answer = ask("--url", proxy.url, "enqueue", "-")

    assert answer.status == 3
    assert "cannot connect to Redis" in answer.err
    assert "go on with --skip 0 --receipt" in answer.err


def test_a_full_redis_is_said(ask: Ask, given: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_of_jobs, "PATIENCE", 0.0)
    with running("--maxmemory", "1") as server:
        given(JOB)
        answer = ask("--url", server.url, "enqueue", "-")

    assert answer.status == 3
    assert "OOM" in answer.err


# A person who changes their mind


def test_an_interruption_says_what_is_enqueued(redis: Redis, redis_url: str) -> None:
    argv = [*PROGRAM, "--url", redis_url, "enqueue", "q", "Echo", "-"]
    with subprocess.Popen(argv, text=True, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin
        process.stdin.write(numbered(700))
        process.stdin.flush()
        eventually(lambda: redis.llen("resque:queue:q") == 700, within=10)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()

    assert process.returncode == 130
    assert said == "resquectl: up to line 700 all is enqueued (700 jobs); go on with --skip 700\n"


def test_a_term_is_an_interruption(redis: Redis, redis_url: str) -> None:
    argv = [*PROGRAM, "--url", redis_url, "enqueue", "q", "Echo", "-"]
    with subprocess.Popen(argv, text=True, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin
        process.stdin.write("1\n")
        process.stdin.flush()
        eventually(lambda: redis.llen("resque:queue:q") == 1, within=10)
        process.terminate()
        _, said = process.communicate()

    assert process.returncode == 130
    assert said.endswith("up to line 1 all is enqueued (1 job); go on with --skip 1\n")


def test_a_bar_shows_how_far_it_is_on_a_terminal(redis: Redis, redis_url: str, tmp_path: Path) -> None:
    given = tmp_path / "lines"
    given.write_text(numbered(2000))
    shell = f'exec "$@" < {given}'
    with terminal() as window:
        words = ["--url", redis_url, "enqueue", "q", "Echo", "-"]
        argv = ["/bin/sh", "-c", shell, "sh", *PROGRAM, *words]
        process = window.start(argv, os.environ | {"TERM": "xterm", "COLUMNS": "80"})
        shown = window.shown()

        assert process.wait(10) == 0
    assert "2,000 jobs" in shown
    assert "100%" in shown
    assert shown.endswith("enqueued 2000 jobs on q\n")


def test_no_bar_is_written_into_a_pipe(redis: Redis, redis_url: str) -> None:
    argv = [*PROGRAM, "--url", redis_url, "enqueue", "q", "Echo", "-"]
    done = subprocess.run(argv, input=numbered(2000).encode(), capture_output=True, check=False)

    assert (done.stdout, done.stderr) == (b"enqueued 2000 jobs on q\n", b"")


# A queue that must not get longer


def test_a_queue_that_is_full_refuses_a_job(ctl: Ask, redis: Redis) -> None:
    ctl("enqueue", "q", "A", "1", "--max-length", "1")
    answer = ctl("enqueue", "q", "A", "2", "--max-length", "1")

    assert answer.status == 1
    assert answer.err.startswith("resquectl: queue 'q' is full: it has 1 jobs and may have 1;")
    assert redis.llen("resque:queue:q") == 1


def test_of_many_lines_those_are_enqueued_for_which_there_is_room(ctl: Ask, redis: Redis, given: Type) -> None:
    redis.rpush("resque:queue:q", "already")
    given("1\n2\n3\n4\n5\n")
    answer = ctl("enqueue", "q", "A", "-", "--max-length", "4")

    assert answer.status == 1
    assert "up to line 3 all is enqueued (3 jobs); go on with --skip 3" in answer.err
    assert redis.llen("resque:queue:q") == 4


def test_or_the_oldest_are_dropped_for_them(ctl: Ask, redis: Redis, given: Type) -> None:
    given("1\n2\n3\n4\n5\n")
    answer = ctl("enqueue", "q", "A", "-", "--max-length", "2", "--when-full", "drop-oldest")

    assert answer == (0, "enqueued 5 jobs on q\n", "")
    assert [job_at(redis, position)["args"] for position in (0, 1)] == [[4], [5]]
    assert redis.llen("resque:failed") == 3


def test_or_room_is_waited_for(ctl: Ask, redis: Redis) -> None:
    ctl("enqueue", "q", "A", "1")
    answer = ctl("enqueue", "q", "A", "2", "--max-length", "1", "--when-full", "block", "--patience", "0.05")

    assert answer.status == 1
    assert redis.llen("resque:queue:q") == 1


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("--max-length", "0", "expected a number ≥ 1, got '0'"),
        ("--max-length", "many", "expected a number ≥ 0, got 'many'"),
        ("--patience", "inf", "expected a number of seconds ≥ 0, got 'inf'"),
        ("--patience", "-1", "expected a number of seconds ≥ 0, got '-1'"),
    ],
)
def test_a_bound_that_means_nothing_is_refused(ctl: Ask, option: str, value: str, complaint: str) -> None:
    answer = ctl("enqueue", "q", "A", f"{option}={value}")

    assert answer.status == 2
    assert complaint in answer.err
