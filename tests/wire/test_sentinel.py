"""How a wire finds the master that sentinels watch, and what it makes of what they say."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis

from resqued.address import Address, parse
from resqued.errors import StoreUnavailable
from resqued.wire import PENDING, Wire
from resqued.wire import sentinel as sentinel_lookup
from tests.support import eventually, sentinels
from tests.support.certificates import Certificates, redis_options
from tests.support.proxy import Proxy
from tests.support.redis_server import RedisServer, free_port, running
from tests.support.sealed import sealed
from tests.support.sentinels import SERVICE, Sentinel, Watched, url_of
from tests.support.waiting import readable
from tests.wire.conftest import Connect

SECRET = "open sesame"


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    with sentinels.watched() as group:
        yield group


@pytest.fixture(autouse=True)
def _nothing_is_known_of_sentinels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentinel_lookup, "_last_of_use", {})


def port_of(wire: Wire) -> int:
    """Of the server that the wire leads to."""
    answer = wire.call("CONFIG", "GET", "port")
    assert isinstance(answer, list)
    assert isinstance(answer[1], bytes)
    return int(answer[1])


def naming(server: RedisServer) -> str:
    """What a sentinel answers that takes this server for the master."""
    return f"*2\r\n$9\r\n127.0.0.1\r\n${len(str(server.port))}\r\n{server.port}"


# --- fail-over ---


def test_every_connect_finds_who_is_the_master_then(connect: Connect, watched: Watched) -> None:
    wire = connect(parse(watched.url))
    before = watched.master
    found = port_of(wire)
    after = watched.fail_over()
    wire.close()

    assert (found, port_of(wire)) == (before.port, after.port)


def test_a_refusal_by_what_is_a_replica_now_leads_to_the_new_master(connect: Connect, watched: Watched) -> None:
    wire = connect(parse(watched.url))
    wire.call("PING")
    after = watched.fail_over()
    with pytest.raises(StoreUnavailable, match="READONLY"):
        wire.call("SET", "k", "x")

    assert port_of(wire) == after.port


def test_a_wait_is_cut_short_when_its_server_becomes_a_replica(connect: Connect, watched: Watched) -> None:
    wire = connect(parse(watched.url))
    wire.ask("BLMOVE", "q", "q", "LEFT", "LEFT", 20)
    assert wire.answer() is PENDING
    after = watched.fail_over()

    assert readable(wire)
    with pytest.raises(StoreUnavailable):
        wire.answer()
    assert port_of(wire) == after.port


def test_a_server_that_is_no_master_is_not_written_to_although_a_sentinel_names_it(
    connect: Connect, watched: Watched, proxy: Proxy
) -> None:
    replica = watched.replica if watched.master is watched.primary else watched.primary
    proxy.answer_all(naming(replica))

    with pytest.raises(StoreUnavailable, match=rf"{replica.port}/0 is not the master, although a sentinel says so"):
        connect(parse(url_of(proxy.port))).call("PING")


def test_a_sentinel_that_tells_of_the_past_does_not_hide_what_the_others_know(
    connect: Connect, watched: Watched, proxy: Proxy
) -> None:
    replica = watched.replica if watched.master is watched.primary else watched.primary
    proxy.answer_all(naming(replica))
    wire = connect(parse(url_of(proxy.port, *watched.sentinels)))

    assert port_of(wire) == watched.master.port


# --- sentinels that are of no use ---


def test_a_sentinel_that_is_not_there_is_passed_over(connect: Connect, sentinel: Sentinel, redis: Redis) -> None:
    assert connect(parse(url_of(free_port(), sentinel))).call("ECHO", "found") == b"found"


def test_a_silent_sentinel_takes_its_share_of_the_time_and_no_more(
    connect: Connect, sentinel: Sentinel, proxy: Proxy
) -> None:
    proxy.stall()
    four = url_of(proxy.port, free_port(), free_port(), sentinel)
    begun = time.monotonic()
    assert connect(parse(four), timeout=1.0).call("ECHO", "found") == b"found"

    assert 0.25 <= time.monotonic() - begun < 1


def test_a_sentinel_that_was_of_no_use_is_not_asked_first_again(
    connect: Connect, sentinel: Sentinel, proxy: Proxy
) -> None:
    address = parse(url_of(proxy.port, sentinel))
    proxy.answer_all("-ERR not today")
    for _ in range(3):
        connect(address).call("PING")

    assert proxy.seen["SENTINEL"] == 1


def test_without_any_sentinel_redis_is_unavailable_and_the_message_says_what_each_said(
    connect: Connect, sentinel: Sentinel, proxy: Proxy
) -> None:
    nobody = free_port()
    proxy.answer_all("*-1")

    with pytest.raises(StoreUnavailable, match=f"no sentinel leads to the master {SERVICE}") as unavailable:
        connect(parse(url_of(nobody, proxy.port))).call("PING")
    assert f"127.0.0.1:{nobody}/0: " in str(unavailable.value)
    assert f"127.0.0.1:{proxy.port}/0 knows no master {SERVICE}" in str(unavailable.value)


def test_a_server_that_is_no_sentinel_is_unavailability(connect: Connect, redis_server: RedisServer) -> None:
    with pytest.raises(StoreUnavailable, match="unknown command"):
        connect(parse(url_of(redis_server.port))).call("PING")


def test_a_master_that_is_gone_is_unavailability_and_not_tried_for_each_sentinel(connect: Connect) -> None:
    port = free_port()
    with sentinels.watching(port) as first, sentinels.watching(port) as second:
        wire = connect(parse(url_of(first, second)))

        with pytest.raises(
            StoreUnavailable,
            match=rf"master: cannot connect to Redis at redis://127\.0\.0\.1:{port}/0: "
            r"[^;]*$",
        ):
            wire.call("PING")


# --- who speaks ---


@pytest.fixture(scope="module")
def guarded() -> Iterator[RedisServer]:
    """A server that wants a password of everybody, and knows `ann`, who may do nothing that is dangerous."""
    with running(password=SECRET) as server, server.client(password=SECRET) as redis:
        redis.execute_command("ACL", "SETUSER", "ann", "on", f">{SECRET}", "~*", "+@all", "-@dangerous")
        yield server


@pytest.fixture(scope="module")
def guard(guarded: RedisServer) -> Iterator[Sentinel]:
    """A sentinel that wants another password."""
    with sentinels.watching(
        guarded.port, f'requirepass "{SECRET[::-1]}"', f'sentinel auth-pass {SERVICE} "{SECRET}"'
    ) as sentinel:
        yield sentinel


def past(guard: Sentinel) -> Address:
    return replace(parse(url_of(guard)), password=SECRET, sentinel_password=SECRET[::-1])


def test_sentinels_and_servers_are_told_each_their_own_password(connect: Connect, guard: Sentinel) -> None:
    assert connect(past(guard)).call("ACL", "WHOAMI") == b"default"


def test_the_password_of_the_servers_is_not_told_to_sentinels(connect: Connect, guarded: RedisServer) -> None:
    with sentinels.watching(guarded.port) as open_to_all:
        eventually(open_to_all.is_ready)
        address = replace(parse(url_of(open_to_all)), password=SECRET)

        assert connect(address).call("ACL", "WHOAMI") == b"default"


def test_a_sentinel_that_is_not_told_its_password_makes_redis_unavailable(connect: Connect, guard: Sentinel) -> None:
    with pytest.raises(StoreUnavailable, match="NOAUTH"):
        connect(replace(past(guard), sentinel_password=None)).call("PING")


def test_no_error_shows_a_password(connect: Connect, guard: Sentinel) -> None:
    for wrong in (replace(past(guard), password="hunter2"), replace(past(guard), sentinel_password="hunter2")):
        with pytest.raises(StoreUnavailable, match=r"WRONGPASS|invalid username") as unavailable:
            connect(wrong).call("PING")

        assert not [word for word in ("hunter2", SECRET, SECRET[::-1]) if word in str(unavailable.value)]


def test_a_user_who_may_not_ask_for_the_role_does_without(connect: Connect, guard: Sentinel) -> None:
    assert connect(replace(past(guard), username="ann")).call("ECHO", "hello") == b"hello"


def test_tls_is_spoken_with_sentinels_and_servers(connect: Connect, tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("certificates")
    with sealed(directory) as (_, server), sentinels.watching(server.port, *secured(directory)) as sentinel:
        watched = replace(server, host="", port=0, sentinels=(("127.0.0.1", sentinel.port),), service=SERVICE)

        assert connect(watched).call("ECHO", "sealed") == b"sealed"


def secured(directory: Path) -> list[str]:
    """What lets a sentinel speak TLS, and only that, with everybody."""
    papers = redis_options(Certificates(directory))
    options = [f"{name.removeprefix('--')} {value}" for name, value in zip(papers[::2], papers[1::2], strict=True)]
    return ["port 0", "tls-port {port}", "tls-replication yes", *options]
