"""The shop, as somebody tries it who reads its README."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.daemon.conftest import daemons_of_this_test
from tests.support.daemon import Daemons

__all__ = ["daemons_of_this_test"]

SHOP = Path(__file__).parents[2] / "examples" / "sqlalchemy"


def test_orders_are_confirmed(daemons: Daemons, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", daemons.url)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{daemons.directory / 'shop.sqlite3'}")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    text = (SHOP / "resqued.toml").read_text().replace("redis://127.0.0.1:6379/0", daemons.url)
    place = f'\n[daemon]\nrun_dir = "{daemons.directory}"\nstate_dir = "{daemons.directory}"\n'
    daemons.start(daemons.written(text.replace('path = ["."]', f'path = ["{SHOP}"]') + place))

    for number, address in enumerate(("ann@example.org", "bob@example.org"), 1):
        command = [sys.executable, "order.py", address]
        done = subprocess.run(command, capture_output=True, text=True, cwd=SHOP, timeout=50, check=False)
        assert (done.stdout, done.stderr) == (f"order {number} is confirmed\n", "")
