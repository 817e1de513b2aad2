"""Hostile names, and no Redis: whatever is asked of the fleet."""

import json
import os
import re
import sys
import unicodedata
from collections.abc import Iterator

import pytest
from redis import Redis

from resqued.store.stock import Stock
from tests.cli.asking import Ask
from tests.support.proxy import Proxy
from tests.support.redis_server import free_port
from tests.support.terminal import terminal

PROGRAM = [sys.executable, "-c", "import sys; from resqued.cli.resquectl import main; sys.exit(main())"]
HOSTILE = "q\x1b[2J\r\x07\x9b31m\u202e\n[red]x[/red]"
UNSPEAKABLE = HOSTILE + ":"
LONG = "日本" * 2500
STYLED = re.compile(r"\x1b\[[0-9;]*m")

READING = [
    ["queues"],
    ["queues", "--interval", "0.01"],
    ["queue", "show", HOSTILE],
    ["queue", "show", LONG],
    ["queue", "show", "*"],
    ["peek", HOSTILE],
    ["peek", LONG],
    ["workers"],
    ["workers", "--queue", HOSTILE],
    ["prune", "--dry-run"],
    ["prune", "--dry-run", f"h:1:{LONG}"],
    ["info"],
]
WRITING = [
    ["queue", "pause", HOSTILE, LONG],
    ["queue", "resume", HOSTILE],
    ["queue", "pause", "--all"],
    ["move", HOSTILE, "elsewhere"],
    ["move", HOSTILE, UNSPEAKABLE],
    ["clear", HOSTILE, "--yes"],
    ["prune", HOSTILE, "--yes"],
]
COMMANDS = pytest.mark.parametrize(
    "words", [*READING, *WRITING], ids=lambda words: " ".join(words)[:20].split("\x1b")[0]
)


@pytest.fixture(name="redis")
def hostile_redis(redis: Redis) -> Redis:
    redis.sadd("resque:queues", b"wrong", b"*")
    redis.set("resque:queue:wrong", "x")
    payload = json.dumps({"class": HOSTILE + "\ud800\x7f", "args": [HOSTILE, LONG], "enqueued_at": HOSTILE})
    for name in (HOSTILE.encode(), b"\xff\x7f\x1b", LONG.encode()):
        redis.sadd("resque:queues", name)
        redis.rpush(b"resque:queue:" + name, payload, b"\xff\x1b[2J", "[" * 5000)
        for worker in (b"h:1:" + name, name + b":2:*", name):
            redis.sadd("resque:workers", worker)
            redis.set(b"resque:worker:" + worker, json.dumps({"queue": HOSTILE, "payload": json.loads(payload)}))
            redis.set(b"resque:worker:" + worker + b":started", HOSTILE)
            redis.hset("resque:workers:heartbeat", worker, HOSTILE)
            ours = {"pool": HOSTILE, "slot": HOSTILE, "version": LONG, "boot": "", "pids": "", "pid": 1, "born": 1}
            redis.hset("resqued:resque:workers", worker, json.dumps({**ours, "nonce": HOSTILE, "home": HOSTILE}))
    redis.hset("resqued:resque:paused", mapping={HOSTILE: HOSTILE})
    return redis


def width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


@COMMANDS
@pytest.mark.parametrize("json_", [[], ["--json"]], ids=["text", "json"])
def test_in_a_pipe_nothing_hostile_is_written(ctl: Ask, redis: Redis, words: list[str], json_: list[str]) -> None:
    answer = ctl(*json_, *words)

    assert answer.status in (0, 1)
    assert all(line.isprintable() for line in (answer.out + answer.err).split("\n"))
    assert not json_ or not answer.out or json.loads(answer.out) is not None


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize(
    "words", [["queues"], ["queue", "show", HOSTILE], ["peek", LONG], ["workers"], ["prune", "--dry-run"]], ids="-".join
)
def test_a_terminal_obeys_nothing_and_every_line_fits(
    redis: Redis, redis_url: str, columns: int, words: list[str]
) -> None:
    with terminal() as window:
        process = window.start(
            [*PROGRAM, "--url", redis_url, *words],
            os.environ | {"COLUMNS": str(columns), "TERM": "xterm-256color"},
        )
        said = STYLED.sub("", window.shown())
    lines = said.split("\n")
    table = [line for line in lines if not line.startswith("queue ")]

    assert process.wait(10) == 0
    assert all(line.isprintable() for line in lines)
    assert max(map(width, table)) <= columns


@COMMANDS
def test_without_redis_there_is_one_line_and_status_3(ask: Ask, words: list[str]) -> None:
    answer = ask("--url", f"redis://:secret@127.0.0.1:{free_port()}", *words)
    is_refused = words == ["move", HOSTILE, UNSPEAKABLE]  # before Redis is asked

    assert answer.status == (1 if is_refused else 3)
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert "secret" not in answer.err


def test_a_move_whose_answer_is_lost_says_how_far_it_came(ask: Ask, redis: Redis, proxy: Proxy) -> None:
    redis.rpush("resque:queue:many", *["x"] * 1500)
    ask("--url", proxy.url, "move", "many", "low", "--count", "1")
    proxy.lose_replies(of="EVALSHA")
    answer = ask("--url", proxy.url, "move", "many", "low")

    assert answer.status == 3
    assert "0 jobs were moved by then; what was under way may have been, too" in answer.err
    assert ask("--url", proxy.url, "move", "many", "low").out == "moved 499 jobs from many to low\n"
    assert redis.llen("resque:queue:low") == 1500


def test_a_move_that_is_interrupted_says_how_far_it_came(
    ctl: Ask, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_and_then_control_c(*_: object) -> Iterator[int]:
        yield 1000
        raise KeyboardInterrupt

    monkeypatch.setattr(Stock, "transfer", one_and_then_control_c)
    answer = ctl("move", "many", "low")

    assert answer.status == 130
    assert "1000 jobs were moved by then" in answer.err


def test_a_queue_that_is_no_list_is_a_problem(ctl: Ask, redis: Redis) -> None:
    redis.rpush("resque:queue:many", "x")
    for words in (["move", "many", "wrong"], ["move", "wrong", "many"], ["clear", "wrong", "--yes"], ["peek", "wrong"]):
        answer = ctl(*words)

        assert (answer.status, answer.out) == (1, "")
        assert "WRONGTYPE" in answer.err
    assert redis.llen("resque:queue:many") == 1
