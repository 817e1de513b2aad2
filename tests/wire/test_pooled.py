"""What only the pooled wire has to be able to do: serve threads, and take a redis-py client for an address."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from redis import Redis

from resqued.address import parse
from resqued.errors import StoreUnavailable
from resqued.wire import pooled
from resqued.wire.pooled import PooledWire
from tests.support import eventually
from tests.support.proxy import Proxy
from tests.support.python import run_python
from tests.support.redis_server import RedisServer, free_port
from tests.support.waiting import readable


@pytest.fixture
def wire(redis_url: str) -> Iterator[PooledWire]:
    with closing(pooled.connect(parse(redis_url))) as wire:
        yield wire


# --- threads ---


def test_many_threads_get_each_their_own_answers(wire: PooledWire) -> None:
    def talk(thread: int) -> bool:
        return all(wire.call("ECHO", f"{thread}.{turn}") == f"{thread}.{turn}".encode() for turn in range(200))

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(talk, range(8)))


def test_connections_are_used_again(wire: PooledWire, redis: Redis) -> None:
    for _ in range(20):
        wire.call("PING")

    assert redis.info("clients")["connected_clients"] == 2  # the test's own is one


def test_calls_go_on_while_an_answer_is_awaited(wire: PooledWire, redis: Redis) -> None:
    wire.ask("BLMOVE", "q", "q", "LEFT", "LEFT", 10)
    wire.call("RPUSH", "q", "job")

    assert readable(wire)
    assert wire.answer() == b"job"


def test_closing_interrupts_the_call_of_another_thread(wire: PooledWire, redis: Redis) -> None:
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(wire.call, "BLPOP", "q", 3)
        eventually(lambda: redis.info("clients")["blocked_clients"] == 1)
        wire.close()

        assert isinstance(call.exception(), StoreUnavailable)


# --- a client of the caller's ---


def test_a_client_says_where_to_connect_and_as_whom(redis_server: RedisServer, redis: Redis) -> None:
    client = Redis(unix_socket_path=str(redis_server.directory / "redis.sock"), db=5, client_name="web")
    with closing(pooled.connect(client)) as wire:
        assert wire.call("CLIENT", "GETNAME") == b"web"
        wire.call("SET", "k", "x")

    assert redis.info("keyspace").keys() == {"db5"}


def test_an_error_says_where_the_client_leads_but_not_its_password() -> None:
    port = free_port()
    with pytest.raises(StoreUnavailable, match=rf"localhost:{port}") as unavailable:
        pooled.connect(Redis(port=port, password="open sesame")).call("PING")

    assert "sesame" not in str(unavailable.value)


def test_a_client_that_decodes_makes_a_wire_that_does_not(redis_server: RedisServer, redis: Redis) -> None:
    with closing(pooled.connect(Redis(port=redis_server.port, decode_responses=True, protocol=3))) as wire:
        wire.call("HSET", "h", "field", "value")

        assert wire.call("HGETALL", "h") == [b"field", b"value"]


def test_a_client_that_repeats_makes_a_wire_that_does_not(proxy: Proxy, redis: Redis) -> None:
    proxy.lose_replies(of="LPOP")
    redis.rpush("q", "first", "second")
    with closing(pooled.connect(Redis(port=proxy.port))) as wire, pytest.raises(StoreUnavailable):
        wire.call("LPOP", "q")

    assert proxy.seen["LPOP"] == 1
    assert redis.lrange("q", 0, -1) == [b"second"]


def test_a_client_without_a_timeout_makes_a_wire_with_one(proxy: Proxy) -> None:
    proxy.stall()
    client = Redis(port=proxy.port, socket_timeout=None)

    with closing(pooled.connect(client, timeout=0.1)) as wire, pytest.raises(StoreUnavailable):
        wire.call("PING")


def test_the_clients_own_connections_are_left_alone(redis_server: RedisServer) -> None:
    with Redis(port=redis_server.port) as client:
        before = client.client_id()
        with closing(pooled.connect(client)) as wire:
            wire.call("PING")

        assert client.client_id() == before


# --- forks ---


def test_a_child_that_closes_its_copy_leaves_the_parent_its_connections(redis_url: str) -> None:
    same = run_python(
        """
        import os, select, sys
        from resqued.address import parse
        from resqued.wire import pooled
        wire = pooled.connect(parse(sys.argv[1]))
        wire.ask("BLMOVE", "q", "q", "LEFT", "LEFT", 10)
        before = wire.call("CLIENT", "ID")
        if not (child := os.fork()):
            os.close(wire.fileno())
            os._exit(0)
        os.waitpid(child, 0)
        print(wire.call("CLIENT", "ID") == before)
        wire.call("RPUSH", "q", "job")
        select.select([wire], [], [], 5)
        print(wire.answer())
        wire.close()
        """,
        redis_url,
    )

    assert same == "True\nb'job'\n"
