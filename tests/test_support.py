import os
import signal
import socket
import subprocess
from contextlib import suppress

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.support import eventually, processes, redis_server
from tests.support import proxy as proxies
from tests.support.proxy import Proxy
from tests.support.python import run_python
from tests.support.redis_server import RedisServer


def test_the_redis_of_a_test_is_empty(redis: Redis) -> None:
    assert redis.dbsize() == 0
    redis.set("left", "over")


def test_what_another_test_left_in_redis_is_gone(redis: Redis) -> None:
    assert redis.dbsize() == 0
    redis.set("left", "over")


def test_the_server_listens_on_tcp_and_on_a_unix_socket(redis_server: RedisServer) -> None:
    for url in (redis_server.url, redis_server.unix_url):
        with Redis.from_url(url) as client:
            assert client.info("server")["process_id"] == redis_server.pid


def test_eventually_returns_the_first_answer_that_is_true() -> None:
    answers = iter([0, None, "", "yes", "no"])

    assert eventually(lambda: next(answers)) == "yes"


def test_eventually_says_what_it_waited_for() -> None:
    with pytest.raises(AssertionError, match=r"lambda.*was still False after 0.01 s"):
        eventually(lambda: False, within=0.01)


def test_a_process_that_lost_its_parent_is_still_seen_and_can_be_ended() -> None:
    orphan = int(subprocess.check_output(["sh", "-c", "sleep 60 > /dev/null & echo $!"]))
    seen = processes.children()
    processes.kill_families({orphan})

    assert orphan in seen
    assert orphan not in processes.children()


def test_a_mortal_process_dies_with_the_one_that_started_it() -> None:
    printed = run_python(
        """
        import os, subprocess
        from tests.support.processes import mortal
        with subprocess.Popen(mortal(["/bin/sh", "-c", "echo; exec sleep 60"]), stdout=subprocess.PIPE) as helper:
            helper.stdout.readline()
            print(helper.pid, flush=True)
            os._exit(0)
        """
    )

    eventually(lambda: int(printed) not in processes.children())


# --- the proxy ---


def test_the_proxy_counts_every_command_of_a_pipeline(proxy: Proxy) -> None:
    with Redis.from_url(proxy.url) as client, client.pipeline(transaction=True) as pipeline:
        pipeline.get("a").get("b").incr("c").execute()

    expected = {"MULTI": 1, "GET": 2, "INCRBY": 1, "EXEC": 1}
    assert {name: proxy.seen[name] for name in expected} == expected


def test_the_proxy_loses_as_many_replies_as_told(proxy: Proxy, redis: Redis) -> None:
    proxy.lose_replies(2, of="INCRBY")
    with Redis.from_url(proxy.url, retry=Retry(NoBackoff(), 2)) as client:
        client.ping()

        assert client.incr("k") == 3


def test_what_was_sent_in_a_stall_arrives_when_it_is_over(proxy: Proxy, redis: Redis) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port)) as client:
        proxy.stall()
        client.sendall(b"*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n")
        proxy.flow()

        assert client.recv(100) == b":1\r\n"


def test_what_is_held_arrives_late_although_its_client_has_gone_and_others_pass(proxy: Proxy, redis: Redis) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port)) as client:
        client.sendall(b"*1\r\n$4\r\nPING\r\n")
        client.recv(100)
        proxy.hold()
        client.sendall(b"*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n")
    with Redis.from_url(proxy.url) as other:
        other.set("k", 7)
        proxy.flow()

        eventually(lambda: redis.get("k") == b"8")


def test_who_connects_while_the_server_is_down_is_told_at_once() -> None:
    with redis_server.running() as server, proxies.before(server.port) as proxy:
        os.kill(server.pid, signal.SIGKILL)
        eventually(lambda: refuses(server.port))
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client, suppress(ConnectionResetError):
            assert client.recv(1) == b""


def refuses(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_reset_is_one(proxy: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port)) as client:
        client.sendall(b"*1\r\n$4\r\nPING\r\n")
        client.recv(100)
        proxy.reset()

        with pytest.raises(ConnectionResetError):
            client.recv(100)


def test_a_proxy_that_went_away_refuses_connections(proxy: Proxy) -> None:
    proxy.go_away()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", proxy.port))


def test_a_proxy_that_behaves_again_has_seen_nothing(proxy: Proxy) -> None:
    with Redis.from_url(proxy.url) as client:
        client.ping()
    proxy.stall()
    proxy.go_away()
    proxy.behave()

    assert not proxy.seen
    with Redis.from_url(proxy.url) as client:
        assert client.ping()
