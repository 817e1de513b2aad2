from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.support.daemon import Daemons, daemons
from tests.support.deployment import Deployment
from tests.support.noting import Site


@pytest.fixture(name="daemons")
def daemons_of_this_test(tmp_path: Path, redis: Redis, redis_url: str) -> Iterator[Daemons]:
    with daemons(tmp_path, redis, redis_url) as started:
        yield started


@pytest.fixture
def site(daemons: Daemons) -> Site:
    return Site(daemons)


@pytest.fixture
def deployment(daemons: Daemons, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(daemons.directory / "run"))
    monkeypatch.setenv("STATE_DIRECTORY", str(daemons.directory / "state"))
    return Deployment(daemons)
