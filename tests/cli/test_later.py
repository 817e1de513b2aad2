"""`resquectl delayed` and `resquectl schedule`."""

import json
from pathlib import Path

import pytest
from redis import Redis

from tests.cli.asking import Ask

HOSTILE = "\x1b[31m\u202e"
CONFIG = """
[redis]
url = "{url}"
[jobs]
modules = ["app.jobs"]
[pools.mail]
queues = ["*"]
[schedule.nightly]
class = "Report"
queue = "reports"
args = [7]
cron = "30 3 * * *"
"""


def delay(redis: Redis, epoch: int, *items: object) -> None:
    for item in items:
        text = item if isinstance(item, str) else json.dumps(item, separators=(",", ":"), ensure_ascii=False)
        redis.rpush(f"resque:delayed:{epoch}", text)
        redis.zadd("resque:delayed_queue_schedule", {str(epoch): epoch})
        redis.sadd(f"resque:timestamps:{text}", f"delayed:{epoch}")


@pytest.fixture(name="waiting")
def some_that_wait(redis: Redis) -> Redis:
    mail = {"class": "Mail", "args": ["é"], "queue": "mail"}
    delay(redis, 4102444800, mail, mail, {"class": "Report", "args": [], "queue": "reports"})
    delay(redis, 4102444860, mail, f"poison{HOSTILE}")
    return redis


@pytest.fixture(name="file")
def configuration(tmp_path: Path, redis_url: str, redis: Redis) -> str:
    file = tmp_path / "resqued.toml"
    file.write_text(CONFIG.format(url=redis_url))
    return str(file)


# delayed


def test_delayed_jobs_are_listed_in_the_order_of_their_times(ctl: Ask, waiting: Redis) -> None:
    answer = ctl("delayed", "list")

    assert answer.status == 0
    assert [line.split()[:5] for line in answer.out.splitlines()[1:4]] == [
        ["2100-01-01", "00:00:00", "UTC", "mail", "Mail"],
        ["2100-01-01", "00:00:00", "UTC", "mail", "Mail"],
        ["2100-01-01", "00:00:00", "UTC", "reports", "Report"],
    ]
    assert "(no job)" in answer.out
    assert HOSTILE not in answer.out


def test_delayed_jobs_are_listed_for_programs(ctl: Ask, waiting: Redis) -> None:
    first, *_, last = json.loads(ctl("delayed", "list", "--json").out)

    assert (first["at"], first["queue"], first["class"], first["args"]) == (
        "2100-01-01T00:00:00+00:00",
        "mail",
        "Mail",
        ["é"],
    )
    assert (last["class"], last["queue"]) == (None, None)
    assert len(json.loads(ctl("delayed", "list", "--json", "--count", "2", "--queue", "mail").out)) == 2


def test_chosen_jobs_are_run_now(ctl: Ask, waiting: Redis) -> None:
    answer = ctl("delayed", "run", "--class", "Mail", "--yes")

    assert (answer.status, answer.out) == (0, "3 delayed jobs put onto their queues\n")
    assert waiting.lrange("resque:queue:mail", 0, -1) == ['{"class":"Mail","args":["é"]}'.encode()] * 3
    assert waiting.llen("resque:delayed:4102444800") == 1
    assert len(waiting.keys("resque:timestamps:*")) == 2


def test_chosen_jobs_are_removed(ctl: Ask, waiting: Redis) -> None:
    assert json.loads(ctl("delayed", "remove", "--queue", "mail", "--yes", "--json").out) == {"jobs": 3}
    assert ctl("delayed", "remove", "--all", "--yes").out == "2 delayed jobs removed\n"
    assert waiting.keys("resque:timestamps:*") + waiting.keys("resque:delayed:*") == []


@pytest.mark.parametrize("words", [("run",), ("remove", "--all", "--class", "Mail")])
def test_who_does_not_say_which_changes_nothing(ctl: Ask, waiting: Redis, words: tuple[str, ...]) -> None:
    answer = ctl("delayed", *words, "--yes")

    assert answer.status == 2
    assert "say which: --class, --queue, or --all" in answer.err


def test_nobody_who_cannot_be_asked_loses_anything(ctl: Ask, waiting: Redis) -> None:
    assert ctl("delayed", "remove", "--all").status == 2
    assert waiting.llen("resque:delayed:4102444800") == 3


def test_what_can_go_nowhere_waits_for_a_scheduler_to_set_it_aside(ctl: Ask, waiting: Redis) -> None:
    assert ctl("delayed", "run", "--all", "--yes").out == "4 delayed jobs put onto their queues\n"
    assert waiting.llen("resque:delayed:4102444860") == 1


# schedule


def test_schedules_of_the_configuration_and_of_redis_are_listed(ask: Ask, redis: Redis, file: str) -> None:
    redis.hset("resque:persistent_schedules", "tick", '{"every":"1m","class":"Tick","queue":"ticks"}')
    redis.hset("resque:persistent_schedules", f"bad{HOSTILE}", "nope")
    redis.hset("resqued:resque:ticks", "nightly", "1790000000")
    redis.hset("resqued:resque:disabled", "tick", "2026")
    answer = ask("-c", file, "schedule", "list")

    assert answer.status == 0
    _, nightly, tick, bad = (line.split() for line in answer.out.splitlines())
    assert nightly[:7] == ["nightly", "file", "30", "3", "*", "*", "*"]
    assert (nightly[9], nightly[10]) == ("ago", "in")
    assert tick[:4] + tick[5:6] == ["tick", "Redis", "every", "1m", "disabled"]
    assert bad[1:] == ["cannot", "be", "used:", "is", "no", "JSON", "object"]
    assert HOSTILE not in answer.out


def test_schedules_are_listed_for_programs(ask: Ask, redis: Redis, file: str) -> None:
    redis.hset("resque:persistent_schedules", "bad", "nope")
    nightly, bad = json.loads(ask("-c", file, "schedule", "list", "--json").out)

    assert nightly.pop("next").endswith("T03:30:00+00:00")
    assert nightly == {
        "schedule": "nightly",
        "when": "30 3 * * * UTC",
        "last": None,
        "queue": "reports",
        "class": "Report",
        "args": [7],
        "missed": "skip",
        "disabled": False,
        "in_redis": False,
        "description": "",
    }
    assert list(bad) == ["schedule", "unusable"]


def test_the_next_times_are_shown(ask: Ask, file: str) -> None:
    times = json.loads(ask("-c", file, "schedule", "next", "nightly", "--count", "3", "--json").out)

    assert len(set(times)) == 3
    assert all(time.endswith("T03:30:00+00:00") for time in times)


def test_one_is_run_beside_its_times(ask: Ask, redis: Redis, file: str) -> None:
    assert ask("-c", file, "schedule", "run", "nightly").out == "enqueued the job of nightly on reports\n"
    assert redis.lrange("resque:queue:reports", 0, -1) == [b'{"class":"Report","args":[7]}']
    assert redis.exists("resqued:resque:ticks") == 0


def test_one_is_disabled_and_enabled(ask: Ask, redis: Redis, file: str) -> None:
    said = [
        ask("-c", file, "schedule", *words).out
        for words in (("disable", "nightly"),) * 2 + (("enable", "nightly"),) * 2
    ]

    assert said == [
        "disabled nightly\n",
        "nightly was disabled already\n",
        "enabled nightly\n",
        "nightly was not disabled\n",
    ]


@pytest.mark.parametrize("action", ["next", "run", "disable"])
def test_one_that_is_not_there_is_named(ask: Ask, file: str, action: str) -> None:
    answer = ask("-c", file, "schedule", action, "nightly?")

    assert (answer.status, answer.err) == (1, "resquectl: there is no schedule 'nightly?'\n")
