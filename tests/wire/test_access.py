"""Who a wire says it is, to which database, and over TLS."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis

from resqued.address import Address, parse
from resqued.errors import CommandRefused, StoreUnavailable
from resqued.wire import PENDING, lean
from tests.support.python import run_python
from tests.support.redis_server import RedisServer, running
from tests.support.sealed import sealed
from tests.support.waiting import readable
from tests.wire.conftest import Connect

SECRET = "open sesame"


@pytest.fixture(scope="module")
def guarded() -> Iterator[RedisServer]:
    """A server that wants a password of everybody, and knows a user `ann`, and `bob`, who may not use CLIENT."""
    with running(password=SECRET) as server, server.client(password=SECRET) as redis:
        redis.execute_command("ACL", "SETUSER", "ann", "on", f">{SECRET} of ann", "~*", "+@all")
        redis.execute_command("ACL", "SETUSER", "bob", "on", f">{SECRET}", "~*", "+@all", "-client")
        yield server


# --- passwords ---


def test_a_password_opens(connect: Connect, guarded: RedisServer) -> None:
    address = replace(parse(guarded.url), password=SECRET)

    assert connect(address).call("ACL", "WHOAMI") == b"default"


def test_a_user_and_a_password_open(connect: Connect, guarded: RedisServer) -> None:
    address = replace(parse(guarded.unix_url), username="ann", password=f"{SECRET} of ann")

    assert connect(address).call("ACL", "WHOAMI") == b"ann"


@pytest.mark.parametrize("password", [None, "wrong"])
def test_without_the_right_password_redis_is_unavailable(
    connect: Connect, guarded: RedisServer, password: str | None
) -> None:
    with pytest.raises(StoreUnavailable):
        connect(replace(parse(guarded.url), password=password)).call("PING")


def test_a_password_that_the_server_does_not_ask_for_is_unavailability(connect: Connect, address: Address) -> None:
    with pytest.raises(StoreUnavailable, match="without any password configured"):
        connect(replace(address, password=SECRET)).call("PING")


def test_no_error_shows_the_password(connect: Connect, guarded: RedisServer) -> None:
    with pytest.raises(StoreUnavailable) as unavailable:
        connect(replace(parse(guarded.url), password="my wrong password")).call("PING")

    assert "my wrong password" not in str(unavailable.value)


def test_a_password_file_is_read_anew_at_each_connect(connect: Connect, tmp_path: Path) -> None:
    file = tmp_path / "password"
    with running(password="old") as server, server.client(password="old") as redis:
        file.write_text("old\n")
        wire = connect(replace(parse(server.url), password_file=str(file)))
        wire.call("PING")
        redis.config_set("requirepass", "new")
        file.write_text("new\n")
        wire.close()

        assert wire.call("ECHO", "hello") == b"hello"


def test_a_password_that_arrives_late_is_found(connect: Connect, guarded: RedisServer, tmp_path: Path) -> None:
    file = tmp_path / "password"
    wire = connect(replace(parse(guarded.url), password_file=str(file)))
    with pytest.raises(StoreUnavailable, match=str(file)):
        wire.call("PING")
    file.write_text(SECRET)

    assert wire.call("ACL", "WHOAMI") == b"default"


# --- database and name ---


def test_commands_go_to_the_database_of_the_address(connect: Connect, address: Address, redis: Redis) -> None:
    connect(replace(address, database=3)).call("SET", "k", "x")

    assert redis.info("keyspace").keys() == {"db3"}


def test_a_database_that_does_not_exist_is_a_refusal(connect: Connect, address: Address) -> None:
    with pytest.raises(CommandRefused, match="DB index"):
        connect(replace(address, database=9999)).call("PING")


def test_the_name_is_shown_among_the_clients(connect: Connect, address: Address) -> None:
    assert connect(address, name="resqued:worker").call("CLIENT", "GETNAME") == b"resqued:worker"


def test_a_user_who_may_not_name_its_connection_does_without(guarded: RedisServer) -> None:
    wire = lean.connect(replace(parse(guarded.url), username="bob", password=SECRET), name="resqued:worker")

    assert wire.call("ACL", "WHOAMI") == b"bob"
    wire.close()


# --- TLS ---


@pytest.fixture(scope="module", name="sealed")
def address_of_a_sealed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """Where a server speaks TLS, to clients that have a certificate."""
    with sealed(tmp_path_factory.mktemp("certificates")) as (_, address):
        yield address


def test_tls_carries_calls(connect: Connect, sealed: Address) -> None:
    megabyte = bytes(1024 * 1024)

    assert connect(sealed).call("ECHO", megabyte) == megabyte


def test_tls_carries_waits(connect: Connect, sealed: Address) -> None:
    wire = connect(sealed)
    wire.call("FLUSHALL")
    wire.ask("BLMOVE", "q", "q", "LEFT", "LEFT", 10)
    before = wire.answer()
    connect(sealed).call("RPUSH", "q", "job")

    assert before is PENDING
    while (answer := wire.answer()) is PENDING:
        assert readable(wire)
    assert answer == b"job"


def test_tls_calls_go_on_after_a_wait(connect: Connect, sealed: Address) -> None:
    wire = connect(sealed)
    wire.ask("ECHO", "asked")
    while wire.answer() is PENDING:
        assert readable(wire)

    assert wire.call("ECHO", "called") == b"called"


def test_a_certificate_of_an_unknown_authority_is_unavailability(connect: Connect, sealed: Address) -> None:
    with pytest.raises(StoreUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        connect(replace(sealed, ca_file=None)).call("PING")


def test_a_certificate_for_another_host_is_unavailability(connect: Connect, sealed: Address) -> None:
    with pytest.raises(StoreUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        connect(replace(sealed, host="localhost")).call("PING")


def test_a_certificate_is_not_looked_at_if_told_so(connect: Connect, sealed: Address) -> None:
    assert connect(replace(sealed, host="localhost", ca_file=None, verify=False)).call("ECHO", "hello") == b"hello"


def test_without_the_certificate_that_the_server_wants_it_is_unavailable(connect: Connect, sealed: Address) -> None:
    with pytest.raises(StoreUnavailable):
        connect(replace(sealed, cert_file=None, key_file=None)).call("PING")


def test_a_tls_server_that_is_silent_is_unavailable_after_the_timeout(connect: Connect, sealed: Address) -> None:
    wire = connect(sealed, timeout=0.2)

    with pytest.raises(StoreUnavailable, match=r"did not answer within 0\.2 s"):
        wire.call("BLPOP", "nothing", 5)


def test_a_child_that_closes_its_copy_leaves_the_parent_its_tls_connection(sealed: Address) -> None:
    same = run_python(
        """
        import os, sys
        from resqued.address import Address
        from resqued.wire import lean
        port, ca, cert, key = sys.argv[1:]
        wire = lean.connect(Address("tls", "127.0.0.1", int(port), ca_file=ca, cert_file=cert, key_file=key))
        before = wire.call("CLIENT", "ID")
        if not (child := os.fork()):
            os.close(wire.fileno())
            os._exit(0)
        os.waitpid(child, 0)
        print(wire.call("CLIENT", "ID") == before)
        """,
        *(sealed.port, sealed.ca_file, sealed.cert_file, sealed.key_file),
    )

    assert same == "True\n"
