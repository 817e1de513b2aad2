from collections.abc import Iterator

import pytest

from resqued import address
from resqued.protocol.keys import Keys
from resqued.store.failures import Failures
from resqued.store.slate import Slate
from resqued.wire import pooled
from tests.store.slates import slate_at


@pytest.fixture(name="slate")
def slate_on_an_empty_redis(redis_url: str) -> Iterator[Slate]:
    with slate_at(redis_url) as slate:
        yield slate


@pytest.fixture
def failures(redis_url: str) -> Iterator[Failures]:
    wire = pooled.connect(address.parse(redis_url))
    yield Failures(wire, Keys())
    wire.close()
