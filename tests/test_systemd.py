"""The unit that we ship, as systemd itself reads it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from resqued.config import Shutdown

UNIT = Path(__file__).parent.parent / "systemd" / "resqued.service"
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that exists on every machine, which is the one thing that systemd wants to see."""
    unit = tmp_path / UNIT.name
    lines = UNIT.read_text().splitlines(keepends=True)
    unit.write_text("".join("ExecStart=/bin/sh\n" if line.startswith("ExecStart=") else line for line in lines))
    return unit


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [ANALYZE or "", *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


@needs_systemd
def test_systemd_has_nothing_to_say_about_the_unit(unit: Path) -> None:
    verdict = analyze("verify", unit)

    assert (verdict.stdout, verdict.returncode) == ("", 0)  # a misspelt line is printed, and the status still 0


@needs_systemd
def test_systemd_does_say_something_about_a_misspelt_line(unit: Path) -> None:
    unit.write_text(unit.read_text().replace("KillMode=", "KilMode="))

    assert "KilMode" in analyze("verify", unit).stdout


@needs_systemd
def test_the_unit_exposes_little(unit: Path) -> None:
    verdict = analyze("security", "--offline=true", "--threshold=20", unit)

    assert verdict.returncode == 0, verdict.stdout.splitlines()[-1]


def test_the_unit_waits_longer_than_a_stop_takes() -> None:
    shutdown = Shutdown()

    assert seconds("TimeoutStopSec") > shutdown.grace + shutdown.term_timeout + shutdown.redis_timeout


def seconds(setting: str) -> float:
    (value,) = (line.split("=")[1] for line in UNIT.read_text().splitlines() if line.startswith(f"{setting}="))
    return float(value)
