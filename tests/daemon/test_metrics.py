"""What a master answers to machines that watch it."""

import json
import os
import signal
import socket
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from threading import Event, Thread

import pytest
from redis import Redis

from resqued.metrics import asking
from tests.support import redis_server
from tests.support.daemon import Daemon, popped, push
from tests.support.deployment import Deployment, performs, pool
from tests.support.metrics import Samples, ask, scraped, understood_in_a_file
from tests.support.waiting import eventually

POOL = pool("work", "work", "mail", "batch-*", more="interval = 0.2")


@pytest.fixture
def door(short_path: Path) -> Path:
    return short_path / "metrics.sock"


@pytest.fixture
def place(door: Path) -> str:
    return f"unix:{door}"


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as one:
        port: int = one.getsockname()[1]
    return port


def metrics(listen: str = "", textfile: Path | str = "") -> str:
    return f'[metrics]\nlisten = "{listen}"\ntextfile = "{textfile}"\ntextfile_interval = 0.05\n'


def jobs(found: Samples, queue: str, outcome: str) -> float:
    return found.of("resqued_jobs_total", pool="work", queue=queue, outcome=outcome)


def until(place: str, queue: str, outcome: str, number: float) -> Samples:
    """Figures stay for a second."""

    def are_there() -> Samples | None:
        found = scraped(place)
        return found if jobs(found, queue, outcome) == number else None

    return eventually(are_there) or Samples()


def kill_the_worker_of_a_job(master: Daemon, redis: Redis) -> None:
    push(redis, "Meet", queue="mail")
    popped(redis, "test:met")
    (worker,) = master.workers()
    worker.kill()
    eventually(lambda: redis.llen("resque:failed") == 2, within=10)


def test_nothing_that_was_counted_is_ever_forgotten(
    deployment: Deployment, redis: Redis, door: Path, place: str
) -> None:
    """Through the death of a worker, a reload, and another address."""
    deployment.configure(POOL, more=metrics(place, textfile := deployment.app / "resqued.prom"))
    master = deployment.start()
    assert performs(redis, "work")
    redis.rpush("resque:queue:batch-7", json.dumps({"class": "Boom", "args": [], "enqueued_at": 1}))
    redis.sadd("resque:queues", "batch-7")
    found = until(place, "*", "failed", 1)

    assert jobs(found, "work", "done") == found.of("resqued_job_wait_seconds_count") == 1
    assert found.of("resqued_job_run_seconds_count", pool="work") == 2
    kill_the_worker_of_a_job(master, redis)
    until(place, "mail", "lost", 1)
    other = f"127.0.0.1:{free_port()}"
    deployment.configure(POOL, more=metrics(other, textfile))
    assert deployment.reload().status == 0
    assert not door.exists()
    assert performs(redis, "work")

    found = until(other, "work", "done", 2)
    assert [jobs(found, "*", "failed"), jobs(found, "mail", "lost")] == [1, 1]
    assert found.of("resqued_worker_exits_total", reason="died") == 1
    assert found.of("resqued_reloads_total", verdict="accepted") == found.of("resqued_generation") == 1
    written = eventually(lambda: understood_in_a_file(textfile.read_text()))
    assert written.of("resqued_jobs_total", config="deployed", queue="mail", outcome="lost") == 1
    assert not [name for name in written.names if not name.startswith("resqued_")]
    assert master.stop() == 0
    assert not list(deployment.app.glob("*.prom*"))


def test_a_door_that_was_cleared_away_is_there_again_after_a_reload(
    deployment: Deployment, door: Path, place: str
) -> None:
    deployment.configure(POOL, more=metrics(place))
    deployment.start()
    eventually(lambda: ask(place, "/healthz").status == 200)
    door.unlink()
    assert deployment.reload().status == 0

    assert ask(place, "/healthz").status == 200


def test_what_somebody_has_put_in_the_place_of_a_door_is_left_alone(
    deployment: Deployment, door: Path, place: str
) -> None:
    deployment.configure(POOL, more=metrics(place))
    deployment.start()
    eventually(door.is_socket)
    door.unlink()
    door.write_text("mine")
    deployment.configure(POOL, more=metrics(other := f"127.0.0.1:{free_port()}"))
    assert deployment.reload().status == 0

    assert ask(other, "/healthz").status == 200
    assert door.read_text() == "mine"


def test_with_redis_away_it_says_so_and_goes_on(deployment: Deployment, place: str) -> None:
    with redis_server.running() as server:
        deployment.configure(
            POOL, redis=f'url = "{server.url}"', more=metrics(place) + "[shutdown]\nredis_timeout = 0.1\n"
        )
        master = deployment.start()
        eventually(lambda: ask(place, "/readyz").status == 200)
        os.kill(server.pid, signal.SIGKILL)
        said = eventually(lambda: (said := ask(place, "/readyz")).status == 503 and said)

        assert said
        assert json.loads(said.text)["reasons"][0].startswith("Redis does not answer 1 of 1 workers of work, for ")
        well = ask(place, "/healthz")
        assert (well.status, json.loads(well.text)["warnings"][0][:21]) == (200, "Redis does not answer")
        assert scraped(place).of("resqued_workers", state="offline") == 1
        assert master.stop() == 0


def test_hostile_visitors_change_nothing(deployment: Deployment, redis: Redis, door: Path, place: str) -> None:
    deployment.configure(POOL, more=metrics(place))
    master = deployment.start()
    enough = Event()

    def flood() -> None:
        while not enough.is_set():
            with suppress(OSError):  # so many wait outside that the kernel sends it away
                ask(place, "/metrics")

    def is_well() -> bool:
        with suppress(OSError):
            return ask(place, "/healthz").status == 200
        return False

    with ExitStack() as stack:
        for said in [b"", b"GET /metrics HTTP/1.1\r\nX: ", b"x" * 100_000] * (asking.MOST // 3 + 2):
            one = stack.enter_context(socket.socket(socket.AF_UNIX))
            one.settimeout(0.2)
            try:
                one.connect(str(door))
                one.sendall(said)
            except (BlockingIOError, TimeoutError, ConnectionError):
                pass  # there is no room, or it has been shown out
        flooding = Thread(target=flood)
        flooding.start()
        (before,) = master.workers()
        before.kill()
        master.wait_for_workers(1)
        assert performs(redis, "work")
        eventually(is_well)
        enough.set()
        flooding.join()
    assert master.stop() == 0


def test_a_door_that_cannot_be_had_keeps_nobody_from_work(
    deployment: Deployment, redis: Redis, door: Path, place: str
) -> None:
    door.write_text("mine")
    deployment.configure(POOL, more=metrics(place))
    master = deployment.start()

    assert performs(redis, "work")
    (line,) = master.logged("metrics.not_served")
    assert line["listen"] == place
    assert master.stop() == 0
    assert door.read_text() == "mine"
