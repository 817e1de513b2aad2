import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from starlette.testclient import TestClient

from resqued.log import log
from resqued.web import app
from resqued.web import fleet as fleets
from tests.web import scene

Open = Callable[..., TestClient]


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Callable[[], str]]:
    """What has been logged."""
    file = tmp_path / "log"
    log.configure(format="json", file=str(file))
    yield file.read_text
    log.configure(stream=os.open(os.devnull, os.O_WRONLY))


@pytest.fixture
def visit(redis: Redis, redis_url: str, lines: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """A browser at a page of the session's Redis, on this machine unless it says otherwise. Nothing it sees is old."""
    monkeypatch.setattr(fleets, "FRESH", 0.0)
    with ExitStack() as stack:

        def opened(*, client: tuple[str, int] = ("127.0.0.1", 5000), **terms: Any) -> TestClient:
            page = TestClient(app(redis_url, **terms), base_url="http://localhost", client=client)
            return stack.enter_context(page)

        yield opened


@pytest.fixture
def page(visit: Open) -> TestClient:
    return visit()


@pytest.fixture
def fleet(redis: Redis) -> None:
    scene.set_up(redis)
