"""The client as a whole: where it connects, what it says of itself, who may share it, and what it does in an outage."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from redis import Redis

from resqued import AddressError, Resque, StoreUnavailable, testing
from tests.golden import restore, seen
from tests.support import proxy
from tests.support.proxy import Proxy
from tests.support.python import run_python
from tests.support.redis_server import RedisServer, free_port

JOB = {"class": "A", "args": []}


class Echo:
    queue = "echo"

    @staticmethod
    def perform(text: str) -> str:
        return text


@pytest.fixture(name="nowhere")
def url_where_nobody_listens() -> str:
    return f"redis://127.0.0.1:{free_port()}/0"


# Where it connects


def test_an_address_a_url_and_a_client_all_lead_to_the_same_queues(redis_server: RedisServer, redis: Redis) -> None:
    for server in (f"127.0.0.1:{redis_server.port}", redis_server.url, redis_server.unix_url, redis):
        with Resque(redis=server) as resque:
            resque.push("q", JOB)

    assert redis.llen("resque:queue:q") == 4


def test_a_client_of_redis_py_with_nothing_but_an_address_will_do(redis_server: RedisServer, redis: Redis) -> None:
    with Redis(port=redis_server.port) as plain, Resque(plain) as resque:
        resque.push("q", JOB)

        assert resque.pop("q") == JOB


def test_a_client_that_decodes_replies_will_do(redis_server: RedisServer, redis: Redis) -> None:
    with redis_server.client(decode_responses=True) as decoding, Resque(decoding) as resque:
        resque.push("q", JOB)

        assert resque.pop("q") == JOB


def test_what_is_no_address_is_said_at_once() -> None:
    with pytest.raises(AddressError, match="the scheme is unknown"):
        Resque("http://127.0.0.1")


def test_it_says_where_it_is_connected_but_not_by_which_password() -> None:
    assert repr(Resque("redis://ann:secret@example.org")) == (
        "Resque('redis://ann:***@example.org:6379/0', namespace='resque')"
    )


def test_it_says_where_the_client_is_connected_that_it_was_given(redis: Redis, redis_server: RedisServer) -> None:
    assert repr(Resque(redis, "apps")) == f"Resque('{redis_server.directory}/redis.sock', namespace='apps')"
    assert repr(Resque(Redis("example.org"))) == "Resque('example.org:6379', namespace='resque')"


def test_a_closed_client_connects_anew(resque: Resque) -> None:
    resque.push("q", JOB)
    resque.close()
    resque.close()

    assert resque.size("q") == 1


# What it sees


def test_workers_are_seen_with_what_they_do(resque: Resque, redis: Redis) -> None:
    restore(redis, seen("ruby", "while working"))
    (worker,) = resque.workers()

    assert worker.id == "vm:15024:ok,boom,die,exit,sleep"
    assert worker.working is not None
    assert (worker.working.queue, worker.working.name, worker.working.payload["args"]) == ("sleep", "SleepJob", [6])


def test_info_names_the_server(resque: Resque, redis_url: str) -> None:
    resque.push("q", JOB)
    info = resque.info()

    assert (info.pending, info.queues, info.servers) == (1, 1, (redis_url,))


def test_queues_are_listed_measured_and_removed(resque: Resque) -> None:
    resque.push("b", JOB)
    resque.push("a", JOB)
    resque.push("a", JOB)

    assert resque.queues() == ["a", "b"]
    assert resque.queue_sizes() == {"a": 2, "b": 1}
    resque.remove_queue("a")
    assert (resque.queues(), resque.size("a")) == (["b"], 0)


# Who may share it


def test_threads_share_a_client(resque: Resque) -> None:
    def push_many(thread: int) -> None:
        for i in range(50):
            resque.push("q", {"class": "A", "args": [thread, i]})

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(push_many, range(8)))

    args = [job["args"] for job in resque.peek("q", 0, 1000)]
    assert sorted(args) == [[thread, i] for thread in range(8) for i in range(50)]


def test_a_forked_child_shares_the_client_with_its_parent(redis_url: str, resque: Resque) -> None:
    run_python(
        """
        import os, sys
        from resqued import Resque

        resque = Resque(sys.argv[1])
        resque.push("q", {"class": "Before"})
        child = os.fork()
        for i in range(100):
            resque.push("q", {"class": "Child" if child == 0 else "Parent", "args": [i]})
            assert resque.size("q") > i
        if child == 0:
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        """,
        redis_url,
    )

    names = [job["class"] for job in resque.peek("q", 0, 1000)]
    assert [names.count(name) for name in ("Before", "Child", "Parent")] == [1, 100, 100]


# Outages


@pytest.fixture(name="proxied")
def proxy_before_redis(redis_server: RedisServer, redis: Redis) -> Iterator[Proxy]:
    with proxy.before(redis_server.port) as running:
        yield running


def test_a_server_that_is_away_is_unavailable(nowhere: str) -> None:
    with Resque(nowhere) as resque, pytest.raises(StoreUnavailable, match="cannot connect"):
        resque.push("q", JOB)


def test_an_enqueue_whose_answer_is_lost_is_not_repeated(proxied: Proxy, redis: Redis) -> None:
    with Resque(proxied.url) as resque:
        resque.size("q")
        proxied.lose_replies(of="EXEC")
        with pytest.raises(StoreUnavailable):
            resque.push("q", JOB)

    assert redis.llen("resque:queue:q") == 1


def test_a_pop_whose_answer_is_lost_is_not_repeated(proxied: Proxy, redis: Redis) -> None:
    redis.rpush("resque:queue:q", "1", "2", "3")
    with Resque(proxied.url) as resque:
        proxied.lose_replies(of="LPOP")
        with pytest.raises(StoreUnavailable):
            resque.pop("q")

    assert redis.lrange("resque:queue:q", 0, -1) == [b"2", b"3"]


def test_a_client_goes_on_after_an_outage(proxied: Proxy) -> None:
    with Resque(proxied.url) as resque:
        resque.push("q", JOB)
        proxied.go_away()
        with pytest.raises(StoreUnavailable):
            resque.push("q", JOB)
        proxied.come_back()

        assert resque.size("q") == 1


# Without Redis


def test_what_is_collected_in_a_test_reaches_no_redis(nowhere: str) -> None:
    resque = Resque(nowhere)
    with testing.collected() as jobs:
        resque.enqueue(Echo, ("a",))
        resque.push("q", {"class": "B", "args": [1]})

    assert jobs == [("echo", f"{__name__}.Echo", (["a"],)), ("q", "B", (1,))]


def test_what_is_performed_inline_reaches_no_redis(nowhere: str) -> None:
    performed: list[str] = []

    class Note:
        queue = "q"

        @staticmethod
        def perform(text: str) -> None:
            performed.append(text)

    with testing.inline():
        assert Resque(nowhere).enqueue(Note, "hello") is True
    assert performed == ["hello"]


def test_no_redis_is_needed_to_make_a_client(nowhere: str, tmp_path: Path) -> None:
    Resque(nowhere).close()
    Resque(f"unix://{tmp_path}/none.sock").close()
