"""A whole daemon by every way there is to a Redis: its address, its place there, users and passwords."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from redis import Redis

from tests.support.daemon import Daemon, text_of
from tests.support.noting import Site, left_in, push
from tests.support.redis_server import RedisServer, running
from tests.support.sealed import sealed
from tests.support.waiting import eventually


def connections(redis: Redis) -> list[dict[str, Any]]:
    """Those of daemons, as the server lists them."""
    return [client for client in redis.client_list() if client["name"].startswith("resqued")]


# --- address ---


def test_over_a_unix_socket(site: Site, redis: Redis, redis_server: RedisServer) -> None:
    master = site.start(f'url = "{redis_server.unix_url}"')
    push(redis, "Note", "by file")
    site.wait_for("by file")

    assert {client["addr"] for client in connections(redis)} == {f"{redis_server.directory}/redis.sock:0"}
    assert master.stop() == 0
    assert left_in(redis) == {"resque:queues", "resque:stat:processed"}


def test_over_tls_with_a_private_authority_and_a_certificate_of_its_own(site: Site, tmp_path: Path) -> None:
    with sealed(tmp_path) as (server, address), server.client() as redis:
        papers = f"ssl_ca_certs={address.ca_file}&ssl_certfile={address.cert_file}&ssl_keyfile={address.key_file}"
        master = site.start(f'url = "rediss://127.0.0.1:{address.port}/0?{papers}"')
        push(redis, "Note", "sealed")
        site.wait_for("sealed")

        assert {client["laddr"] for client in connections(redis)} == {f"127.0.0.1:{address.port}"}
        assert master.stop() == 0
        assert not master.logged("redis.lost")
        assert left_in(redis) == {"resque:queues", "resque:stat:processed"}


def test_in_a_database_of_its_own(site: Site, redis: Redis, redis_server: RedisServer) -> None:
    master = site.start(f'url = "redis://127.0.0.1:{redis_server.port}/3"')
    with redis_server.client(db=3) as third:
        push(third, "Note", "in the third")
        site.wait_for("in the third")

        assert redis.info("keyspace").keys() == {"db3"}
        assert master.stop() == 0
        assert left_in(third) == {"resque:queues", "resque:stat:processed"}


# --- namespaces ---


def test_in_a_namespace_of_its_own(site: Site, redis: Redis, redis_url: str) -> None:
    master = site.start(f'url = "{redis_url}"\nnamespace = "shop"')
    push(redis, "Note", "in the shop", namespace="shop")
    site.wait_for("in the shop")

    assert not [key for key in redis.keys("*") if not text_of(key).startswith(("shop:", "resqued:shop:"))]
    assert master.stop() == 0
    assert left_in(redis) == {"shop:queues", "shop:stat:processed"}


def test_two_namespaces_on_one_server_have_nothing_to_do_with_each_other(
    site: Site, redis: Redis, redis_url: str
) -> None:
    names = ("shop", "shop:news")  # even if one begins like the other
    masters = [site.start(f'url = "{redis_url}"\nnamespace = "{name}"', workers=2, TEST_DAEMON=name) for name in names]
    for number in range(30):
        for name in names:
            push(redis, "Sign", f"{number} {name}", namespace=name)
    eventually(lambda: len(site.noted()) == 60, within=10)

    assert sorted(site.noted()) == sorted(f"{number} {name} {name}" for name in names for number in range(30))
    assert [master.stop() for master in masters] == [0, 0]
    assert left_in(redis) == {f"{name}:{key}" for name in names for key in ("queues", "stat:processed")}
    assert {redis.get(f"{name}:stat:processed") for name in names} == {b"30"}


# --- users and passwords ---

OLD, NEW = "hunter2-the-old", "hunter2-the-new"


@pytest.fixture
def guarded() -> Iterator[RedisServer]:
    """A server that lets nobody in over TCP but `ann`; its unix socket is for the test."""
    with running() as server, server.client() as redis:
        set_password(redis, OLD)
        redis.execute_command("ACL", "SETUSER", "tester", "on", "nopass", "~*", "&*", "+@all")
        redis.execute_command("ACL", "SETUSER", "default", "resetkeys", "-@all", "+auth")
        yield server


@pytest.fixture
def tester(guarded: RedisServer) -> Iterator[Redis]:
    with guarded.client(username="tester", password="any") as redis:
        yield redis


def set_password(redis: Redis, password: str) -> None:
    """The only one of `ann`, who may do what a worker does: no more than Redis calls harmless, and scripts."""
    redis.execute_command("ACL", "SETUSER", "ann", "on", "resetpass", f">{password}", "~*", "+@all", "-@dangerous")  # type: ignore[no-untyped-call]


def drop_connections(redis: Redis) -> None:
    redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")  # type: ignore[no-untyped-call]


def test_a_password_file_that_changes_is_read_by_the_next_connection(
    site: Site, guarded: RedisServer, tester: Redis, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(f"{OLD}\n")
    master = site.start(f'url = "redis://ann@127.0.0.1:{guarded.port}"\npassword_file = "{file}"')
    push(tester, "Note", "by the old one")
    site.wait_for("by the old one")
    set_password(tester, NEW)
    drop_connections(tester)
    eventually(lambda: master.logged("redis.lost"))
    file.write_text(f"{NEW}\n")
    push(tester, "Note", "by the new one")
    site.wait_for("by the new one")

    assert master.stop() == 0
    assert len(master.logged("worker.started")) == 1
    assert left_in(tester) == {"resque:queues", "resque:stat:processed"}


def test_a_credential_of_systemd_opens_and_is_seen_nowhere(
    site: Site, guarded: RedisServer, tester: Redis, tmp_path: Path
) -> None:
    (tmp_path / "redis-password").write_text(NEW)
    master = site.start(f'url = "redis://ann@127.0.0.1:{guarded.port}"', CREDENTIALS_DIRECTORY=str(tmp_path))
    (lost,) = eventually(lambda: master.logged("redis.lost"))
    set_password(tester, NEW)
    push(tester, "Bare")
    eventually(lambda: tester.llen("resque:failed"))
    seen = [*everything_ps_shows(), *environments_of(master), *site.noted(), stored(tester)]

    assert master.stop() == 0
    assert "WRONGPASS" in lost["error"]
    assert not [text for text in (*seen, master.output()) if "hunter2" in text]


def everything_ps_shows() -> list[str]:
    """The command line of every process on this machine."""
    return [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]


def environments_of(master: Daemon) -> Iterator[str]:
    shown = []
    for process in (psutil.Process(master.pid), *psutil.Process(master.pid).children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # that of the job ends now
            shown.append(str(process.environ()))
    assert len(shown) > 1
    yield from shown


def stored(redis: Redis) -> str:
    """What every page of failures shows, and every key that there is."""
    return f"{redis.lrange('resque:failed', 0, -1)} {redis.keys('*')}"
