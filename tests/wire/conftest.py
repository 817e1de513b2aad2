"""Every kind of wire, over every kind of socket, and by way of a sentinel."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Protocol

import pytest
from redis import Redis

from resqued.address import Address, parse
from resqued.wire import Wire, lean, pooled
from tests.support import eventually, sentinels
from tests.support.proxy import Proxy
from tests.support.redis_server import RedisServer
from tests.support.sentinels import Sentinel


class Connect(Protocol):
    """`lean.connect` or `pooled.connect`; what it makes is closed when the test is over."""

    def __call__(self, address: Address, *, name: str = "", timeout: float = 5.0) -> Wire: ...


KINDS: dict[str, Callable[..., Wire]] = {"lean": lean.connect, "pooled": pooled.connect}


@pytest.fixture(params=KINDS)
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    make = KINDS[request.param]
    with ExitStack() as stack:
        yield lambda address, **options: stack.enter_context(closing(make(address, **options)))


@pytest.fixture(scope="module")
def sentinel(redis_server: RedisServer) -> Iterator[Sentinel]:
    """It watches the session's server, on three connections to that."""
    with sentinels.watching(redis_server.port) as watching:
        eventually(watching.is_ready)
        yield watching


@pytest.fixture(params=["tcp", "unix", "sentinel"])
def address(request: pytest.FixtureRequest, redis_server: RedisServer, sentinel: Sentinel, redis: Redis) -> Address:
    urls = {"tcp": redis_server.url, "unix": redis_server.unix_url, "sentinel": sentinels.url_of(sentinel)}
    return parse(urls[request.param])


@pytest.fixture
def wire(connect: Connect, address: Address) -> Wire:
    """A wire to the session's server, which is empty."""
    return connect(address)


@pytest.fixture
def troubled(connect: Connect, proxy: Proxy) -> Wire:
    """A wire through the proxy, with a timeout of 0.2 s."""
    return connect(parse(proxy.url), timeout=0.2)
