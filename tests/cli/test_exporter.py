"""`resquectl exporter`: the fleet, for machines that watch it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis import Redis

from resqued.cli import fleetfigures, resquectl
from resqued.cli.fleetfigures import Counter, FleetFigures
from resqued.errors import StoreUnavailable
from resqued.protocol.keys import Keys
from resqued.store.survey import Survey
from resqued.wire import pooled
from tests.support import redis_server
from tests.support.metrics import OPENMETRICS, Samples, ask, scraped, understood
from tests.support.redis_server import RedisServer
from tests.support.waiting import eventually

HOUR = timedelta(hours=1)


@pytest.fixture
def survey(redis_server: RedisServer, redis: Redis) -> Iterator[Survey]:
    wire = pooled.connect(redis_server.client(), timeout=5.0)
    yield Survey(wire, Keys())
    wire.close()


def request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nAccept: {OPENMETRICS['Accept']}".encode()


def told(survey: Survey) -> Samples:
    return understood(body(FleetFigures(survey.look, stays_for=0).answer(request("/metrics"))))


def body(answer: bytes) -> str:
    return answer.partition(b"\r\n\r\n")[2].decode()


def put(redis: Redis, queue: bytes | str, *jobs: dict[str, object]) -> None:
    redis.sadd("resque:queues", queue)
    key = b"resque:queue:" + (queue if isinstance(queue, bytes) else queue.encode())
    for job in jobs:
        redis.rpush(key, json.dumps({"class": "Mail", "args": [], **job}))


def test_queues_are_told_with_depth_wait_and_workers(survey: Survey, redis: Redis) -> None:
    put(redis, "mail", {"enqueued_at": (datetime.now(UTC) - HOUR).isoformat()}, {})
    put(redis, "untold", {})
    put(redis, "empty")
    redis.sadd("resque:workers", "one:1:mail,untold", "two:2:*", "two:3:m*")
    redis.hset("resqued:resque:paused", "untold", "2026/11/23 07:00:00 UTC")
    samples = told(survey)

    assert [samples.of("resque_queue_jobs", queue=name) for name in ("mail", "untold", "empty")] == [2, 1, 0]
    assert [samples.of("resque_queue_workers", queue=name) for name in ("mail", "untold", "empty")] == [3, 2, 1]
    assert [samples.of("resque_queue_paused", queue=name) for name in ("mail", "untold")] == [0, 1]
    assert 3600 <= samples.of("resque_queue_oldest_wait_seconds") < 3660  # of others nobody knows
    assert samples.of("resque_queues") == 3
    assert samples.of("resque_up") == 1


def test_workers_are_counted_by_host(survey: Survey, redis: Redis) -> None:
    redis.sadd("resque:workers", "one:1:mail", "one:2:mail", "two:3:mail", "two:4:mail")
    redis.set("resque:worker:one:1:mail", "{}")
    redis.set("resque:worker:two:3:mail", "{}")
    redis.hset("resque:workers:heartbeat", "two:3:mail", (datetime.now(UTC) - HOUR).isoformat(timespec="seconds"))
    samples = told(survey)

    assert samples.of("resque_workers") == 4
    for host, state in (("one", "busy"), ("one", "idle"), ("two", "stale"), ("two", "idle")):
        assert samples.of("resque_workers", host=host, state=state) == 1


def test_jobs_and_failures_are_counted(survey: Survey, redis: Redis) -> None:
    redis.mset({"resque:stat:processed": 70, "resque:stat:failed": 7, "resque:pause-all-workers": "true"})
    redis.rpush("resque:failed", "{}", "{}")
    samples = told(survey)

    names = "resque_jobs_processed_total", "resque_jobs_failed_total", "resque_failed_entries", "resque_paused"
    assert [samples.of(name) for name in names] == [70, 7, 2, 1]


def test_delayed_jobs_are_told_and_who_brings_them(survey: Survey, redis: Redis) -> None:
    now = int(time.time())
    redis.zadd("resque:delayed_queue_schedule", {str(at): at for at in (now - 120, now - 60, now + 3600)})
    redis.hset("resque:delayed:last_enqueued_at", mapping={"nightly": "2026-11-23T03:30:00Z", "broken": "soon"})
    redis.set("resque:resque:resque_scheduler_master_lock", "one:2")
    samples = told(survey)

    assert samples.of("resque_delayed_moments") == 3
    assert samples.of("resque_delayed_overdue_moments") == 2
    assert 120 <= samples.of("resque_delayed_overdue_seconds") < 180
    assert samples.of("resque_scheduler_leaders") == samples.of("resque_scheduler_leader", lock="ruby", holder="one:2")
    assert samples.of("resque_schedule_last_enqueued_timestamp_seconds", schedule="nightly") == 1795404600
    assert samples.of("resque_schedule_last_enqueued_timestamp_seconds") == 1795404600


@pytest.mark.parametrize(("ruby", "node", "leaders"), [(None, None, 0), ("a", "a", 1), (None, "a", 1), ("a", "b", 2)])
def test_two_schedulers_that_lead_are_seen(
    survey: Survey, redis: Redis, ruby: str | None, node: str | None, leaders: int
) -> None:
    for key, holder in (
        ("resque:resque:resque_scheduler_master_lock", ruby),
        ("resque:resque_scheduler_leader_lock", node),
    ):
        if holder:
            redis.set(key, holder)

    assert told(survey).of("resque_scheduler_leaders") == leaders


def test_schedules_without_number_are_not_told(survey: Survey, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resqued.store.survey.MOST_SCHEDULES", 1)
    redis.hset("resque:delayed:last_enqueued_at", mapping=dict.fromkeys("ab", "2026-11-23T03:30:00Z"))

    assert "resque_schedule_last_enqueued_timestamp_seconds" not in told(survey).names


def test_no_queue_can_break_the_figures(survey: Survey, redis: Redis) -> None:
    names: list[bytes | str] = ['a"}\nresque_up 0', "a\\nb", "a\nb", "\x1b[2J", "*", "", "é", b"\xff", "\\xff"]
    for name in names:
        put(redis, name, {})
        redis.sadd("resque:workers", b"h:1:" + (name if isinstance(name, bytes) else name.encode()))
    redis.set("resque:queue:text", "no list")
    redis.sadd("resque:queues", "text")
    answer = FleetFigures(survey.look, stays_for=0).answer(request("/metrics"))
    lines = [line for line in body(answer).splitlines() if line.startswith("resque_queue_jobs{")]

    assert understood(body(answer)).of("resque_queue_jobs") == len(names)
    assert len(lines) == len(set(lines)) == len(names) + 1
    assert b"\x1b" not in answer


def test_there_are_no_more_names_than_a_scraper_can_bear(
    survey: Survey, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleetfigures, "MOST_QUEUES", 2)
    monkeypatch.setattr(fleetfigures, "MOST_HOSTS", 1)
    for number in range(1, 5):
        put(redis, f"q{number}", *[{}] * number)
        redis.sadd("resque:workers", f"h{number}:1:q")
    samples = told(survey)

    assert [samples.of("resque_queue_jobs", queue=name) for name in ("q4", "q3", "*")] == [4, 3, 3]
    assert [samples.of("resque_workers", host=name) for name in ("h1", "*")] == [1, 3]
    assert samples.of("resque_queues") == 4


@pytest.mark.parametrize(
    ("values", "told"), [([5, 6, 6], [5, 6, 6]), ([5, 4, 6], [5, 5, 6]), ([5000, 0, 1], [5000, 0, 1])]
)
def test_a_job_that_is_put_back_is_no_new_beginning(values: list[int], told: list[int]) -> None:
    counter = Counter()

    assert [counter.hold(value) for value in values] == told


def test_many_who_ask_cost_redis_one_look(survey: Survey) -> None:
    looks = 0

    def look() -> object:
        nonlocal looks
        looks += 1
        return survey.look()

    figures = FleetFigures(look, stays_for=60)  # type: ignore[arg-type]
    for path in ("/metrics", "/healthz", "/readyz", "/metrics", "/nothing"):
        figures.answer(request(path))

    assert looks == 1


def test_a_redis_that_does_not_answer_is_no_reason_to_end() -> None:
    def look() -> None:
        raise StoreUnavailable("Redis at \x1b[2J does not answer")

    figures = FleetFigures(look, stays_for=60)  # type: ignore[arg-type]
    samples = understood(body(figures.answer(request("/metrics"))))

    assert samples.of("resque_up") == 0
    assert samples.names == {"resque_up", "resque_look_seconds", "resque_exporter_info"}
    assert figures.answer(request("/healthz")).startswith(b"HTTP/1.1 200 ")
    assert figures.answer(request("/readyz")).startswith(b"HTTP/1.1 503 ")
    assert "does not answer" in body(figures.answer(request("/readyz")))


@pytest.fixture
def export(short_path: Path) -> Iterator[Callable[..., tuple[str, subprocess.Popen[str]]]]:
    """Start one; its place and its process."""
    started: list[subprocess.Popen[str]] = []

    def start(url: str) -> tuple[str, subprocess.Popen[str]]:
        place = f"unix:{short_path}/exporter.sock"
        words = ["--url", url, "exporter", "--listen", place, "--interval", "0"]
        run = "import sys; from resqued.cli.resquectl import main; sys.exit(main())"
        command = [sys.executable, "-c", run, *words]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stderr
        assert process.stderr.readline() == f"resquectl: figures of the fleet are at {place}\n"
        return place, process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_it_serves_through_an_outage_until_it_is_told_to_stop(
    export: Callable[[str], tuple[str, subprocess.Popen[str]]],
) -> None:
    port = redis_server.free_port()
    with redis_server.running("--port", str(port)) as server:
        place, process = export(f"redis://127.0.0.1:{port}/0")
        assert scraped(place).of("resque_up") == 1
        os.kill(server.pid, signal.SIGKILL)
        eventually(lambda: scraped(place).of("resque_up") == 0)
        assert ask(place, "/readyz").status == 503
    with redis_server.running("--port", str(port)):
        eventually(lambda: scraped(place).of("resque_up") == 1)
        process.send_signal(signal.SIGTERM)

        assert process.wait(10) == 0
        assert not Path(place.removeprefix("unix:")).exists()


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("0.0.0.0:9749", "nobody has to log in there"),
        ("example.com:80", "expected an address to listen at"),
        ("127.0.0.1:99999", "expected an address to listen at"),
    ],
)
def test_it_listens_to_this_machine_alone(place: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        resquectl.main(["exporter", "--listen", place])
    assert f"--listen: {why}" in capsys.readouterr().err


def test_what_is_no_socket_is_left_alone(tmp_path: Path, redis_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("mine")

    assert resquectl.main(["--url", redis_url, "exporter", "--listen", f"unix:{tmp_path}/mine"]) == 1
    assert "there is something else already" in capsys.readouterr().err
    assert (tmp_path / "mine").read_text() == "mine"
