from collections.abc import Iterator
from contextlib import closing

import pytest
from redis import Redis

from resqued import address
from resqued.protocol.keys import Keys
from resqued.store.timetable import Timetable
from resqued.wire import lean


@pytest.fixture
def timetable(redis_url: str, redis: Redis) -> Iterator[Timetable]:
    """Of one who leads."""
    with closing(lean.connect(address.parse(redis_url), name="one")) as wire:
        timetable = Timetable(wire, Keys(), "vm:1:resqued-x")
        timetable.lead()
        yield timetable
