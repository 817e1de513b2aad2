"""Fixtures of every test: one real Redis a session, empty for each test that asks; no process is left behind."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from redis import Redis

from resqued import atfork
from tests.support import processes, redis_server
from tests.support import proxy as proxies
from tests.support.proxy import Proxy
from tests.support.redis_server import RedisServer
from tests.support.waiting import eventually


def pytest_addoption(parser: pytest.Parser) -> None:
    what = "jobs.at_fork of every daemon under test: the suite passes with both"
    parser.addoption("--at-fork", choices=("needed", "all"), default="needed", help=what)


def pytest_configure(config: pytest.Config) -> None:
    os.environ["TEST_AT_FORK"] = config.getoption("--at-fork")
    atfork.allowed = config.getoption("--at-fork") == "needed"


@pytest.fixture(scope="session", name="redis_server")
def running_redis_server() -> Iterator[RedisServer]:
    """The session's server. Do not change its settings: `redis_server.running(...)` makes one for a test alone."""
    with redis_server.running() as server:
        yield server


@pytest.fixture(name="redis")
def client_of_an_empty_redis(redis_server: RedisServer) -> Iterator[Redis]:
    """A plain client, for preparing and asserting, of the session's server, which is empty."""
    with redis_server.client() as client:
        client.flushall()
        yield client


@pytest.fixture
def redis_url(redis_server: RedisServer, redis: Redis) -> str:
    """The address (TCP) of the session's server, which is empty."""
    return redis_server.url


@pytest.fixture(scope="session")
def _running_proxy(redis_server: RedisServer) -> Iterator[Proxy]:
    with proxies.before(redis_server.port) as proxy:
        yield proxy


@pytest.fixture
def proxy(_running_proxy: Proxy, redis: Redis) -> Iterator[Proxy]:
    """A proxy before the session's server, which is empty: it has seen nothing and makes no trouble until told to."""
    _running_proxy.behave()
    yield _running_proxy
    _running_proxy.behave()


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A temporary directory in which there is room for the path of a unix socket (107 bytes); `tmp_path` has little."""
    with TemporaryDirectory(prefix="rq-", dir="/tmp") as path:
        yield Path(path)


@pytest.fixture(scope="session", autouse=True)
def _orphans_come_to_us() -> None:
    processes.adopt_orphans()


@pytest.fixture(autouse=True)
def _no_process_is_left_behind() -> Iterator[None]:
    """Fail a test whose processes, or their orphans, outlive it; what is on its way out gets two seconds.

    What a fixture of the module or the session started before the test is not the test's.
    """
    before = processes.children()
    yield
    try:
        eventually(lambda: processes.children() <= before, within=2.0)
    except AssertionError:
        left = processes.children() - before
        names = ", ".join(processes.described(process) for process in left)
        processes.kill_families(left)
        pytest.fail(f"left behind: {names}")
