from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.cli.conftest import ask_the_server_of_this_test, ask_without_a_server
from tests.support.daemon import Daemons, daemons

__all__ = ["ask_the_server_of_this_test", "ask_without_a_server"]  # fixtures, as the commands' own tests have them


@pytest.fixture(name="daemons")
def daemons_of_this_test(tmp_path: Path, redis: Redis, redis_url: str) -> Iterator[Daemons]:
    with daemons(tmp_path, redis, redis_url) as started:
        yield started
