from collections.abc import Iterator

import pytest

from resqued.store.slate import Slate
from tests.store.slates import slate_at


@pytest.fixture(name="slate")
def slate_on_an_empty_redis(redis_url: str) -> Iterator[Slate]:
    with slate_at(redis_url) as slate:
        yield slate
