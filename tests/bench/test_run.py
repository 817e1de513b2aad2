"""The bench as it is started. That nothing of it stays behind is checked for every test."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

import psutil
import pytest

from bench.measures.idle import WORKERS
from tests.support import eventually

ROOT = Path(__file__).parents[2]


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "bench", *map(str, arguments)]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    argv = command(*arguments)
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=50)


def quick(*measures: str) -> str:
    """What it prints without peers."""
    done = run(*measures, "--quick", "--peers", "none")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_quick_run_prints_tables_writes_json_and_draws(tmp_path: Path) -> None:
    file, drawing = tmp_path / "figures.json", tmp_path / "picture.svg"
    done = run("latency", "--quick", "--rounds", "3", "--peers", "none", "--json", file, "--svg", drawing)

    assert done.returncode == 0, done.stderr
    assert "latency: from enqueueing a job" in done.stdout
    section, several, three_queues = json.loads(file.read_text())["sections"]
    assert section["figures"][0]["contestant"] == "resqued"
    assert several["figures"][0]["contestant"] == "resqued, jobs_per_fork = 100"
    assert three_queues["figures"][0]["contestant"] == "resqued, three queues"
    assert {len(figure["values"]) for figure in section["figures"]} == {3}
    assert all(value > 0 for figure in section["figures"] for value in figure["values"])
    assert "bare loop" in "".join(ET.parse(drawing).getroot().itertext())


def test_the_limit_is_measured_beside_the_worker_that_it_limits() -> None:
    shown = quick("limit", "--rounds", "1")

    assert "limit: fork, _exit, waitpid" in shown
    assert "at most 0.7: " in shown


def test_requests_are_counted_for_jobs_that_fail_too() -> None:
    shown = quick("redis")

    assert [line for line in shown.splitlines() if line.startswith("requests a")] == [
        "requests a job",
        "requests a failing job",
    ] * 2
    assert "8 idle workers" in shown


def test_a_measure_that_is_not_there_is_refused() -> None:
    refused = run("beauty")

    assert refused.returncode == 2
    assert "'beauty' is none of throughput, latency, idle, memory, redis, scale, limit" in refused.stderr


def test_a_peer_that_is_not_there_is_refused() -> None:
    refused = run("--peers", "rq,sidekiq")

    assert refused.returncode == 2
    assert "'sidekiq' is none of rq, celery" in refused.stderr


@contextmanager
def under_way() -> Iterator[subprocess.Popen[bytes]]:
    """A bench of which workers are there."""
    argv = command("idle", "--peers", "none")
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        eventually(lambda: len(psutil.Process(process.pid).children(recursive=True)) > WORKERS, within=20)
        yield process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_bench_that_is_stopped_takes_everything_with_it(number: signal.Signals) -> None:
    with under_way() as process:
        process.send_signal(number)

        assert process.wait(20) == 128 + number
