"""Jobs that are tried again, and jobs of which there may be one only, as a daemon performs them."""

import os
import signal
from collections.abc import Mapping
from typing import Any

from redis import Redis

from resqued import Resque
from resqued.protocol.retries import counted_as
from tests.support.daemon import Daemon, Daemons, failures, popped, push, resque_keys, text_of, texts
from tests.support.waiting import eventually


def started(daemons: Daemons, **settings: Any) -> Daemon:
    file = daemons.configured(**settings)
    file.write_text(file.read_text().replace('modules = ["tracked"]', 'modules = ["tracked", "again"]'))
    daemon = daemons.start(file)
    daemon.wait_for_workers(settings.get("workers", 1))
    return daemon


class Single:
    """As the application has it."""

    queue, resque_name = "work", "again.Single"
    unique: Mapping[str, Any] = {"while": "unfinished"}

    @staticmethod
    def perform(name: str) -> None: ...


def retry_keys(redis: Redis) -> set[str]:
    return {key for key in resque_keys(redis) if "retry" in key or ":tries:" in key}


def delayed(redis: Redis) -> list[str]:
    return [item for key in redis.keys("resque:delayed:*") for item in texts(redis, text_of(key))]


def pauses(daemon: Daemon) -> list[float]:
    return [line["again_in_s"] for line in daemon.logged("job.failed") if "again_in_s" in line]


def test_a_job_is_tried_again_until_it_succeeds_or_may_not_be_tried_any_more(daemons: Daemons, redis: Redis) -> None:
    """In one process that performs several jobs, too: each is told how often it was tried."""
    daemon = started(daemons, pool="jobs_per_fork = 3")
    push(redis, "Flaky", 2)
    assert [popped(redis, "test:said") for _ in range(3)] == ["0", "1", "2"]
    eventually(lambda: daemon.logged("job.done"))
    assert (failures(redis), retry_keys(redis)) == ([], set())

    push(redis, "Flaky", 9)
    assert [popped(redis, "test:said") for _ in range(4)] == ["0", "1", "2", "3"]
    eventually(lambda: failures(redis))
    (entry,) = failures(redis)
    assert (entry["exception"], entry["tried"], entry["error"]) == ("ConnectionError", 4, "3")
    assert [each["error"] for each in entry["tries"]] == ["0", "1", "2"]

    for error in ("KeyError", "never"):
        push(redis, "Flaky", 9, error)
    eventually(lambda: len(failures(redis)) == 3)
    assert "tried" not in failures(redis)[1]
    assert retry_keys(redis) == set()
    assert (redis.get("resque:stat:processed"), redis.get("resque:stat:failed")) == (b"9", b"8")


def test_what_is_remembered_of_a_job_goes_with_it_when_nobody_knows_its_class_any_more(
    daemons: Daemons, redis: Redis
) -> None:
    counted = counted_as("Gone", [1])
    redis.set(f"resque:resque-retry:{counted}", 1)
    redis.rpush(f"resqued:resque:tries:{counted}", '{"error":"0"}', '{"error":"1"}')
    started(daemons)
    push(redis, "Gone", 1)
    (entry,) = eventually(lambda: failures(redis))

    assert (entry["exception"], entry["tried"], entry["tries"]) == ("UnknownJob", 3, [{"error": "0"}, {"error": "1"}])
    eventually(lambda: not retry_keys(redis))


def test_a_function_says_how_long_to_wait_and_never_in_the_worker(daemons: Daemons, redis: Redis) -> None:
    daemon = started(daemons)
    (worker,) = daemon.workers()
    for how in ("raise", "die"):
        push(redis, "Asking", how)
        assert popped(redis, "test:asked") == f"1 {worker.pid}"

    eventually(lambda: len(delayed(redis)) == 2)
    eventually(lambda: pauses(daemon) == [3600, 3600])
    assert len(daemon.logged("retry.no_scheduler")) == 1
    assert failures(redis) == []


def test_a_pool_may_say_it_for_its_jobs_and_the_death_of_a_worker_counts(daemons: Daemons, redis: Redis) -> None:
    daemon = started(daemons, pool="retry = { limit = 1, backoff = 3600 }")
    push(redis, "Meet", "x")
    popped(redis, "test:met")
    (worker,) = daemon.workers()
    os.kill(worker.pid, signal.SIGKILL)

    eventually(lambda: delayed(redis) == ['{"class": "Meet", "args": ["x"],"queue":"work"}'])
    eventually(lambda: [line["job_is"] for line in daemon.logged("worker.pruned")] == ["again"])
    assert failures(redis) == []


def test_a_job_that_our_own_stop_cuts_short_has_not_been_tried(daemons: Daemons, redis: Redis) -> None:
    daemon = started(daemons, pool="retry = { limit = 1, backoff = 3600 }", more="[shutdown]\ngrace = 0")
    push(redis, "Careful")
    popped(redis, "test:met")
    daemon.stop()

    assert redis.llen("resque:queue:work") == 1
    assert (delayed(redis), failures(redis), retry_keys(redis)) == ([], [], set())


def test_two_of_a_kind_are_not_performed_at_once_and_none_is_lost(daemons: Daemons, redis: Redis) -> None:
    """Whatever is killed: the lock of a dead worker goes with it, and the next job comes."""
    daemon = started(daemons, workers=2)
    for number in range(3):
        push(redis, "Alone", "ann", number)
    push(redis, "Alone", "bob")
    met = {popped(redis, "test:met") for _ in range(2)}
    eventually(lambda: len(daemon.logged("job.not_begun")) == 2)
    assert len(met) == 2
    assert redis.llen("test:met") == 0

    one, its_job = next((it, job) for it in daemon.workers() for job in it.children() if str(job.pid) in met)
    os.kill(one.pid, signal.SIGKILL)
    eventually(lambda: not its_job.is_running())  # or it may be told to go on, and be done, before it is killed
    redis.rpush("test:go", *["on"] * 9)  # some may go to the one that is dead
    eventually(lambda: redis.llen("test:done") == 3)
    eventually(lambda: not [key for key in resque_keys(redis) if ":lock:" in key or "wait" in key], within=10)
    assert [entry["exception"] for entry in failures(redis)] == ["Resque::DirtyExit"]


def test_one_that_is_not_finished_keeps_others_away_also_while_it_waits_for_its_next_try(
    daemons: Daemons, redis: Redis
) -> None:
    daemon = started(daemons)
    with Resque(daemons.url) as resque:
        assert resque.enqueue(Single, "x")
        assert not resque.enqueue(Single, "x")
        popped(redis, "test:met")
        assert not resque.enqueue(Single, "x")
        redis.rpush("test:go", "on")
        eventually(lambda: pauses(daemon) == [3600])
        assert not resque.enqueue(Single, "x")
        assert resque.enqueue(Single, "y")


def test_where_a_worker_knows_no_class_its_pool_counts_tries_and_no_lock_is_pretended(
    daemons: Daemons, redis: Redis
) -> None:
    started(daemons, pool="retry = { limit = 1, backoff = 0 }", jobs='preload = "job"')
    push(redis, "Boom", 1)
    push(redis, "Alone", "ann")

    eventually(lambda: len(failures(redis)) == 2)
    by_class = {entry["payload"]["class"]: entry for entry in failures(redis)}
    assert by_class["Boom"]["tried"] == 2
    assert by_class["Alone"]["exception"] == "PolicyNotKept"
    assert retry_keys(redis) == set()
