"""A client's side of the protocol, against a real Redis and what other implementations left in one."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from redis import Redis

from resqued import address
from resqued.errors import CommandRefused
from resqued.protocol.keys import Keys
from resqued.store.catalog import Catalog, Info
from resqued.wire import pooled
from tests.golden import Implementation, dump, restore, seen

IMPLEMENTATIONS: tuple[Implementation, ...] = ("ruby", "perl", "node", "pyres")
ALIEN = "\udce9\udcff"  # a queue's name that is not UTF-8, as Python keeps it


@pytest.fixture(name="catalog")
def catalog_of_an_empty_redis(redis_url: str) -> Iterator[Catalog]:
    wire = pooled.connect(address.parse(redis_url))
    yield Catalog(wire, Keys(), servers=["here"])
    wire.close()


def texts(redis: Redis, queue: str = "q") -> list[bytes | str]:
    return redis.lrange(f"resque:queue:{queue}", 0, -1)


# Jobs


def test_an_enqueued_job_leaves_what_ruby_leaves(catalog: Catalog, redis: Redis) -> None:
    catalog.enqueue("ok", '{"class":"OkJob","args":[1,"two",{"k":null,"u":"é😀"}]}')

    assert dump(redis) == seen("ruby", "after enqueue")


def test_a_job_whose_queue_is_something_else_is_refused(catalog: Catalog, redis: Redis) -> None:
    redis.set("resque:queue:q", "not a list")

    with pytest.raises(CommandRefused, match="WRONGTYPE"):
        catalog.enqueue("q", "{}")


def test_jobs_are_taken_in_the_order_in_which_they_came(catalog: Catalog) -> None:
    catalog.enqueue("q", "1")
    catalog.enqueue("q", "2")

    assert [catalog.pop("q"), catalog.pop("q"), catalog.pop("q")] == [b"1", b"2", None]


@pytest.mark.parametrize(
    ("start", "count", "found"),
    [
        (0, 1, [b"0"]),
        (1, 3, [b"1", b"2", b"3"]),
        (3, 9, [b"3", b"4"]),
        (9, 1, []),
        (-1, 1, [b"4"]),
        (-1, 5, [b"4"]),
        (-3, 2, [b"2", b"3"]),
        (-9, 5, [b"0"]),
        (0, 0, []),
        (2, -1, []),
    ],
)
def test_a_peek_shows_so_many_jobs_from_there_on(
    catalog: Catalog, redis: Redis, start: int, count: int, found: list[bytes]
) -> None:
    redis.rpush("resque:queue:q", *range(5))

    assert catalog.peek("q", start, count) == found


def test_a_peek_takes_nothing(catalog: Catalog, redis: Redis) -> None:
    redis.rpush("resque:queue:q", "1")
    catalog.peek("q", 0, 5)

    assert texts(redis) == [b"1"]


def test_dequeue_takes_every_job_of_that_very_text(catalog: Catalog, redis: Redis) -> None:
    redis.rpush("resque:queue:q", "a", "b", "a", "a ")

    assert catalog.dequeue("q", "a") == 2
    assert texts(redis) == [b"b", b"a "]


def test_dequeue_where_leaves_the_others_in_their_order(catalog: Catalog, redis: Redis) -> None:
    redis.rpush("resque:queue:q", *"axbxayc")

    assert catalog.dequeue_where("q", lambda raw: raw in b"xa") == 4
    assert texts(redis) == [b"b", b"y", b"c"]


def test_dequeue_where_takes_only_what_was_there_when_it_looked(catalog: Catalog, redis: Redis) -> None:
    redis.rpush("resque:queue:q", "x", "y")

    def unwanted(raw: bytes) -> bool:
        if raw == b"x":  # meanwhile
            redis.rpush("resque:queue:q", "x", "z")
        return raw == b"x"

    assert catalog.dequeue_where("q", unwanted) == 1
    assert texts(redis) == [b"y", b"x", b"z"]


def test_dequeue_where_does_not_count_what_a_worker_took_meanwhile(catalog: Catalog, redis: Redis) -> None:
    redis.rpush("resque:queue:q", "x1", "x2", "y")

    def unwanted(raw: bytes) -> bool:
        if raw == b"x2":
            redis.lpop("resque:queue:q")
        return raw.startswith(b"x")

    assert catalog.dequeue_where("q", unwanted) == 1
    assert texts(redis) == [b"y"]


def test_dequeue_where_takes_more_jobs_than_one_pipeline_has(catalog: Catalog, redis: Redis) -> None:
    redis.rpush("resque:queue:q", *range(1300))

    assert catalog.dequeue_where("q", lambda raw: raw != b"7") == 1299
    assert texts(redis) == [b"7"]


# Queues


def test_queues_are_sorted(catalog: Catalog, redis: Redis) -> None:
    redis.sadd("resque:queues", "b", "c", "a")

    assert catalog.queues() == ["a", "b", "c"]


def test_sizes_are_those_of_all_known_queues(catalog: Catalog, redis: Redis) -> None:
    redis.sadd("resque:queues", "full", "empty")
    redis.rpush("resque:queue:full", 1, 2)
    redis.rpush("resque:queue:unknown", 1)

    assert catalog.sizes() == {"empty": 0, "full": 2}


def test_a_removed_queue_leaves_what_ruby_leaves(catalog: Catalog, redis: Redis) -> None:
    before = seen("ruby", "after failed remove")
    restore(redis, before)
    catalog.remove_queue("boom")

    assert dump(redis).keys() == seen("ruby", "after remove_queue").keys()


def test_a_queue_whose_name_is_not_utf8_can_be_found_measured_and_removed(catalog: Catalog, redis: Redis) -> None:
    redis.sadd("resque:queues", b"\xe9\xff")
    redis.rpush(b"resque:queue:\xe9\xff", "1", "2")

    assert catalog.queues() == [ALIEN]
    assert catalog.sizes() == {ALIEN: 2}
    assert catalog.pop(ALIEN) == b"1"
    catalog.remove_queue(ALIEN)
    assert dump(redis) == {}


def test_namespaces_do_not_see_each_other(catalog: Catalog, redis_url: str) -> None:
    wire = pooled.connect(address.parse(redis_url))
    Catalog(wire, Keys("other")).enqueue("q", "{}")
    wire.close()

    assert catalog.queues() == []


# Workers


def test_without_workers_there_are_none(catalog: Catalog) -> None:
    assert catalog.workers() == []


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_a_working_worker_of_each_implementation_is_understood(
    catalog: Catalog, redis: Redis, implementation: Implementation
) -> None:
    restore(redis, seen(implementation, "while working"))
    (worker,) = catalog.workers()

    assert (worker.host, worker.queues[-1]) == ("vm", "sleep")
    assert worker.pid is not None
    assert worker.started is not None
    assert worker.working is not None
    assert worker.working.queue == "sleep"
    assert worker.working.name.startswith("SleepJob")
    assert worker.working.since is not None
    assert 0 <= (worker.working.since - worker.started).total_seconds() < 10


def test_a_worker_of_ruby_has_a_heartbeat(catalog: Catalog, redis: Redis) -> None:
    restore(redis, seen("ruby", "worker idle, registered"))
    (worker,) = catalog.workers()

    assert worker.id == "vm:13768:idle"
    assert worker.heartbeat == worker.started == datetime(2026, 11, 23, 7, 33, 53, tzinfo=UTC)
    assert worker.working is None


def test_a_worker_of_node_leaves_a_record_without_arguments_that_can_be_read(catalog: Catalog, redis: Redis) -> None:
    restore(redis, seen("node", "after scheduler cleaned the stuck worker"))
    redis.sadd("resque:workers", "vm:16103:ok,boom,die,sleep")
    (worker,) = catalog.workers()

    assert worker.working is not None
    assert worker.working.payload["args"] == {}


def test_hostile_records_hide_no_worker(catalog: Catalog, redis: Redis) -> None:
    ids = [
        b"",
        b":",
        b"\xff\xfe",
        b"host:123-poller:q",
        b"host:1:",
        "host:\u0661:q".encode(),
        b"h:1:a\x1b[31m",
        b"x" * 9999,
    ]
    records = [b"", b"null", b"[]", b"{", b"\xff", b'{"payload":null}', b'{"payload":{"class":7}}', b"[" * 5000]
    redis.sadd("resque:workers", *ids)
    for worker, record in zip(ids, records, strict=True):
        redis.set(b"resque:worker:" + worker, record)
        redis.set(b"resque:worker:" + worker + b":started", record)
        redis.hset("resque:workers:heartbeat", worker, record)

    assert len(catalog.workers()) == len(ids)


def test_a_record_of_another_type_counts_as_idle(catalog: Catalog, redis: Redis) -> None:
    redis.sadd("resque:workers", "h:1:q")
    redis.rpush("resque:worker:h:1:q", "1")
    (worker,) = catalog.workers()

    assert worker.working is None


# All together


def test_info_counts_what_is_there(catalog: Catalog, redis: Redis) -> None:
    restore(redis, seen("ruby", "while working"))
    redis.rpush("resque:queue:ok", 1, 2, 3)

    redis.set("resque:pause-all-workers", "true")

    assert catalog.info() == Info(
        pending=3, processed=4, queues=5, workers=1, working=1, failed=2, paused=True, servers=("here",)
    )


def test_info_of_an_empty_redis_is_all_zero(catalog: Catalog) -> None:
    assert catalog.info() == Info(
        pending=0, processed=0, queues=0, workers=0, working=0, failed=0, paused=False, servers=("here",)
    )


def test_a_counter_that_is_no_number_counts_nothing(catalog: Catalog, redis: Redis) -> None:
    redis.set("resque:stat:processed", "many")

    assert catalog.info().processed == 0


def test_a_job_is_on_its_queue_as_the_text_that_was_given(catalog: Catalog, redis: Redis) -> None:
    text = json.dumps({"class": "é", "args": ["\N{SNOWMAN}"]}, ensure_ascii=False)
    catalog.enqueue("q", text)

    assert texts(redis) == [text.encode()]
