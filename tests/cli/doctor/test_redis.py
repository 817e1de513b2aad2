"""What doctor says of servers that are set up in ways that lose jobs."""

import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from resqued import address
from resqued.cli.doctor import about_redis
from resqued.cli.doctor.diagnosis import CHECKS
from resqued.protocol.keys import Keys
from resqued.store.checkup import Checkup, Server
from resqued.wire import pooled
from tests.cli.asking import Ask
from tests.cli.doctor.conftest import Examine, read
from tests.cli.doctor.facts import facts, said
from tests.support.hours import Clock
from tests.support.proxy import Proxy
from tests.support.redis_server import RedisServer, free_port, running
from tests.support.terminal import terminal
from tests.support.waiting import eventually

OF_REDIS = (
    "redis",
    *(f"redis-{name}" for name in ("version", "latency", "eviction", "memory", "persistence", "clients")),
)
PROGRAM = [sys.executable, "-c", "import sys; from resqued.cli.resquectl import main; sys.exit(main())"]


@pytest.fixture(scope="module", name="server")
def what_a_sound_server_says(sound_server: RedisServer) -> Server:
    wire = pooled.connect(address.parse(sound_server.url))
    try:
        return Checkup(wire, Keys()).server()
    finally:
        wire.close()


def test_of_a_server_that_is_set_up_well_nothing_is_said(sound: RedisServer, examine: Examine) -> None:
    verdict = examine("--url", sound.url)

    assert verdict.findings == {}
    assert verdict.status == 0
    assert not {*OF_REDIS, "clock"} & verdict.unchecked.keys()


def test_a_server_that_is_away_is_a_problem_and_what_it_would_know_is_not_checked(examine: Examine) -> None:
    port = free_port()
    verdict = examine("--url", f"redis://:secret@127.0.0.1:{port}")

    assert verdict.status == 1
    assert verdict.findings["redis"][0].startswith(
        f"problem: Redis cannot be used: cannot connect to Redis at redis://:***@127.0.0.1:{port}/0"
    )
    assert {"redis-version", "clock", "unserved-queues", "pause"} <= verdict.unchecked.keys()


def test_a_wrong_password_is_a_problem(examine: Examine) -> None:
    with running(password="open sesame") as server:
        assert "NOAUTH" in examine("--url", server.url).findings["redis"][0]


def test_a_server_that_goes_away_meanwhile_is_a_problem(proxy: Proxy, examine: Examine) -> None:
    proxy.lose_replies(of="SMEMBERS")

    assert "is lost" in examine("--url", proxy.url).findings["redis"][0]


@pytest.mark.parametrize(("version", "old"), [("6.0.16", 1), ("5.0.7", 1), ("6.2.0", 0), ("7.0.15", 0), ("10.1.0", 0)])
def test_an_old_version_is_a_problem(server: Server, version: str, old: int) -> None:
    assert len(said(about_redis.version, facts(server=replace(server, version=version)))) == old


def test_a_slow_answer_is_a_hint(sound: RedisServer, examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(about_redis, "SLOW", 1e-9)

    assert "ms to answer" in examine("--url", sound.url).findings["redis-latency"][0]


@pytest.mark.parametrize(
    ("policy", "memory", "weight"),
    [("allkeys-lru", "100mb", "problem"), ("allkeys-lru", "0", "hint"), ("volatile-ttl", "100mb", "hint")],
)
def test_a_policy_that_evicts(examine: Examine, policy: str, memory: str, weight: str) -> None:
    with running("--maxmemory-policy", policy, "--maxmemory", memory) as server:
        found = examine("--url", server.url).findings["redis-eviction"]

    assert [line.partition(":")[0] for line in found] == [weight]
    assert policy in found[0]


def test_a_memory_that_is_almost_full_is_a_problem(examine: Examine) -> None:
    with running("--maxmemory", "3mb") as server, server.client() as client:
        while int(client.info("memory")["used_memory"]) < 0.92 * 3 * 1024**2:
            client.rpush("filler", "x" * 10_000)
        verdict = examine("--url", server.url)

    assert verdict.status == 1
    assert "of the 3" in verdict.findings["redis-memory"][0]


@pytest.mark.parametrize(
    ("options", "weight", "words"),
    [
        (["--save", ""], "problem", "in memory only"),
        (["--save", "3600 1"], "hint", "in snapshots only (save 3600 1)"),
        (["--appendonly", "yes", "--appendfsync", "no"], "hint", "appendfsync no"),
    ],
)
def test_data_that_is_not_kept(examine: Examine, options: list[str], weight: str, words: str) -> None:
    with running(*options) as server:
        (found,) = examine("--url", server.url).findings["redis-persistence"]

    assert found.startswith(weight)
    assert words in found


def test_a_server_that_cannot_save_is_a_problem(examine: Examine, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    with running("--appendonly", "yes", "--enable-protected-configs", "yes") as server, server.client() as client:
        client.config_set("dir", str(away))
        away.rmdir()
        client.bgsave()
        eventually(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err")
        found = examine("--url", server.url).findings["redis-persistence"]

    assert "could not write its data" in found[0]


def test_a_server_that_does_not_tell_is_not_checked(examine: Examine) -> None:
    with running("--rename-command", "CONFIG", "", "--save", "3600 1") as server:
        verdict = examine("--url", server.url)

    assert "CONFIG GET save" in verdict.unchecked["redis-persistence"]
    assert verdict.status == 0


def test_a_user_who_may_not_ask_is_told_what_is_not_checked(examine: Examine) -> None:
    with running("--user", "ann", "on", ">secret", "~*", "+@all", "-info", "-config") as server:
        verdict = examine("--url", server.url.replace("//", "//ann:secret@"))

    unseen = {"redis-version", "redis-eviction", "redis-memory", "redis-persistence", "redis-clients"}
    assert unseen <= verdict.unchecked.keys()
    assert (verdict.findings, verdict.status) == ({}, 0)


def test_too_many_clients_are_a_problem(examine: Examine) -> None:
    with running("--maxclients", "20") as server, ExitStack() as clients:
        for _ in range(19):
            clients.enter_context(server.client()).ping()
        found = examine("--url", server.url).findings["redis-clients"]

    assert "clients of at most 20" in found[0]


@pytest.mark.parametrize(
    ("wrong_by", "words"), [(60, "60 s ahead of that of Redis"), (-60, "60 s behind that of Redis")]
)
def test_a_clock_that_is_wrong_is_a_problem(sound: RedisServer, tmp_path: Path, wrong_by: int, words: str) -> None:
    clock = Clock(tmp_path / "clock", wrong_by=wrong_by)
    argv = [*PROGRAM, "--json", "--url", sound.url, "doctor"]
    done = subprocess.run(argv, env={**os.environ, **clock.environment}, stdout=subprocess.PIPE, check=False)
    verdict = read(done.returncode, done.stdout.decode())

    assert verdict.status == 1
    assert words in verdict.findings["clock"][0]


# What stands there


def test_keys_of_another_type_are_problems_and_hide_no_more_than_they_must(
    sound: RedisServer, examine: Examine
) -> None:
    with sound.client() as redis:
        redis.set("resque:workers", "oops")
        redis.set("resque:failed", "oops")
        redis.sadd("resque:queues", "mail", b"\xff\x1b")
        redis.set(b"resque:queue:\xff\x1b", "oops")
        redis.rpush("resqued:resque:workers", "oops")
        verdict = examine("--url", sound.url)

    keys = [line.split(" holds a ")[0].removeprefix("problem: the key ") for line in verdict.findings["key-types"]]
    assert keys == ["resque:workers", "resque:failed", "resqued:resque:workers", "resque:queue:\udcff\x1b"]
    assert "wrong type" in verdict.unchecked["unserved-queues"]
    assert "pause" not in verdict.unchecked


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, "hash") for name in ("limits", "slowed", "aside", "dropped", "awaited", "ticks", "disabled")),
        ("room", "zset"),
        ("earlier", "list"),
    ],
)
def test_keys_of_our_own_have_types_too(sound: RedisServer, examine: Examine, name: str, kind: str) -> None:
    with sound.client() as redis:
        redis.set(f"resqued:resque:{name}", "oops")
        (found,) = examine("--url", sound.url).findings["key-types"]

    assert f"the key resqued:resque:{name} holds a string, where Resque has a {kind}" in found


def test_so_have_those_of_each_worker_queue_and_limit(sound: RedisServer, examine: Examine) -> None:
    worker, places = "web1:7:mail", ("slate:web1:7:mail", "rate:mail", "limits:held:api", "limits:aside:api")
    with sound.client() as redis:
        redis.hset("resqued:resque:workers", worker, "{}")
        redis.hset("resqued:resque:limits", "api", 3)
        redis.sadd("resque:queues", "mail")
        redis.mset(dict.fromkeys((f"resqued:resque:{place}" for place in places), "oops"))
        found = examine("--url", sound.url).findings["key-types"]

    assert {line.split(" holds a ")[0].removeprefix("problem: the key resqued:resque:") for line in found} == {*places}


def test_a_counter_that_is_no_number_is_a_problem(sound: RedisServer, examine: Examine) -> None:
    with sound.client() as redis:
        redis.set("resque:stat:processed", "12x")
        redis.set("resque:stat:failed", "12")
        (found,) = examine("--url", sound.url).findings["key-types"]

    assert found.startswith("problem: the key resque:stat:processed holds text that is no number")


def test_a_fleet_that_is_paused_is_a_problem(sound: RedisServer, examine: Examine) -> None:
    with sound.client() as redis:
        redis.set("resque:pause-all-workers", "true")
        (found,) = examine("--url", sound.url).findings["pause"]

        assert "told to pause" in found
        redis.set("resque:pause-all-workers", "false")
        assert examine("--url", sound.url).findings == {}


def test_the_namespace_is_the_one_that_is_asked_for(sound: RedisServer, examine: Examine) -> None:
    with sound.client() as redis:
        redis.set("other:pause-all-workers", "true")

    assert "pause" not in examine("--url", sound.url).findings
    assert "pause" in examine("--url", sound.url, "--namespace", "other").findings


def test_nothing_is_changed(sound: RedisServer, examine: Examine) -> None:
    with sound.client() as redis:
        redis.rpush("resque:queue:q", "1")
        before = redis.info("persistence")["rdb_changes_since_last_save"]
        examine("--url", sound.url)

        assert redis.info("persistence")["rdb_changes_since_last_save"] == before


# How it is shown


def test_on_a_terminal_it_fits_the_width(sound: RedisServer) -> None:
    with sound.client() as redis:
        redis.set("resque:pause-all-workers", "true")
    with terminal() as window:
        size = os.environ | {"COLUMNS": "80", "TERM": "xterm"}
        process = window.start([*PROGRAM, "--url", sound.url, "doctor"], size)
        shown = window.shown().splitlines()
        process.wait(10)

    assert shown[0].startswith("problem  pause: all workers of the whole fleet")
    assert max(map(len, shown)) < 80


def test_in_a_pipe_a_finding_is_a_line(sound: RedisServer, ask: Ask) -> None:
    with sound.client() as redis:
        redis.set("resque:pause-all-workers", "true")
    answer = ask("--url", sound.url, "doctor")
    lines = [line.split("  ")[0] for line in answer.out.splitlines()]

    assert lines[0] == "problem"
    assert answer.out.splitlines()[1].startswith("    do: if that is no longer wanted: resquectl queue resume --all")
    assert set(lines[2:-1]) == {"not checked"}
    assert answer.out.splitlines()[-1].startswith(f"{len(CHECKS)} checks: 1 problem, 0 hints, ")
