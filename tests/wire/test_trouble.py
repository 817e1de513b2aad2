"""What both kinds of wire do when Redis, or the way to it, fails. A wire `troubled` goes through the proxy."""

import time
from collections.abc import Iterator

import pytest
from redis import Redis

from resqued.address import parse
from resqued.errors import CommandRefused, StoreUnavailable
from resqued.wire import NOT_NOW, PENDING, Wire, refusal
from tests.support import eventually
from tests.support.proxy import Proxy
from tests.support.redis_server import RedisServer, free_port, running
from tests.support.waiting import readable
from tests.wire.conftest import Connect

WRITE_IN_A_SCRIPT = ("EVAL", "return redis.call('SET', KEYS[1], 'x')", 1, "k")
CAUGHT_IN_A_SCRIPT = (
    "EVAL",
    "local r = redis.pcall('SET', KEYS[1], 'x'); return r.err and redis.error_reply(r.err) or r",
    1,
    "k",
)
WRITES = [("SET", "k", "x"), WRITE_IN_A_SCRIPT, CAUGHT_IN_A_SCRIPT]


# --- nobody there ---


def test_nobody_listening_is_unavailable_and_the_message_says_where(connect: Connect) -> None:
    port = free_port()

    with pytest.raises(StoreUnavailable, match=rf"127\.0\.0\.1:{port}"):
        connect(parse(f"127.0.0.1:{port}")).call("PING")


def test_a_missing_unix_socket_is_unavailable(connect: Connect) -> None:
    with pytest.raises(StoreUnavailable, match=r"/nowhere/redis\.sock"):
        connect(parse("unix:///nowhere/redis.sock")).call("PING")


def test_a_host_that_has_no_address_is_unavailable(connect: Connect) -> None:
    with pytest.raises(StoreUnavailable, match=r"no-such-host\.invalid"):
        connect(parse("no-such-host.invalid:6379")).call("PING")


def test_a_wire_is_of_use_again_when_the_server_is_back(troubled: Wire, proxy: Proxy) -> None:
    troubled.call("PING")
    proxy.go_away()
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            troubled.call("PING")
    proxy.come_back()

    assert troubled.call("ECHO", "back") == b"back"


# --- connections that break ---


def test_an_idle_connection_that_the_server_has_ended_is_replaced_unnoticed(wire: Wire, redis: Redis) -> None:
    redis.client_kill_filter(_id=str(wire.call("CLIENT", "ID")))

    assert wire.call("ECHO", "again") == b"again"


def test_a_connection_that_ended_between_two_waits_is_replaced_unnoticed(wire: Wire, redis: Redis) -> None:
    wire.ask("CLIENT", "ID")
    assert readable(wire)
    redis.client_kill_filter(_id=str(wire.answer()))
    wire.ask("ECHO", "again")

    assert readable(wire)
    assert wire.answer() == b"again"


def test_a_broken_connection_is_unavailable_once(troubled: Wire, proxy: Proxy) -> None:
    proxy.lose_replies()
    with pytest.raises(StoreUnavailable):
        troubled.call("PING")

    assert troubled.call("ECHO", "again") == b"again"


def test_a_wait_notices_that_its_connection_is_lost(wire: Wire, redis: Redis) -> None:
    wire.ask("BLMOVE", "q", "q", "LEFT", "LEFT", 10)
    eventually(lambda: redis.info("clients")["blocked_clients"] == 1)
    waiting = next(client for client in redis.client_list() if client["cmd"] == "blmove")
    redis.client_kill_filter(_id=waiting["id"])

    assert readable(wire)
    with pytest.raises(StoreUnavailable):
        wire.answer()
    assert wire.fileno() == -1


def test_a_wire_whose_wait_was_lost_can_ask_again(troubled: Wire, proxy: Proxy) -> None:
    troubled.ask("BLMOVE", "q", "q", "LEFT", "LEFT", 10)
    proxy.reset()
    assert readable(troubled)
    with pytest.raises(StoreUnavailable):
        troubled.answer()
    troubled.ask("ECHO", "again")

    assert readable(troubled)
    assert troubled.answer() == b"again"


# --- silence ---


def test_a_silent_server_is_unavailable_after_the_timeout(troubled: Wire, proxy: Proxy) -> None:
    troubled.call("PING")
    proxy.stall()
    begun = time.monotonic()
    with pytest.raises(StoreUnavailable, match=r"did not answer within 0\.2 s"):
        troubled.call("PING")

    assert 0.2 <= time.monotonic() - begun < 2


def test_a_server_that_stops_reading_is_unavailable_after_the_timeout(troubled: Wire, proxy: Proxy) -> None:
    troubled.call("PING")
    proxy.stall()

    with pytest.raises(StoreUnavailable, match=r"did not answer within 0\.2 s"):
        troubled.call("SET", "k", bytes(20_000_000))


def test_a_server_that_is_silent_from_the_first_word_is_unavailable_after_the_timeout(
    connect: Connect, proxy: Proxy
) -> None:
    proxy.stall()
    begun = time.monotonic()
    with pytest.raises(StoreUnavailable):
        connect(parse(proxy.url), name="worker", timeout=0.2).call("PING")

    assert 0.2 <= time.monotonic() - begun < 2


def test_an_answer_that_comes_too_late_is_not_taken_for_another(troubled: Wire, proxy: Proxy) -> None:
    troubled.call("PING")
    proxy.stall()
    with pytest.raises(StoreUnavailable):
        troubled.call("ECHO", "late")
    proxy.flow()

    assert troubled.call("ECHO", "next") == b"next"


def test_no_timeout_ends_a_wait(troubled: Wire) -> None:
    troubled.ask("BLMOVE", "q", "q", "LEFT", "LEFT", 10)

    assert not readable(troubled, within=0.3)
    assert troubled.answer() is PENDING


def test_calls_time_out_again_after_a_wait_has_ended(troubled: Wire, proxy: Proxy) -> None:
    troubled.ask("ECHO", "asked")
    assert readable(troubled)
    troubled.answer()
    proxy.stall()

    with pytest.raises(StoreUnavailable):
        troubled.call("PING")


# --- nothing is executed twice ---


@pytest.mark.parametrize("how", ["close", "silence"])
def test_a_command_whose_reply_is_lost_is_executed_once(troubled: Wire, proxy: Proxy, redis: Redis, how: str) -> None:
    proxy.lose_replies(of="INCR", how="close" if how == "close" else "silence")
    with pytest.raises(StoreUnavailable):
        troubled.call("INCR", "k")

    eventually(lambda: redis.get("k") == b"1")
    assert proxy.seen["INCR"] == 1


def test_a_transaction_whose_reply_is_lost_is_executed_once(troubled: Wire, proxy: Proxy, redis: Redis) -> None:
    proxy.lose_replies(of="EXEC")
    with pytest.raises(StoreUnavailable):
        troubled.transaction([("INCR", "k")])

    assert redis.get("k") == b"1"
    assert proxy.seen["EXEC"] == 1


def test_a_pipeline_whose_reply_is_lost_is_executed_once(troubled: Wire, proxy: Proxy, redis: Redis) -> None:
    proxy.lose_replies(of="INCR")
    with pytest.raises(StoreUnavailable):
        troubled.pipeline([("INCR", "k"), ("INCR", "k")])

    assert redis.get("k") == b"2"
    assert proxy.seen["INCR"] == 2


# --- replies that mean: not now ---


@pytest.mark.parametrize("code", sorted(NOT_NOW))
def test_a_reply_that_says_not_now_is_unavailability(troubled: Wire, proxy: Proxy, code: str) -> None:
    troubled.call("PING")
    proxy.answer_all(f"-{code} for some reason")
    with pytest.raises(StoreUnavailable, match=code):
        troubled.call("PING")
    proxy.answer_all("")

    assert troubled.call("ECHO", "again") == b"again"


@pytest.mark.parametrize("reply", ["-LOADING the dataset", "-ERR max number of clients reached", "-BUSY a script runs"])
def test_a_server_that_cannot_even_greet_now_is_unavailable(connect: Connect, proxy: Proxy, reply: str) -> None:
    proxy.answer_all(reply)

    with pytest.raises(StoreUnavailable, match="cannot"):
        connect(parse(proxy.url), name="worker").call("PING")


@pytest.mark.parametrize("code", ["ERR", "NOPERM", "EXECABORT", "MOVED", "WRONGTYPE", "NOTBUSY"])
def test_any_other_error_reply_is_a_refusal(code: str) -> None:
    refused = refusal("here", f"{code} for some reason")

    assert isinstance(refused, CommandRefused)
    assert (refused.code, refused.text) == (code, f"{code} for some reason")


BURIED = "Error running script (call to f_0884a4): @user_script:3: @user_script: 3: "


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (f"ERR {BURIED}-READONLY You can't write against a read only replica.", "READONLY"),
        ("@user_script: 3: -OOM command not allowed when used memory > 'maxmemory'.", "OOM"),
        ("READONLY You can't write against a read only replica. script: 0884a4, on @user_script:3.", "READONLY"),
    ],
    ids=["Redis 6.2", "Redis 6.2, caught", "Redis 7"],
)
def test_what_stopped_a_script_is_found_where_each_version_puts_it(text: str, meant: str) -> None:
    unavailable = refusal("here", text)

    assert isinstance(unavailable, StoreUnavailable)
    assert str(unavailable).startswith(f"Redis at here cannot serve now: {meant} ")


def test_a_mistake_in_a_script_is_a_refusal_without_a_code_of_its_own() -> None:
    refused = refusal("here", f"ERR {BURIED}Unknown Redis command called from Lua script")

    assert isinstance(refused, CommandRefused)
    assert refused.code == "ERR"


def test_a_wire_connects_anew_after_a_reply_that_says_not_now(connect: Connect) -> None:
    with running("--maxmemory", "1") as server:
        wire = connect(parse(server.url))
        before = wire.call("CLIENT", "ID")
        with pytest.raises(StoreUnavailable):
            wire.call("SET", "k", "x")

        assert wire.call("CLIENT", "ID") != before  # after a fail-over, the address may lead elsewhere


def test_a_server_that_is_out_of_memory_is_unavailable(connect: Connect) -> None:
    with running("--maxmemory", "1") as server:
        with pytest.raises(StoreUnavailable, match="OOM"):
            connect(parse(server.url)).call("SET", "k", "x")
        with pytest.raises(StoreUnavailable, match="OOM"):
            connect(parse(server.url)).transaction([("SET", "k", "x")])


@pytest.mark.parametrize("write", WRITES, ids=["plain", "in a script", "caught in a script"])
def test_a_replica_is_unavailable_for_writing(connect: Connect, replica: RedisServer, write: tuple[str, ...]) -> None:
    with pytest.raises(StoreUnavailable, match="READONLY"):
        connect(parse(replica.url)).call(*write)


@pytest.fixture(scope="module")
def replica() -> Iterator[RedisServer]:
    with running("--replicaof", "127.0.0.1", str(free_port())) as server:
        yield server


def test_a_server_with_too_many_clients_is_unavailable(connect: Connect) -> None:
    with running() as server, server.client() as only:
        only.config_set("maxclients", 1)

        with pytest.raises(StoreUnavailable):
            connect(parse(server.url)).call("PING")


def test_what_does_not_speak_the_protocol_is_unavailable(troubled: Wire, proxy: Proxy) -> None:
    proxy.answer_all("HTTP/1.1 400 Bad Request")

    with pytest.raises(StoreUnavailable, match="Protocol error"):
        troubled.call("PING")
