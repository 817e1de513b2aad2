"""Our schedulers beside live ones of resque-scheduler and node-resque, and theirs beside ours."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.ticks.schedulers import absence

ROOT = Path(__file__).parents[2]
PRESENT = [kind for kind in ("ruby", "node") if not absence(kind)]


@pytest.mark.skipif(not PRESENT, reason=f"{absence('ruby')}; {absence('node')}")
def test_beside_others_ours_lose_and_double_nothing(tmp_path: Path) -> None:
    others = [word for kind in PRESENT for word in ("--beside", kind)]
    size = ["--hour", "600", "--seconds", "3", "--hosts", "2", "--pause", "0.3", "--poison", "0", "--seed", "2"]
    run = subprocess.run(
        [sys.executable, "-m", "tests.ticks", *size, *others, "--directory", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=58,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert f"    {'lost by ours':<44}{0:>8}\n" in run.stdout
