"""Our schedulers beside live ones of resque-scheduler and node-resque, and theirs beside ours."""

from pathlib import Path

import pytest

from tests.support import campaign
from tests.ticks.schedulers import absence

PRESENT = [kind for kind in ("ruby", "node") if not absence(kind)]


@pytest.mark.skipif(not PRESENT, reason=f"{absence('ruby')}; {absence('node')}")
def test_beside_others_ours_lose_and_double_nothing(tmp_path: Path) -> None:
    others = [word for kind in PRESENT for word in ("--beside", kind)]
    size = ["--hour", "600", "--seconds", "3", "--hosts", "2", "--pause", "0.3", "--poison", "0", "--seed", "2"]
    run = campaign.ran("ticks", *size, *others, "--directory", tmp_path)

    assert run.returncode == 0, run.stdout + run.stderr
    assert f"    {'lost by ours':<44}{0:>8}\n" in run.stdout
