"""What a worker writes to Redis, in peace. Trouble and peers have files of their own."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from redis import Redis

from resqued.protocol.moves import Settled
from resqued.store.slate import Held, Nothing, Slate, Taken
from resqued.verdict import DONE, REQUEUED, Verdict
from resqued.work import Work
from tests.store.slates import (
    FAILED,
    QUEUES,
    REGISTRATION,
    SHOWN,
    SLATE,
    WORKER,
    counted,
    failures,
    job,
    push,
    slate_at,
    taken,
    waiting,
)

# Register, beat, unregister


def test_a_registered_worker_is_in_every_register(slate: Slate, redis: Redis) -> None:
    slate.register()

    assert redis.smembers("resque:workers") == {WORKER.encode()}
    assert redis.get(f"{SHOWN}:started") == b"2026-11-23 07:21:01 +0000"
    assert redis.hkeys("resque:workers:heartbeat") == [WORKER.encode()]
    assert redis.hgetall("resqued:resque:workers") == {WORKER.encode(): REGISTRATION.encode().encode()}


def test_a_heartbeat_has_the_time_of_the_server(slate: Slate, redis: Redis) -> None:
    before = int(redis.time()[0])
    slate.beat()

    beat = redis.hget("resque:workers:heartbeat", WORKER)
    assert isinstance(beat, bytes)
    assert before <= datetime.strptime(beat.decode(), "%Y-%m-%dT%H:%M:%S%z").timestamp() <= int(redis.time()[0])


def test_a_worker_that_is_registered_is_not_told_that_it_was_struck_off(slate: Slate) -> None:
    slate.register()

    assert slate.beat() == (False, [])


def test_a_heartbeat_leaves_the_date_of_the_start_alone(slate: Slate, redis: Redis, redis_url: str) -> None:
    slate.register()
    with slate_at(redis_url, clock=lambda: 2e9, registers=False) as later:
        later.beat()

    assert redis.get(f"{SHOWN}:started") == b"2026-11-23 07:21:01 +0000"


def test_nothing_is_left_of_a_worker_that_has_unregistered(slate: Slate, redis: Redis) -> None:
    slate.register()
    slate.beat()
    push(redis, job(), job())
    slate.settle(taken(slate), FAILED, QUEUES)
    slate.settle(taken(slate), DONE, ())
    redis.delete("resque:queues", "resque:failed", "resque:stat:processed", "resque:stat:failed")

    assert slate.unregister() is True
    assert [key for key in redis.keys("*") if redis.ttl(key) < 0] == []


def test_a_worker_that_holds_a_job_stays_registered_with_all_it_has(slate: Slate, redis: Redis) -> None:
    slate.register()
    push(redis, job())
    taken(slate)
    before = sorted(redis.keys("*"))

    assert slate.unregister() is False
    assert sorted(redis.keys("*")) == before


def test_to_unregister_twice_does_no_harm(slate: Slate) -> None:
    slate.register()

    assert [slate.unregister(), slate.unregister()] == [True, True]


def test_a_queue_whose_name_is_no_text_does_not_exist_for_us(slate: Slate, redis: Redis) -> None:
    redis.sadd("resque:queues", "é", b"\xff\xfe")

    assert slate.existing_queues() == ["é"]


# Reserve


def test_a_reserved_job_is_on_the_slate_and_counted(slate: Slate, redis: Redis) -> None:
    push(redis, job())

    assert slate.reserve(QUEUES) == Work(1, "mail", job())
    assert redis.hgetall(SLATE) == {b"run": b"1", b"queue": b"mail", b"payload": job()}
    assert (waiting(redis), counted(redis)) == ([], (1, 1))


def test_a_reserved_job_is_shown_to_peers(slate: Slate, redis: Redis) -> None:
    push(redis, job())
    taken(slate)

    assert redis.get(SHOWN) == (
        b'{"queue":"mail","run_at":"2026/11/23 07:21:01 UTC","payload":{"class":"Echo","args":[]}}'
    )


@pytest.mark.parametrize("queue", ["é/😀", "back\\slash", "a/b", "[]{}"])
def test_the_name_of_a_queue_is_shown_as_it_is(slate: Slate, redis: Redis, queue: str) -> None:
    push(redis, job(), queue=queue)

    assert taken(slate, queue).queue == queue
    assert json.loads(shown(redis))["queue"] == queue


def test_a_slash_is_shown_without_ado(slate: Slate, redis: Redis) -> None:
    push(redis, job(), queue="a/b")
    taken(slate, "a/b")

    assert b'"queue":"a/b"' in shown(redis)


def test_jobs_come_off_the_first_queue_that_has_one(slate: Slate, redis: Redis) -> None:
    push(redis, job("Low"), queue="low")
    push(redis, job("First"), job("Second"))
    work: Taken = taken(slate)
    found = []
    while isinstance(work, Work):
        found.append(json.loads(work.payload)["class"])
        _, work = slate.settle(work, DONE, QUEUES)

    assert found == ["First", "Second", "Low"]


@pytest.mark.parametrize("payload", [b"", b"\0", b"\xff" * 10, b"null", b"x" * 1_000_000])
def test_whatever_lies_on_a_queue_is_handed_over_as_it_is(slate: Slate, redis: Redis, payload: bytes) -> None:
    push(redis, payload)

    assert taken(slate).payload == payload
    assert json.loads(shown(redis))["payload"]["class"] == "InvalidPayload"


def test_there_is_nothing_on_empty_queues_nor_on_no_queues(slate: Slate) -> None:
    assert [slate.reserve(QUEUES), slate.reserve(())] == [Nothing.EMPTY, Nothing.EMPTY]


@pytest.mark.parametrize("said", ["true", " TRUE\n"])
def test_nothing_is_taken_while_the_fleet_is_paused(slate: Slate, redis: Redis, said: str) -> None:
    push(redis, job())
    redis.set("resque:pause-all-workers", said)

    assert slate.reserve(QUEUES) is Nothing.PAUSED
    assert waiting(redis) == [job()]


def test_a_fleet_that_pauses_during_a_job_takes_no_further_one(slate: Slate, redis: Redis) -> None:
    push(redis, job(), job())
    work = taken(slate)
    redis.set("resque:pause-all-workers", "true")

    assert slate.settle(work, DONE, QUEUES) == (Settled.NOW, Nothing.PAUSED)


def test_a_paused_queue_is_passed_over_for_the_next(slate: Slate, redis: Redis) -> None:
    push(redis, job("Held"))
    push(redis, job("Taken"), queue="low")
    redis.hset("resqued:resque:paused", "mail", "since")

    assert taken(slate).queue == "low"
    assert waiting(redis) == [job("Held")]


def test_who_finds_jobs_on_paused_queues_only_is_told_which(slate: Slate, redis: Redis) -> None:
    push(redis, job())
    redis.hset("resqued:resque:paused", mapping={"mail": "since", "low": "since"})

    assert slate.reserve(QUEUES) == Held(("mail",))
    assert counted(redis) == (0, 0)


def test_a_queue_that_is_paused_during_a_job_gives_no_further_one(slate: Slate, redis: Redis) -> None:
    push(redis, job(), job())
    work = taken(slate)
    redis.hset("resqued:resque:paused", "mail", "since")

    assert slate.settle(work, DONE, QUEUES) == (Settled.NOW, Held(("mail",)))


def test_of_ever_so_many_paused_queues_each_is_named(slate: Slate, redis: Redis) -> None:
    queues = [f"q{number}" for number in range(9000)]  # Lua's own `unpack` ends before 8000
    push(redis, job())
    work = taken(slate)
    with redis.pipeline() as pipeline:
        for queue in queues:
            pipeline.rpush(f"resque:queue:{queue}", job())
            pipeline.hset("resqued:resque:paused", queue, "since")
        pipeline.execute()

    assert slate.settle(work, DONE, queues) == (Settled.NOW, Held(tuple(queues)))


@pytest.mark.parametrize("count", [33, 64, 65, 96])  # more than are named each time; the last portion full and not
def test_of_many_queues_the_first_that_has_a_job_gives_it_wherever_it_stands(
    slate: Slate, redis: Redis, count: int
) -> None:
    queues = [f"q{number}" for number in range(count)]
    redis.set("resque:queue:q1", "no list")
    for _ in range(3):  # from the second time on, their names stand in Redis
        assert slate.reserve(queues) is Nothing.EMPTY
    for at in (count - 1, 40 % count, 31, 0):
        push(redis, job(), queue=f"q{at}")
    found = []
    while isinstance(work := slate.reserve(queues), Work):
        found.append(work.queue)
        slate.settle(work, DONE, ())

    assert found == list(dict.fromkeys(f"q{at}" for at in sorted((0, 31, 40 % count, count - 1))))


def test_a_resumed_queue_is_taken_from(slate: Slate, redis: Redis) -> None:
    push(redis, job())
    redis.hset("resqued:resque:paused", "mail", "since")
    slate.reserve(QUEUES)
    redis.hdel("resqued:resque:paused", "mail")

    assert taken(slate).queue == "mail"


def test_who_asks_for_nothing_is_not_told_of_a_pause(slate: Slate, redis: Redis) -> None:
    redis.set("resque:pause-all-workers", "true")

    assert slate.reserve(()) is Nothing.EMPTY


@pytest.mark.parametrize("said", ["false", "", "truely", "1"])
def test_only_true_pauses_a_fleet(slate: Slate, redis: Redis, said: str) -> None:
    push(redis, job())
    redis.set("resque:pause-all-workers", said)

    assert taken(slate).payload == job()


# Settle


def test_a_job_that_is_done_leaves_only_its_count(slate: Slate, redis: Redis) -> None:
    push(redis, job())

    assert slate.settle(taken(slate), DONE, QUEUES) == (Settled.NOW, Nothing.EMPTY)
    assert redis.hgetall(SLATE) == {b"run": b"1", b"settled": b"1", b"outcome": b"done"}
    assert (redis.exists(SHOWN), counted(redis), counted(redis, "failed")) == (0, (1, 1), (0, 0))


def test_a_failure_is_an_entry_and_counted(slate: Slate, redis: Redis) -> None:
    push(redis, job("Echo", 12345678901234567, []))
    slate.settle(taken(slate), FAILED, ())

    assert redis.lindex("resque:failed", 0) == (
        b'{"failed_at":"2026/11/23 07:21:01 UTC","payload":{"class":"Echo","args":[12345678901234567,[]]},'
        b'"exception":"ValueError","error":"no","backtrace":["one","two"],'
        b'"worker":"vm:4711:mail,low","queue":"mail"}'
    )
    assert (counted(redis), counted(redis, "failed")) == ((1, 1), (1, 1))


def test_a_job_that_is_put_back_is_the_next_of_its_queue_and_counts_no_more(slate: Slate, redis: Redis) -> None:
    push(redis, job("First"), job("Second"))

    assert slate.settle(taken(slate), REQUEUED, ()) == (Settled.NOW, Nothing.EMPTY)
    assert (waiting(redis), counted(redis)) == ([job("First"), job("Second")], (0, 0))


def test_a_job_that_is_put_back_revives_a_queue_that_was_removed(slate: Slate, redis: Redis) -> None:
    push(redis, job())
    work = taken(slate)
    redis.delete("resque:queues")
    slate.settle(work, REQUEUED, ())

    assert redis.smembers("resque:queues") == {b"mail"}


def test_the_next_job_comes_with_the_end_of_the_last(slate: Slate, redis: Redis) -> None:
    push(redis, job("First"), job("Second"))

    assert slate.settle(taken(slate), DONE, QUEUES) == (Settled.NOW, Work(2, "mail", job("Second")))


def test_every_reservation_has_a_number_of_its_own(slate: Slate, redis: Redis) -> None:
    push(redis, job())
    numbers = []
    for _ in range(3):
        work = taken(slate)
        numbers.append(work.run)
        slate.settle(work, REQUEUED, ())

    assert numbers == [1, 2, 3]


def shown(redis: Redis) -> bytes:
    """What peers see of the worker."""
    record = redis.get(SHOWN)
    assert isinstance(record, bytes)
    return record


# Repetition, after an answer that was lost


def test_a_reserve_that_is_repeated_takes_nothing_more(slate: Slate, redis: Redis) -> None:
    push(redis, job("Same"), job("Same"))

    assert taken(slate) == taken(slate)
    assert (waiting(redis), counted(redis)) == ([job("Same")], (1, 1))


@pytest.mark.parametrize("verdict", [DONE, FAILED, REQUEUED], ids=lambda verdict: verdict.outcome.value)
def test_a_settle_that_is_repeated_changes_nothing(slate: Slate, redis: Redis, verdict: Verdict) -> None:
    push(redis, job("Same"), job("Same"), job("Same"))
    work = taken(slate)
    first, following = slate.settle(work, verdict, QUEUES)
    before = {key: redis.dump(key) for key in redis.keys("*")}

    assert slate.settle(work, verdict, QUEUES) == (Settled.ALREADY, following)
    assert first is Settled.NOW
    assert {key: redis.dump(key) for key in redis.keys("*")} == before


def test_a_settle_that_is_repeated_later_takes_what_has_come_since(slate: Slate, redis: Redis) -> None:
    push(redis, job("First"))
    work = taken(slate)
    slate.settle(work, DONE, QUEUES)
    push(redis, job("Second"))

    assert slate.settle(work, DONE, QUEUES) == (Settled.ALREADY, Work(2, "mail", job("Second")))


def test_a_run_that_is_not_the_present_one_cannot_be_settled(slate: Slate, redis: Redis) -> None:
    push(redis, job())
    work = taken(slate)

    assert slate.settle(Work(work.run + 1, "mail", job()), FAILED, QUEUES) == (Settled.GONE, work)
    assert failures(redis) == []


def test_a_job_that_redis_has_lost_is_gone(slate: Slate, redis: Redis) -> None:
    push(redis, job())
    work = taken(slate)
    redis.flushall()

    assert slate.settle(work, FAILED, QUEUES) == (Settled.GONE, Nothing.UNREGISTERED)


# All at once


def test_workers_that_take_from_one_queue_take_each_job_once(redis: Redis, redis_url: str) -> None:
    jobs = [job("Echo", number) for number in range(200)]
    push(redis, *jobs)
    with ExitStack() as stack:
        slates = [stack.enter_context(slate_at(redis_url, f"vm:{pid}:mail")) for pid in range(4)]
        workers = stack.enter_context(ThreadPoolExecutor())
        found = [payload for payloads in workers.map(work_off, slates) for payload in payloads]

    assert sorted(found) == sorted(jobs)
    assert redis.get("resque:stat:processed") == b"200"


def test_a_job_is_never_nowhere(redis: Redis, redis_url: str) -> None:
    push(redis, *[job("Echo", number) for number in range(200)])
    with slate_at(redis_url) as slate, ThreadPoolExecutor() as workers:
        worker = workers.submit(work_off, slate)
        sums = [seen_anywhere(redis)]
        while not worker.done():
            sums.append(seen_anywhere(redis))

    assert set(sums) == {200}


def work_off(slate: Slate) -> list[bytes]:
    found = []
    work = slate.reserve(QUEUES)
    while isinstance(work, Work):
        found.append(work.payload)
        _, work = slate.settle(work, DONE, QUEUES)
    return found


def seen_anywhere(redis: Redis) -> int:
    """Jobs that wait, are on the slate, or have been settled, at one moment."""
    with redis.pipeline() as moment:
        moment.llen("resque:queue:mail")
        moment.hmget(SLATE, "settled", "payload")
        queued, (settled, payload) = moment.execute()
    return int(queued) + int(settled or 0) + (payload is not None)


@pytest.mark.parametrize("instant", ["2024-02-29T23:59:59", "1999-12-31T00:00:00", "2100-03-01T12:34:56"])
@pytest.mark.parametrize("write", [Slate.register, Slate.beat])
def test_the_start_is_dated_in_universal_time(
    redis: Redis, redis_url: str, instant: str, write: Callable[[Slate], object]
) -> None:
    epoch = datetime.fromisoformat(instant).replace(tzinfo=UTC).timestamp()
    with slate_at(redis_url, clock=lambda: epoch) as slate:
        write(slate)

    assert redis.get(f"{SHOWN}:started") == f"{instant.replace('T', ' ')} +0000".encode()


# Struck off our own register


def test_who_is_not_registered_gets_no_job(slate: Slate, redis: Redis) -> None:
    """What a worker sent before it was killed may arrive after its slate was settled."""
    push(redis, job())
    redis.hdel("resqued:resque:workers", WORKER)

    assert slate.reserve(QUEUES) is Nothing.UNREGISTERED
    assert redis.llen("resque:queue:mail") == 1


def test_the_last_words_of_a_worker_that_was_pruned_take_no_job_with_them(slate: Slate, redis: Redis) -> None:
    push(redis, job(), job())
    work = taken(slate)
    redis.hdel("resqued:resque:workers", WORKER)
    redis.delete(f"resqued:resque:slate:{WORKER}")

    assert slate.settle(work, DONE, QUEUES) == (Settled.GONE, Nothing.UNREGISTERED)
    assert redis.llen("resque:queue:mail") == 1
