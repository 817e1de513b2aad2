"""`./run`, as far as it can be tried without installing anything."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
READERS = [(shell, "run") for shell in ("sh", "dash", "bash") if shutil.which(shell)] + [("bash", ".ci/run")]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in which nothing has been installed, in a directory with a difficult name."""
    checkout = tmp_path / "a $(checkout) of 'ours'"
    checkout.mkdir()
    for name in ("run", "pyproject.toml"):
        shutil.copy(ROOT / name, checkout)
    return checkout


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=20
    )


def python_that(behaviour: str, directory: Path) -> str:
    """A program in the place of Python that does what the lines of shell in `behaviour` say."""
    python = directory / "python"
    python.write_text(f"#!/bin/sh\n{behaviour}\n")
    python.chmod(0o755)
    return str(python)


@pytest.mark.parametrize(("shell", "script"), READERS)
def test_shells_can_read_the_scripts(shell: str, script: str) -> None:
    read = run(shell, "-n", script)

    assert (read.stderr, read.returncode) == ("", 0)


@pytest.mark.parametrize("script", ["run", ".ci/run"])
def test_the_scripts_can_be_run(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)


def test_help_names_every_command(tmp_path: Path) -> None:
    shown = run(ROOT / "run", "help", cwd=tmp_path)

    assert shown.returncode == 0
    assert [name for name in ("demo", "test", "check", "bench", "man") if f"\n  {name} " not in shown.stdout] == []


@pytest.mark.parametrize("arguments", [["frobnicate"], []])
def test_what_is_no_command_is_refused_with_the_usage(arguments: list[str]) -> None:
    refused = run(ROOT / "run", *arguments)

    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("usage: ./run ")


def test_a_python_that_is_too_old_is_named(checkout: Path, tmp_path: Path) -> None:
    python = python_that("exit 1", tmp_path)

    refused = run(checkout / "run", "demo", PYTHON=python)

    assert refused.returncode == 1
    assert "needs Python 3.11 or newer" in refused.stderr
    assert python in refused.stderr


def test_a_python_without_venv_is_told_what_to_install(checkout: Path, tmp_path: Path) -> None:
    python = python_that('[ "$1" != -m ] || { echo "ensurepip is not available"; exit 1; }', tmp_path)

    refused = run(checkout / "run", "demo", PYTHON=python)

    assert refused.returncode == 1
    assert "ensurepip is not available" in refused.stderr
    assert "apt install python3-venv" in refused.stderr


def test_what_pip_says_is_shown_when_it_fails(checkout: Path, tmp_path: Path) -> None:
    pip = '#!/bin/sh\\n[ "$2" != pip ] || { echo "no such package"; exit 1; }'
    python = python_that(
        f"""[ "$2" != venv ] || {{ mkdir -p "$4/bin"; printf '{pip}' >"$4/bin/python"; chmod +x "$4/bin/python"; }}""",
        tmp_path,
    )

    refused = run(checkout / "run", "demo", PYTHON=python)

    assert refused.returncode == 1
    assert "no such package" in refused.stderr
    assert not list(checkout.glob(".venv/.installed-*"))
