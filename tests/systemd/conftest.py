from collections.abc import Callable, Iterator

import pytest
from redis import Redis

from tests.support.daemon import failures
from tests.systemd import service
from tests.systemd.machine import Machine, Unavailable, booted
from tests.systemd.service import Service


@pytest.fixture(scope="package")
def machine() -> Iterator[Machine]:
    """With resqued installed, and nothing running."""
    try:
        with booted() as machine:
            service.install(machine)
            yield machine
    except Unavailable as unavailable:
        pytest.skip(str(unavailable))


@pytest.fixture
def services(machine: Machine, redis: Redis, redis_url: str) -> Iterator[Callable[[str], Service]]:
    """Any of the units that we ship, by name: configured, and not started."""
    used: list[Service] = []

    def make(name: str) -> Service:
        used.append(Service(machine, redis_url, name))
        return used[-1]

    yield make
    for one in used:
        print(one.journal(), *failures(redis))
        one.remove()


@pytest.fixture(name="service")
def the_service(services: Callable[[str], Service]) -> Service:
    return services("resqued.service")
