"""Workers keep the failed list within its limits."""

from redis import Redis

from tests.store.failed_lists import FAILED, fill, numbers
from tests.support.daemon import Daemons, push
from tests.support.waiting import eventually


def test_a_worker_cuts_the_failed_list_to_its_limits_and_says_so(daemons: Daemons, redis: Redis) -> None:
    fill(redis, 10)
    daemon = daemons.start(more="[failed]\nmax = 3")
    (line,) = eventually(lambda: daemon.logged("failed.trimmed"))

    assert numbers(redis) == [7, 8, 9]
    assert (line["removed"], line["left"], line["level"]) == (7, 3, "info")


def test_without_limits_nothing_goes(daemons: Daemons, redis: Redis) -> None:
    fill(redis, 10)
    daemon = daemons.start()
    daemon.wait_for_workers(1)
    push(redis, "Boom")
    eventually(lambda: redis.llen(FAILED) == 11)

    assert daemon.logged("failed.trimmed") == []
