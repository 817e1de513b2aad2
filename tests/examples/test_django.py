"""The shop, as somebody tries it who reads its README."""

import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from tests.daemon.conftest import daemons_of_this_test
from tests.support.daemon import Daemons
from tests.support.waiting import eventually

__all__ = ["daemons_of_this_test"]

SHOP = Path(__file__).parents[2] / "examples" / "django"
ORDER = """
import os
import django
os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
django.setup()
from django.test import Client
print(Client().post("/orders", {"address": "ann@example.org"}).content.decode())
"""
STATE = ORDER.replace('post("/orders", {"address": "ann@example.org"})', 'get("/orders/1")')


def python(*words: str) -> str:
    """What the shop's Python says."""
    command = [sys.executable, *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=SHOP, timeout=50, check=False)
    return done.stdout + done.stderr


@pytest.fixture(autouse=True)
def _elsewhere(daemons: Daemons, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", daemons.url)
    monkeypatch.setenv("DATABASE", str(daemons.directory / "db.sqlite3"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


def test_an_order_is_confirmed_by_a_worker_of_manage_py(daemons: Daemons, redis: Redis) -> None:
    assert "Applying orders.0001_initial... OK" in python("manage.py", "migrate")
    text = (SHOP / "resqued.toml").read_text().replace("redis://127.0.0.1:6379/0", daemons.url)
    place = f'\n[daemon]\nrun_dir = "{daemons.directory}"\nstate_dir = "{daemons.directory}"\n'
    file = daemons.written(text.replace('path = ["."]', f'path = ["{SHOP}"]') + place)
    daemon = daemons.start(file, program=(sys.executable, str(SHOP / "manage.py"), "resqued"))

    assert python("-c", ORDER).strip() == '{"order": 1}'
    eventually(lambda: "a letter to ann@example.org" in daemon.output(), within=20)
    eventually(lambda: redis.get("resque:stat:processed") == b"1")
    eventually(lambda: python("-c", STATE).strip() == '{"state": "confirmed"}', within=20)
    assert daemon.stop() == 0


def test_manage_py_checks_the_file_of_the_shop() -> None:
    assert python("manage.py", "resqued", "-t").endswith(f"{SHOP}/resqued.toml: ok\n")


def test_manage_py_says_what_to_write_where_there_is_no_file() -> None:
    told = python("manage.py", "resqued", "-c", "/nowhere/resqued.toml")

    assert told.startswith("CommandError: there is no /nowhere/resqued.toml; with these lines all queues are served:\n")
    assert f'path = ["{SHOP}"]\n    django = "mysite.settings"\n' in told
