from collections.abc import Iterator

import pytest

from resqued import Resque


@pytest.fixture
def resque(redis_url: str) -> Iterator[Resque]:
    """A client of an empty Redis."""
    with Resque(redis_url) as client:
        yield client
