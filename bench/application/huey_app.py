"""`huey_consumer huey_app.huey`: the jobs as tasks. BENCH_REDIS is where they are."""

import os
from collections.abc import Callable

import trivial
from huey import RedisHuey


def made(url: str) -> tuple[RedisHuey, dict[str, Callable[..., object]]]:
    """The instance of huey, and its tasks by their names: for its worker, and for whoever enqueues."""
    huey = RedisHuey("bench", url=url)
    return huey, {job.__name__: huey.task(name=job.__name__)(job.perform) for job in JOBS}


JOBS = (trivial.Stamp, trivial.Noop, trivial.Fails)
if "BENCH_REDIS" in os.environ:
    huey, _ = made(os.environ["BENCH_REDIS"])
