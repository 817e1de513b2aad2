"""The example, as somebody runs it who has just found the project."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from resqued import config

ECHO = Path(__file__).parents[2] / "examples" / "echo"


@pytest.fixture(name="place")
def directory_for_temporary_files(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the demo keeps everything; its path is short, because that of a socket has to be."""
    with tempfile.TemporaryDirectory(prefix="rq-", dir="/tmp") as directory:
        monkeypatch.setenv("TMPDIR", directory)
        yield Path(directory)


def demo(text: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ECHO / "demo.py")]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=50, check=False)


@contextmanager
def demo_at_work() -> Iterator[subprocess.Popen[str]]:
    """A demo in a session of its own that has performed a line and waits for the next."""
    command = [sys.executable, str(ECHO / "demo.py")]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        print("hello", file=process.stdin, flush=True)
        assert "hello\n" in iter(process.stdout.readline, "")
        yield process


# The demo


def test_the_demo_performs_each_line_and_shows_the_keys(place: Path) -> None:
    done = demo("hello\nworld\n")

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert {"hello", "world"} <= set(lines)
    assert re.search(r"^  resque:queues +set +names of all queues", done.stdout, re.MULTILINE)
    assert re.search(
        r"^  resque:worker:\S+:echo:started +string +when the worker registered$", done.stdout, re.MULTILINE
    )
    assert lines[-1].startswith("--- stopped")


def test_every_key_that_the_demo_shows_is_explained(place: Path) -> None:
    shown = [line for line in demo("hello\n").stdout.splitlines() if line.startswith("  resque")]

    assert len(shown) > 5
    assert not [line for line in shown if line.endswith("?")]


def test_the_demo_leaves_no_file_behind(place: Path) -> None:
    demo("hello\n")

    assert list(place.iterdir()) == []


def test_the_demo_does_without_a_line(place: Path) -> None:
    assert demo("").returncode == 0


def test_the_demo_uses_no_redis_but_its_own(place: Path, redis: Redis, redis_url: str) -> None:
    before = redis.info("stats")["total_connections_received"]
    demo("hello\n")

    assert redis.info("stats")["total_connections_received"] == before
    assert redis.dbsize() == 0


def test_a_line_that_is_not_utf8_is_echoed_as_far_as_it_goes(place: Path) -> None:
    command = [sys.executable, str(ECHO / "demo.py")]
    done = subprocess.run(command, input=b"a\xffb\n", capture_output=True, timeout=50, check=False)

    assert done.returncode == 0, done.stderr
    assert "a\N{REPLACEMENT CHARACTER}b" in done.stdout.decode().splitlines()


def test_control_c_stops_the_demo_and_all_that_it_started(place: Path) -> None:
    with demo_at_work() as process:
        os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to everybody in front of it
        _, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Traceback" not in err
    assert list(place.iterdir()) == []


def test_a_term_stops_the_demo_and_all_that_it_started(place: Path) -> None:
    with demo_at_work() as process:
        process.terminate()
        process.communicate(timeout=30)

    assert process.returncode == 143
    assert list(place.iterdir()) == []


def test_a_demo_that_is_killed_takes_its_daemon_along(place: Path) -> None:
    with demo_at_work() as process:
        process.kill()
        process.communicate(timeout=30)  # until nobody has its output open any more: no worker, no master


# The client and the configuration


def test_the_client_prompts_and_enqueues_each_line(redis: Redis, redis_url: str) -> None:
    command = [sys.executable, str(ECHO / "client.py"), redis_url]
    done = subprocess.run(command, input="hello\nwörld\n", capture_output=True, text=True, timeout=30, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("input text: ")
    assert redis.lrange("resque:queue:echo", 0, -1) == [
        b'{"class":"MyTask::Echo","args":["hello"]}',
        '{"class":"MyTask::Echo","args":["wörld"]}'.encode(),
    ]


def test_the_configuration_serves_the_queue_of_the_client() -> None:
    file = ECHO / "resqued.toml"
    settings = config.parse(file.read_text(), str(file))

    assert settings.pools["echo"].queues == ("echo",)
    assert settings.jobs.names == {"MyTask::Echo": "jobs:Echo"}
