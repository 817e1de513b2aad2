"""A short run, of ours only. `./run ticks` makes long ones, and tests/interop one beside others."""

import subprocess
from pathlib import Path

from tests.support import campaign


def test_ten_minutes_of_ticks_come_once_whoever_is_killed(tmp_path: Path) -> None:
    size = ("--hour", "600", "--seconds", "2", "--hosts", "2", "--pause", "0.2")
    run = campaign.ran("ticks", "--seed", 3, *size, "--directory", tmp_path)

    assert run.returncode == 0, run.stdout + run.stderr
    for wrong in ("lost by ours", "doubled by ours", "left behind", "ticks lost or doubled"):
        assert f"    {wrong:<44}{0:>8}\n" in run.stdout
    assert "kill scheduler of ours" in run.stdout


def test_whoever_is_not_there_is_not_waited_for() -> None:
    run = subprocess.run(
        campaign.command("ticks", "--beside", "ruby"),
        cwd=campaign.ROOT,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 2
    assert run.stderr.startswith("ticks: no scheduler of ruby: set RESQUE_SCHEDULER to a checkout")
