"""Short runs. `./run chaos` makes long ones."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.support import campaign, eventually


@pytest.mark.parametrize(("policy", "seed"), [("fail", 33), ("requeue", 31)])
def test_no_job_is_lost_or_counted_twice_whatever_is_killed(policy: str, seed: int, tmp_path: Path) -> None:
    size = ("--jobs", 350, "--seconds", 6, "--masters", 2, "--workers", 3, "--pause", 0.15)
    run = campaign.ran("chaos", "--seed", seed, "--policy", policy, *size, "--directory", tmp_path)

    assert run.returncode == 0, run.stdout + run.stderr
    for wrong in (
        "lost",
        "double-counted",
        "performed at the same time twice",
        "more of a kind at the same time than may",
    ):
        assert f"    {wrong:<51}0\n" in run.stdout


def test_the_script_of_a_seed_can_be_read_before_it_is_played() -> None:
    argv = campaign.command("chaos", "--seed", 5, "--seconds", 60, "--show")
    shown = [subprocess.check_output(argv, cwd=campaign.ROOT, text=True) for _ in range(2)]

    assert shown[0] == shown[1]
    assert shown[0].startswith("./run chaos --seed 5 ")
    assert "kill worker at 0." in shown[0]


def test_whom_nobody_knows_cannot_be_spared() -> None:
    run = campaign.ran("chaos", "--spare", "nobody")

    assert run.returncode == 2
    assert "'nobody' is none of job, worker, master, pruner, scheduler, redis, network" in run.stderr


@contextmanager
def under_way(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run that has a job under way."""
    argv = campaign.command("chaos", "--seconds", 50, "--directory", directory)
    with subprocess.Popen(argv, cwd=campaign.ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        eventually(lambda: any(file.stat().st_size for file in directory.glob("*/ledger")), within=20)
        yield process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_stopped_takes_everything_with_it(number: signal.Signals, tmp_path: Path) -> None:
    with under_way(tmp_path) as process:
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)

        assert process.wait(30) == 128 + number
    assert not [one for one in family if one.is_running()]
