"""A daemon whose Redis is a primary with a replica and three sentinels, when the primary is killed."""

from collections import Counter
from collections.abc import Iterator

import pytest
from redis import Redis

from tests.support import sentinels
from tests.support.daemon import Daemon, text_of
from tests.support.noting import Site, left_in, push
from tests.support.sentinels import Watched
from tests.support.waiting import eventually


@pytest.fixture
def watched() -> Iterator[Watched]:
    with sentinels.watched() as group:
        yield group


def test_a_fail_over_loses_no_job_and_performs_none_twice_if_redis_loses_nothing(site: Site, watched: Watched) -> None:
    """Writes are held back until the replica has everything; then the primary is killed, at work and unasked."""
    jobs = [str(number) for number in range(200)]
    with watched.primary.client() as primary, watched.replica.client() as replica:
        for job in jobs:
            push(primary, "Note", job, 0.01)
        master = site.start(f'url = "{watched.url}"', workers=4)
        eventually(lambda: len(site.noted()) > 40, within=10)
        hold_writes_back(primary, replica)
        watched.kill_the_primary()
    watched.wait_for_the_replica()
    with watched.replica.client() as survivor:
        eventually(lambda: all_is_done(survivor), within=12)
        assert master.stop() == 0

        assert sorted(site.noted(), key=int) == jobs
        assert survivor.get("resque:stat:processed") == b"200"
        assert left_in(survivor) == {"resque:queues", "resque:stat:processed"}
        assert told_by_workers(master, "redis.lost") == told_by_workers(master, "redis.back") == [0, 1, 2, 3]


def told_by_workers(master: Daemon, event: str) -> list[int]:
    """Their numbers, as often as they said it."""
    slots = [line["slot"].split(".") for line in master.logged(event)]
    return sorted(int(number) for pool, number in slots if pool == "work")


def all_is_done(redis: Redis) -> bool:
    """Whether no job waits, and no worker has one on its slate."""
    slates = [key for key in redis.keys("resque:worker:*") if not text_of(key).endswith(":started")]
    return not redis.llen("resque:queue:work") and not slates


def hold_writes_back(primary: Redis, replica: Redis) -> None:
    """Until the replica has all that the primary has. Sentinels, which publish, have to wait too: for a second."""
    primary.execute_command("CLIENT", "PAUSE", 30000, "WRITE")  # type: ignore[no-untyped-call]
    all_of_it = primary.info("replication")["master_repl_offset"]
    eventually(lambda: replica.info("replication")["slave_repl_offset"] >= all_of_it)


def test_what_redis_loses_because_it_replicates_late_is_performed_again_and_counts_once(
    site: Site, watched: Watched
) -> None:
    """The replica has every job (WAIT), but not what becomes of the last of them: it is cut off before the end."""
    jobs = {str(number) for number in range(200)}
    with watched.primary.client() as primary:
        for job in jobs:
            push(primary, "Note", job)
        assert primary.wait(1, 5000) == 1
        master = site.start(f'url = "{watched.url}"', workers=4)
        eventually(lambda: len(site.noted()) > 40, within=10)
        cut_off_replicas(primary)
        before = len(site.noted())
        eventually(lambda: len(site.noted()) > before + 20)
        watched.kill_the_primary()
    watched.wait_for_the_replica()
    with watched.replica.client() as survivor:
        eventually(lambda: all_is_done(survivor), within=12)
        assert master.stop() == 0

        performed = Counter(site.noted())
        assert performed.keys() == jobs
        assert performed.total() > len(jobs)
        assert survivor.get("resque:stat:processed") == b"200"
        assert left_in(survivor) == {"resque:queues", "resque:stat:processed"}


def cut_off_replicas(primary: Redis) -> None:
    primary.execute_command("ACL", "SETUSER", "default", "-psync", "-sync")  # type: ignore[no-untyped-call]
    primary.execute_command("CLIENT", "KILL", "TYPE", "replica")  # type: ignore[no-untyped-call]


def test_a_primary_that_must_have_a_replica_takes_nothing_that_a_fail_over_would_lose(
    site: Site, watched: Watched
) -> None:
    """With `min-replicas-to-write`: cut off, it refuses every write, which is an outage like any other."""
    jobs = [str(number) for number in range(200)]
    with watched.primary.client() as primary, watched.replica.client() as replica:
        primary.config_set("min-replicas-to-write", 1)
        for job in jobs:
            push(primary, "Note", job, 0.01)
        master = site.start(f'url = "{watched.url}"', workers=4)
        eventually(lambda: len(site.noted()) > 40, within=10)
        hold_writes_back(primary, replica)
        cut_off_replicas(primary)
        primary.client_unpause()
        eventually(lambda: told_by_workers(master, "redis.lost") == [0, 1, 2, 3])
        assert {"NOREPLICAS" in line["error"] for line in master.logged("redis.lost")} == {True}
        watched.kill_the_primary()
    watched.wait_for_the_replica()
    with watched.replica.client() as survivor:
        eventually(lambda: all_is_done(survivor), within=12)
        assert master.stop() == 0

        assert sorted(site.noted(), key=int) == jobs
        assert survivor.get("resque:stat:processed") == b"200"
        assert left_in(survivor) == {"resque:queues", "resque:stat:processed"}
        assert told_by_workers(master, "redis.back") == [0, 1, 2, 3]


def test_idle_workers_follow_a_fail_over(site: Site, watched: Watched) -> None:
    master = site.start(f'url = "{watched.url}"', workers=2)
    with watched.primary.client() as primary:
        eventually(lambda: primary.info("clients")["blocked_clients"] == 1)
    watched.kill_the_primary()
    watched.wait_for_the_replica()
    with watched.replica.client() as survivor:
        push(survivor, "Note", "found")
        site.wait_for("found")

        assert master.stop() == 0
        assert left_in(survivor) == {"resque:queues", "resque:stat:processed"}
