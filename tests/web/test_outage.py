"""Redis stopped, and frozen: the page says so at once, and recovers by itself."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from resqued.errors import StoreUnavailable
from resqued.web import app, fleet
from resqued.web.fuse import REST, Fuse
from resqued.wire import Wire
from tests.support import redis_server
from tests.support.waiting import eventually

HERE = ("127.0.0.1", 5000)


def test_it_says_so_at_once_and_recovers(lines: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "FRESH", 0.0)
    with (
        redis_server.running() as server,
        TestClient(app(server.url), base_url="http://localhost", client=HERE) as page,
    ):
        assert page.get("/").status_code == 200
        os.kill(server.pid, signal.SIGSTOP)
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(page.get, ["/", "/queues", "/workers", "/failed", "/healthz"] * 8))
        assert {answer.status_code for answer in answers} <= {503}
        assert "Redis does not answer" in answers[0].text
        assert answers[0].headers["refresh"] == answers[0].headers["retry-after"] == "5"
        assert page.get("/healthz").json()["reasons"] == ["Redis does not answer"]

        os.kill(server.pid, signal.SIGCONT)
        eventually(lambda: page.get("/").status_code == 200)


def test_without_a_server_it_is_the_same(lines: object) -> None:
    with TestClient(app(f"127.0.0.1:{redis_server.free_port()}"), base_url="http://localhost", client=HERE) as page:
        for path in ("/", "/failed", "/statistics"):
            answer = page.get(path)
            assert answer.status_code == 503
            assert "cannot connect to Redis" in answer.text


class Dead:
    """A wire that counts who waits for it."""

    def __init__(self) -> None:
        self.calls, self.is_back = 0, False

    def call(self, *_: Any, **_how: Any) -> bytes:
        self.calls += 1
        if not self.is_back:
            raise StoreUnavailable("no answer")
        return b"PONG"


def test_only_one_in_a_while_waits_for_it() -> None:
    now, dead = [0.0], Dead()
    fuse = Fuse(cast("Wire", dead), clock=lambda: now[0])
    for _ in range(5):
        with pytest.raises(StoreUnavailable, match="no answer"):
            fuse.call("PING")
    assert dead.calls == 1

    now[0], dead.is_back = REST, True
    assert fuse.call("PING") == b"PONG"
    assert fuse.call("PING") == b"PONG"
