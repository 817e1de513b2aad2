"""Every kind of wire, over every kind of socket."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Protocol

import pytest
from redis import Redis

from resqued.address import Address, parse
from resqued.wire import Wire, lean, pooled
from tests.support.proxy import Proxy
from tests.support.redis_server import RedisServer


class Connect(Protocol):
    """`lean.connect` or `pooled.connect`; what it makes is closed when the test is over."""

    def __call__(self, address: Address, *, name: str = "", timeout: float = 5.0) -> Wire: ...


KINDS: dict[str, Callable[..., Wire]] = {"lean": lean.connect, "pooled": pooled.connect}


@pytest.fixture(params=KINDS)
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    make = KINDS[request.param]
    with ExitStack() as stack:
        yield lambda address, **options: stack.enter_context(closing(make(address, **options)))


@pytest.fixture(params=["tcp", "unix"])
def address(request: pytest.FixtureRequest, redis_server: RedisServer, redis: Redis) -> Address:
    return parse(redis_server.url if request.param == "tcp" else redis_server.unix_url)


@pytest.fixture
def wire(connect: Connect, address: Address) -> Wire:
    """A wire to the session's server, which is empty."""
    return connect(address)


@pytest.fixture
def troubled(connect: Connect, proxy: Proxy) -> Wire:
    """A wire through the proxy, with a timeout of 0.2 s."""
    return connect(parse(proxy.url), timeout=0.2)
