"""Two hosts with the configuration of the example share the work of one Redis."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from resqued.cli import resquectl
from tests.support import hosts
from tests.support.daemon import push
from tests.support.hosts import Host
from tests.support.redis_server import RedisServer
from tests.support.waiting import eventually

EXAMPLE = Path(__file__).parents[2] / "examples" / "two-hosts"
NAMES = ("ant", "bee")

Network = tuple[RedisServer, list[Host]]


@pytest.fixture(name="network")
def network_of_two_hosts(tmp_path: Path) -> Iterator[Network]:
    try:
        with hosts.network(NAMES, tmp_path) as found:
            yield found
    except hosts.Unavailable as why:
        pytest.skip(f"no hosts can be made here: {why}")


def configured(server: RedisServer, host: Host, directory: Path) -> Path:
    text = (EXAMPLE / "resqued.toml").read_text().replace("10.0.0.1:6379", f"{host.cable.redis}:{server.port}")
    file = directory / "resqued.toml"
    more = f'[daemon]\nrun_dir = "{host.disk}"\nstate_dir = "{host.disk}"\n'
    file.write_text(text.replace("/srv/app", str(EXAMPLE)) + more)
    return file


def test_both_are_seen_and_both_perform(network: Network, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server, both = network
    redis = server.client()
    daemons = [host.start(configured(server, host, tmp_path), redis, {}) for host in both]
    for daemon in daemons:
        daemon.wait_for_workers(2)
    assert resquectl.main(["--url", server.url, "--json", "workers"]) == 0
    assert {worker["host"] for worker in json.loads(capsys.readouterr().out)} == set(NAMES)

    def everybody_has_performed() -> bool:
        push(redis, "where.Where", 7, queue="where")
        return all(f"7 on {host.name}" in daemon.output() for host, daemon in zip(both, daemons, strict=True))

    eventually(everybody_has_performed, within=15)
    for daemon in daemons:
        daemon.send(signal.SIGTERM)
    assert [daemon.wait() for daemon in daemons] == [0, 0]
    assert (redis.scard("resque:workers"), redis.llen("resque:failed")) == (0, 0)
