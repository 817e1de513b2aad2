"""What we ship for systemd, as its own programs read it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from resqued.cli.commands import reload
from resqued.config import Shutdown
from tests.systemd.service import SHIPPED

UNITS = ("resqued.service", "resqued@.service")
EXPOSURE = 20  # of 100; 2.0 as `systemd-analyze security` shows it
OWN_DIRECTORIES = {"ExecStart", "ExecReload", "RuntimeDirectory", "StateDirectory", "WorkingDirectory", "Description"}

analyzed = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


@pytest.fixture(params=UNITS)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """One of the units with programs that exist on every machine, which is the one thing that systemd wants to see."""
    name: str = request.param
    unit = tmp_path / name
    unit.write_text((SHIPPED / name).read_text().replace("/opt/resqued/bin/", "/bin/true "))
    return unit


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def settings(name: str) -> dict[str, list[str]]:
    """What a unit says: each key once, with all that it is set to."""
    lines = (SHIPPED / name).read_text().splitlines()
    pairs = [line.partition("=") for line in lines if "=" in line and not line.startswith("#")]
    return {key: [value for other, _, value in pairs if other == key] for key, _, _ in pairs}


def seconds(setting: str) -> float:
    (value,) = settings("resqued.service")[setting]
    return float(value)


@analyzed
def test_systemd_has_nothing_to_say_about_the_unit(unit: Path) -> None:
    verdict = run("systemd-analyze", "verify", unit)

    assert (verdict.stdout, verdict.returncode) == ("", 0)  # a misspelt line is printed, and the status still 0


@analyzed
def test_systemd_does_say_something_about_a_misspelt_line(unit: Path) -> None:
    unit.write_text(unit.read_text().replace("KillMode=", "KilMode="))

    assert "KilMode" in run("systemd-analyze", "verify", unit).stdout


@analyzed
def test_the_unit_exposes_little(unit: Path) -> None:
    verdict = run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", unit)

    assert verdict.returncode == 0, verdict.stdout.splitlines()[-1]


def test_the_two_units_differ_in_their_files_only() -> None:
    one, many = (settings(name) for name in UNITS)

    assert {key for key in one | many if one.get(key) != many.get(key)} == OWN_DIRECTORIES


def test_the_unit_waits_longer_than_a_stop_takes() -> None:
    shutdown = Shutdown()

    assert seconds("TimeoutStopSec") > shutdown.grace + shutdown.term_timeout + shutdown.redis_timeout


def test_the_unit_waits_longer_than_resquectl_for_the_verdict_on_a_reload() -> None:
    assert seconds("TimeoutStartSec") > reload.TIMEOUT


@pytest.mark.skipif(
    os.geteuid() != 0 or not (shutil.which("systemd-sysusers") and shutil.which("systemd-tmpfiles")),
    reason="needs root, systemd-sysusers and systemd-tmpfiles",
)
def test_the_user_and_the_directory_for_configurations_are_made(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    sysusers = run("systemd-sysusers", f"--root={tmp_path}", SHIPPED / "resqued.sysusers")
    tmpfiles = run("systemd-tmpfiles", f"--root={tmp_path}", "--create", SHIPPED / "resqued.tmpfiles")
    name, _, _, group, _, home, shell = (tmp_path / "etc/passwd").read_text().splitlines()[-1].split(":")
    directory = (tmp_path / "etc/resqued").stat()

    assert (sysusers.returncode, tmpfiles.returncode, tmpfiles.stdout) == (0, 0, ""), sysusers.stdout
    assert (name, home, Path(shell).name) == ("resqued", "/var/lib/resqued", "nologin")
    assert (directory.st_mode & 0o777, directory.st_uid, directory.st_gid) == (0o750, 0, int(group))
