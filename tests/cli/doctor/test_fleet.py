"""What doctor says of queues that nobody serves, and of workers and jobs that are not well."""

import json
import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis import Redis

from resqued import config
from resqued.cli.doctor import about_fleet
from resqued.cli.doctor.findings import Weight
from resqued.protocol.identity import Registration
from resqued.protocol.records import WorkerView, Working
from resqued.whereabouts import whereabouts
from tests.cli.asking import Ask
from tests.cli.doctor.conftest import Examine
from tests.cli.doctor.facts import NOW, facts, fleet, said, worker
from tests.cli.masters import a_pid_that_is_gone
from tests.support.redis_server import RedisServer

CONFIG = """
[redis]
url = "{url}"
[jobs]
modules = ["app.jobs"]
[pools.mail]
queues = ["critical", "mail_*", "!mail_old"]
[pools.all]
queues = ["*"]
[daemon]
run_dir = "{directory}"
state_dir = "{directory}"
"""
HEARTBEAT = "%Y-%m-%dT%H:%M:%SZ"


def date(seconds_ago: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds_ago)).strftime(HEARTBEAT)


def stand(redis: Redis, worker_id: str, *, beat: float | None = None) -> None:
    """Register a worker, whose heartbeat was so long ago (s)."""
    redis.sadd("resque:workers", worker_id)
    if beat is not None:
        redis.hset("resque:workers:heartbeat", worker_id, date(beat))


def perform(redis: Redis, worker_id: str, *, since: float, name: str = "Report") -> None:
    payload = {"class": name, "args": []}
    record = {"queue": "q", "run_at": date(since), "payload": payload}
    redis.set(f"resque:worker:{worker_id}", json.dumps(record))


# Queues


def test_queues_with_jobs_that_nobody_serves_are_a_problem(sound: RedisServer, examine: Examine) -> None:
    with sound.client() as redis:
        redis.sadd("resque:queues", "mail", "reports", "empty")
        redis.rpush("resque:queue:mail", 1)
        redis.rpush("resque:queue:reports", 1, 2)
        stand(redis, "elsewhere:1:mail", beat=0)
        verdict = examine("--url", sound.url)

    assert verdict.status == 1
    assert verdict.findings["unserved-queues"] == ["problem: nobody serves reports (2 waiting)"]


def test_a_queue_that_is_paused_is_a_hint(sound: RedisServer, ask: Ask, examine: Examine) -> None:
    ask("--url", sound.url, "queue", "pause", "mail")
    verdict = examine("--url", sound.url)
    ask("--url", sound.url, "queue", "resume", "mail")

    (found,) = verdict.findings["paused-queues"]
    assert found.startswith("hint: paused, so that no worker of resqued takes its jobs: mail (for ")
    assert verdict.status == 0
    assert "paused-queues" not in examine("--url", sound.url).findings


def test_a_pid_that_no_process_has_is_no_trouble(sound: RedisServer, examine: Examine) -> None:
    with sound.client() as redis:
        stand(redis, f"{socket.gethostname()}:9999999999999999999:q")

    assert examine("--url", sound.url).findings == {}


def test_the_dead_serve_nobody(sound: RedisServer, examine: Examine) -> None:
    with sound.client() as redis:
        redis.sadd("resque:queues", "mail")
        redis.rpush("resque:queue:mail", 1)
        stand(redis, "elsewhere:1:mail", beat=420)

    assert examine("--url", sound.url).findings.keys() == {"unserved-queues", "dead-workers"}


HOSTILE = "q\x1b[2J\r\x07\x9b31m\u202e\n"


def test_no_control_character_of_a_hostile_name_is_written(sound: RedisServer, ask: Ask) -> None:
    with sound.client() as redis:
        for name in (HOSTILE.encode(), b"\xff\x7f", b"[bold]" + b"x" * 10_000):
            redis.sadd("resque:queues", name)
            redis.rpush(b"resque:queue:" + name, 1)
            redis.sadd("resque:workers", b"h:1:" + name)
            redis.hset("resque:workers:heartbeat", b"h:1:" + name, date(420))
        for words in (["doctor"], ["--json", "doctor"]):
            answer = ask("--url", sound.url, *words)

            assert (answer.status, answer.err) == (1, "")
            assert all(line.isprintable() for line in answer.out.split("\n"))
            assert len(answer.out) < 5000


@pytest.mark.parametrize("queues", ["*", "re*", "other,reports"])
def test_queues_that_a_pattern_serves_are_none(sound: RedisServer, examine: Examine, queues: str) -> None:
    with sound.client() as redis:
        redis.sadd("resque:queues", "reports")
        redis.rpush("resque:queue:reports", 1, 2)
        stand(redis, f"elsewhere:1:{queues}", beat=0)

    assert examine("--url", sound.url).findings == {}


def test_many_of_them_are_counted() -> None:
    sizes = {f"q{i}": 1 for i in range(40)}
    (finding,) = said(about_fleet.unserved, facts(fleet=fleet(queues=sizes)))

    assert finding.says.endswith("q4 (1 waiting) and 35 more")


def pools(url: str, directory: Path) -> str:
    file = directory / "resqued.toml"
    file.write_text(CONFIG.format(url=url, directory=directory))
    return str(file)


def test_what_a_pool_serves_and_nobody_fills_is_a_hint(sound: RedisServer, examine: Examine, tmp_path: Path) -> None:
    with sound.client() as redis:
        redis.sadd("resque:queues", "critcal")
        verdict = examine("-c", pools(sound.url, tmp_path))

    assert verdict.findings["unfilled-queues"] == [
        "hint: pool mail serves critical, mail_*, and nothing was ever put there"
    ]
    assert verdict.status == 0


def test_a_name_that_looks_like_it_is_offered() -> None:
    settings = config.parse(CONFIG.format(url="redis://h", directory="/tmp"), "test")
    (finding,) = said(about_fleet.unfilled, facts(config=settings, fleet=fleet(queues={"critcal": 3, "mail_1": 0})))

    assert finding.do == "is critcal meant, where there is critical?"
    assert finding.weight is Weight.HINT


def test_pools_whose_queues_exist_are_fine(sound: RedisServer, examine: Examine, tmp_path: Path) -> None:
    with sound.client() as redis:
        redis.sadd("resque:queues", "critical", "mail_1")

    assert "unfilled-queues" not in examine("-c", pools(sound.url, tmp_path)).findings


# Workers


def test_a_worker_without_a_heartbeat_for_minutes_looks_dead(sound: RedisServer, examine: Examine) -> None:
    with sound.client() as redis:
        stand(redis, "elsewhere:1:q", beat=420)
        stand(redis, "elsewhere:2:q", beat=120)
        (found,) = examine("--url", sound.url).findings["dead-workers"]

    assert found == "problem: seems dead, and may hold a job: elsewhere:1:q (no heartbeat for 7m)"


def test_a_worker_of_this_host_whose_process_has_gone_looks_dead(sound: RedisServer, examine: Examine) -> None:
    gone = a_pid_that_is_gone()
    with sound.client() as redis:
        stand(redis, f"{socket.gethostname()}:{gone}:q")
        stand(redis, f"{socket.gethostname()}:{os.getpid()}:q")
        stand(redis, f"elsewhere:{gone}:q")
        (found,) = examine("--url", sound.url).findings["dead-workers"]

    assert found.endswith(f": {socket.gethostname()}:{gone}:q (no process {gone} on this host)")


def test_a_worker_of_ours_is_known_by_its_process_whatever_its_heartbeat(sound: RedisServer, examine: Examine) -> None:
    here = whereabouts()

    def register(redis: Redis, worker_id: str, pid: int, born: int) -> None:
        about = Registration("mail", 0, "1.0.0", here.boot, here.pids, pid, born, nonce="n")
        redis.hset("resqued:resque:workers", worker_id, about.encode())

    with sound.client() as redis:
        for number, born in ((1, here.born + 1), (2, here.born)):  # another process has its pid now; it lives
            stand(redis, f"h.{number}:{here.pid}:q", beat=5)
            register(redis, f"h.{number}:{here.pid}:q", here.pid, born)
        (found,) = examine("--url", sound.url).findings["dead-workers"]

    assert found.endswith(f": h.1:{here.pid}:q (its process has ended)")


def test_what_workers_write_of_the_future_tells_of_a_wrong_clock(sound: RedisServer, examine: Examine) -> None:
    with sound.client() as redis:
        stand(redis, "fast:1:q", beat=0)
        perform(redis, "fast:1:q", since=-90)
        stand(redis, "right:1:q", beat=0)
        perform(redis, "right:1:q", since=2)
        (found,) = examine("--url", sound.url).findings["worker-clocks"]

    assert found.startswith("problem: what workers on fast (")


def test_different_versions_are_a_hint(sound: RedisServer, examine: Examine) -> None:
    with sound.client() as redis:
        for number, version in enumerate(("1.0.0", "1.1.0", "1.1.0")):
            about = Registration("mail", 0, version, "another boot", "pid:[1]", 1, 1, nonce="n")
            redis.hset("resqued:resque:workers", f"h{number}:1:q", about.encode())
        verdict = examine("--url", sound.url)

    assert verdict.status == 0
    assert verdict.findings["versions"] == [
        "hint: the fleet runs different versions of resqued: 1.0.0 (1 workers), 1.1.0 (2 workers)"
    ]


def test_one_version_is_not(sound: RedisServer, examine: Examine) -> None:
    with sound.client() as redis:
        about = Registration("mail", 0, "1.0.0", "another boot", "pid:[1]", 1, 1, nonce="n")
        redis.hset("resqued:resque:workers", mapping={f"h{i}:1:q": about.encode() for i in range(3)})

    assert examine("--url", sound.url).findings == {}


# Jobs


def test_a_job_far_longer_than_the_others_of_its_class_is_a_problem(sound: RedisServer, examine: Examine) -> None:
    with sound.client() as redis:
        for number, since in enumerate((60, 120, 180, 7200)):
            stand(redis, f"h{number}:1:q", beat=0)
            perform(redis, f"h{number}:1:q", since=since)
        (found,) = examine("--url", sound.url).findings["slow-jobs"]

    assert found == (
        "problem: runs far longer than usual: Report of h3:1:q for 2h (half of the others of its class: at most 2m)"
    )


def running(*seconds: float, name: str = "Report") -> list[WorkerView]:
    return [
        worker(f"h{number}", "q", working=Working("q", name, {}, NOW - timedelta(seconds=age)))
        for number, age in enumerate(seconds)
    ]


@pytest.mark.parametrize(
    ("ages", "long"),
    [
        ((60, 60, 60, 3500), 0),  # not an hour
        ((900, 900, 900, 8900), 0),  # not ten times as long
        ((900, 900, 900, 9100), 1),
        ((60, 60, 80000), 0),  # nobody knows what is usual
        ((60, 60, 90000), 1),  # but a day
        ((90000, 90000, 90000, 90000), 0),  # which may be usual
    ],
)
def test_what_is_long_is_told_by_the_others(ages: tuple[float, ...], long: int) -> None:
    assert len(said(about_fleet.slow, facts(fleet=fleet(*running(*ages))))) == long


def test_other_classes_tell_nothing() -> None:
    workers = [*running(60, 60, 60), *running(7200, name="Import")]

    assert said(about_fleet.slow, facts(fleet=fleet(*workers))) == []
