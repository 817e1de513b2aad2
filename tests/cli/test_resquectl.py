"""`resquectl` as a person or a script meets it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from tests.cli.asking import Ask, lines
from tests.golden import dump, restore, seen
from tests.support.redis_server import RedisServer, free_port

PROGRAM = [sys.executable, "-c", "import sys; from resqued.cli.resquectl import main; sys.exit(main())"]
CONFIG = """
[redis]
{redis}
[jobs]
modules = ["app.jobs"]
[pools.default]
queues = ["*"]
[daemon]
state_dir = "{directory}"
"""


def config(directory: Path, redis: str) -> str:
    file = directory / "resqued.toml"
    file.write_text(CONFIG.format(redis=redis, directory=directory))
    return str(file)


# Answers


def test_info_counts(ctl: Ask, redis: Redis, redis_url: str) -> None:
    restore(redis, seen("ruby", "while working"))

    assert lines(ctl("info").out) == [
        ["pending", "0"],
        ["processed", "4"],
        ["queues", "5"],
        ["workers", "1"],
        ["working", "1"],
        ["failed", "2"],
        ["paused", "no"],
        ["servers", redis_url],
    ]


def test_info_in_json(ctl: Ask, redis_url: str) -> None:
    answer = json.loads(ctl("--json", "info").out)

    assert (answer["pending"], answer["servers"]) == (0, [redis_url])


# Which Redis


def test_options_may_stand_behind_the_command(ask: Ask, redis: Redis, redis_url: str) -> None:
    assert ask("queues", "--url", redis_url, "--json").out == "[]\n"


def test_another_namespace(ctl: Ask, redis: Redis) -> None:
    ctl("--namespace", "other", "enqueue", "q", "Echo")

    assert dump(redis).keys() == {"other:queues", "other:queue:q"}


def test_a_configuration_says_where_redis_is(ask: Ask, redis: Redis, redis_url: str, tmp_path: Path) -> None:
    file = config(tmp_path, f'url = "{redis_url}"\nnamespace = "apps"')
    ask("-c", file, "enqueue", "q", "Echo")

    assert "apps:queue:q" in dump(redis)


def test_a_word_on_the_command_line_counts_more_than_the_configuration(
    ask: Ask, redis: Redis, redis_url: str, tmp_path: Path
) -> None:
    file = config(tmp_path, f'url = "redis://127.0.0.1:{free_port()}"\nnamespace = "apps"')

    assert ask("-c", file, "--url", redis_url, "--namespace", "mine", "enqueue", "q", "Echo").status == 0
    assert "mine:queue:q" in dump(redis)


def test_an_embedded_redis_is_looked_for_where_the_configuration_keeps_it(ask: Ask, short_path: Path) -> None:
    answer = ask("-c", config(short_path, "embedded = true"), "queues")

    assert answer.status == 3
    assert f"{short_path}/resqued-" in answer.err
    assert "redis.sock" in answer.err


# Problems


def test_without_redis_there_is_one_line_and_status_3(ask: Ask) -> None:
    port = free_port()
    answer = ask("--url", f"redis://:secret@127.0.0.1:{port}", "queues")

    assert answer.status == 3
    assert answer.out == ""
    assert answer.err.startswith(f"resquectl: cannot connect to Redis at redis://:***@127.0.0.1:{port}/0")
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "required: COMMAND"),
        (["dance"], "invalid choice: 'dance'"),
        (["--url", "http://:secret@host", "queues"], "the scheme is unknown"),
        (["enqueue", "q"], "required: CLASS"),
    ],
)
def test_wrong_usage_is_status_2(ask: Ask, words: list[str], reason: str) -> None:
    answer = ask(*words)

    assert answer.status == 2
    assert reason in answer.err
    assert "secret" not in answer.err


def test_a_queue_that_cannot_be_is_a_problem(ctl: Ask) -> None:
    answer = ctl("enqueue", "a:b", "Echo")

    assert answer.status == 1
    assert answer.err.startswith("resquectl: queue name 'a:b' contains ':'")


def test_a_wrong_configuration_is_a_problem_with_all_its_mistakes(ask: Ask, tmp_path: Path) -> None:
    file = config(tmp_path, "url = 7\nnamespaec = 'x'")
    answer = ask("-c", file, "queues")

    assert answer.status == 1
    assert [line.partition(f"resquectl: {file}: ")[2][:10] for line in answer.err.splitlines()] == [
        "redis.url:",
        "redis.name",
    ]


def test_a_key_of_another_type_is_a_problem(ctl: Ask, redis: Redis) -> None:
    redis.set("resque:queues", "not a set")
    answer = ctl("queues")

    assert answer.status == 1
    assert "WRONGTYPE" in answer.err
    assert "`resquectl doctor` names keys of the wrong type" in answer.err


def test_what_else_is_refused_sends_nobody_to_look_for_a_key(ask: Ask, redis_server: RedisServer) -> None:
    answer = ask("--url", f"redis://127.0.0.1:{redis_server.port}/1000", "queues")

    assert answer.status == 1
    assert "DB index" in answer.err
    assert "doctor" not in answer.err


# Terminals and pipes

HOSTILE = "q\x1b[2J\r\x07\x9b31m\u202e\n"


@pytest.mark.parametrize("command", ["queues", "workers"])
@pytest.mark.parametrize("json_", [[], ["--json"]], ids=["text", "json"])
def test_no_control_character_of_a_hostile_name_is_written(
    ctl: Ask, redis: Redis, command: str, json_: list[str]
) -> None:
    for name in (HOSTILE.encode(), b"\xff\x7f"):
        redis.sadd("resque:queues", name)
        redis.sadd("resque:workers", b"h:1:" + name)
        record = json.dumps({"queue": HOSTILE, "payload": {"class": HOSTILE + "\ud800\x7f"}})
        redis.set(b"resque:worker:h:1:" + name, record)
    answer = ctl(*json_, command)

    assert answer.status == 0
    assert all(line.isprintable() for line in answer.out.split("\n"))


def test_no_control_character_of_an_argument_is_written(ctl: Ask) -> None:
    answer = ctl("enqueue", HOSTILE, "Echo")

    assert answer.status == 1
    assert all(line.isprintable() for line in answer.err.split("\n"))


def test_a_reader_that_leaves_is_no_problem(redis: Redis, redis_url: str) -> None:
    redis.sadd("resque:queues", *(f"queue-{i:05}" for i in range(20_000)))
    argv = [*PROGRAM, "--url", redis_url, "queues"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline().startswith("QUEUE")
        process.stdout.close()

        assert process.stderr.read() == ""
        assert process.wait(10) == 0


def test_version_and_help(ask: Ask) -> None:
    assert ask("--version").out.startswith("resquectl 1.")
    assert "exit status: 0 done" in ask("--help").out
