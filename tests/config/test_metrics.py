"""Where metrics may be asked for, and written."""

import pytest

from resqued import config
from resqued.errors import ConfigError

REQUIRED = 'jobs.modules = ["a"]\npools.default.queues = ["*"]\n'


def mistakes(line: str) -> list[str]:
    try:
        config.parse(f"{REQUIRED}metrics.{line}", "file")
    except ConfigError as error:
        return list(error.mistakes)
    return []


@pytest.mark.parametrize(
    "place", ["", "127.0.0.1:9748", "127.1.2.3:1", "[::1]:65535", "localhost:9748", "unix:/run/resqued/metrics.sock"]
)
def test_this_machine_may_ask(place: str) -> None:
    assert mistakes(f'listen = "{place}"') == []


@pytest.mark.parametrize("place", ["0.0.0.0:9748", "[::]:9748", "10.0.0.1:9748"])
def test_nobody_else_may(place: str) -> None:
    (mistake,) = mistakes(f'listen = "{place}"')

    assert mistake == "metrics.listen: nobody has to log in there; listen on 127.0.0.1 or at a unix socket"


def test_what_is_no_place_is_a_mistake() -> None:
    (mistake,) = mistakes('listen = "/run/metrics.sock"')

    assert mistake.startswith("metrics.listen: expected an address to listen at, such as ")


def test_a_file_that_nobody_would_read_is_a_mistake() -> None:
    (mistake,) = mistakes('textfile = "/tmp/metrics.txt"')

    assert mistake == 'metrics.textfile: node_exporter reads only files whose names end with ".prom"'
