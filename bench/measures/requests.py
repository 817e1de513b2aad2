"""What a job asks of Redis while there are always more: requests, as a proxy counts them, and new connections."""

import time
from collections.abc import Callable
from math import ceil

from bench.contestants import Contestant, at_work
from bench.effort import Effort
from bench.field import Field
from bench.figures import Bound, Collection, Section
from bench.pace import WARM_UP
from bench.stage import PATIENCE, Stage, Withdrawn, eventually
from tests.support import proxy as proxies
from tests.support.proxy import Proxy

TITLE = "asked of Redis by one worker that has plenty of jobs"
JOBS = {"Noop": "job", "Fails": "failing job"}
ONE = 1.05  # and a heartbeat now and then
BOUNDS = [
    bound
    for job in JOBS.values()
    for bound in (Bound(f"requests a {job}", "at most", ONE), Bound(f"new connections a {job}", "at most", 0.0))
]


def measure(stage: Stage, field: Field, effort: Effort) -> list[Section]:
    collection = Collection()
    for number in range(effort.rounds):
        for job, words in JOBS.items():
            for contestant in field.everybody(number):
                with field.excusing(contestant):
                    requests, connections = _for_each(stage, contestant, job, effort.window)
                    collection.add(f"requests a {words}", contestant.name, requests)
                    collection.add(f"new connections a {words}", contestant.name, connections)
    return field.sections(collection, "redis", TITLE, unit="", better="less", bounds=BOUNDS)


def _for_each(stage: Stage, contestant: Contestant, job: str, seconds: float) -> tuple[float, float]:
    """Requests and new connections."""
    count = ceil(contestant.plenty * (1 + seconds))
    contestant.fill(count, job)
    with (
        proxies.before(stage.port) as proxy,
        at_work(stage, contestant, 1, proxy.port, may_fail=job == "Fails"),
    ):
        eventually(lambda: contestant.waiting() <= count - WARM_UP, within=PATIENCE)
        done, requests, connections = _spent(stage, contestant, proxy, lambda: time.sleep(seconds))
    stage.redis.flushall()
    return requests / done, connections / done


def _spent(stage: Stage, contestant: Contestant, proxy: Proxy, wait: Callable[[], None]) -> tuple[int, int, int]:
    """Jobs taken meanwhile, requests, and connections to the server, ours among them: there is none."""

    def now() -> tuple[int, int, int]:
        return -contestant.waiting(), proxy.seen.total(), stage.redis.info("stats")["total_connections_received"]

    before = now()
    wait()
    done, requests, connections = (after - then for after, then in zip(now(), before, strict=True))
    if done <= 0 or not contestant.waiting():
        raise Withdrawn(f"{contestant.name} did {done} jobs behind a proxy, and had {-before[0]}")
    return done, requests, connections
