"""The bench as it is started. That nothing of it stays behind is checked for every test."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from bench.measures.idle import WORKERS
from tests.support import eventually

ROOT = Path(__file__).parents[2]


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "bench", *map(str, arguments)]


def test_a_quick_run_prints_a_table_and_writes_json(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    run = subprocess.run(
        command("latency", "--quick", "--json", file), cwd=ROOT, capture_output=True, text=True, check=False, timeout=50
    )

    assert run.returncode == 0, run.stderr
    assert "latency: from enqueueing a no-op job" in run.stdout
    [section] = json.loads(file.read_text())["sections"]
    assert section["figures"][0]["contestant"] == "resqued"
    assert all(value > 0 for figure in section["figures"] for value in figure["values"])


def test_a_measure_that_is_not_there_is_refused() -> None:
    run = subprocess.run(command("beauty"), cwd=ROOT, capture_output=True, text=True, check=False, timeout=20)

    assert run.returncode == 2
    assert "'beauty' is none of latency, throughput, idle, memory" in run.stderr


@contextmanager
def under_way() -> Iterator[subprocess.Popen[bytes]]:
    """A bench of which workers are there."""
    argv = command("idle")
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        eventually(lambda: len(psutil.Process(process.pid).children(recursive=True)) > WORKERS, within=20)
        yield process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_bench_that_is_stopped_takes_everything_with_it(number: signal.Signals) -> None:
    with under_way() as process:
        process.send_signal(number)

        assert process.wait(20) == 128 + number
