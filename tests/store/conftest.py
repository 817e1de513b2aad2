from collections.abc import Iterator
from contextlib import closing

import pytest

from resqued import Resque, address
from resqued.protocol.keys import Keys
from resqued.store.failures import Failures
from resqued.store.pruning import Pruning
from resqued.store.slate import Slate
from resqued.wire import lean, pooled
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


@pytest.fixture
def pruning(redis_url: str) -> Iterator[Pruning]:
    with closing(lean.connect(address.parse(redis_url), name="pruning")) as wire:
        yield Pruning(wire, Keys())


@pytest.fixture
def resque(redis_url: str) -> Iterator[Resque]:
    with Resque(redis_url) as resque:
        yield resque
