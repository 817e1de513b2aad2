"""Taking the way of a plain job with one that does nothing. The application has no part in it, nor has Redis."""

from functools import cache

from resqued import performer, streams
from resqued.performance import Nobody
from resqued.registry import Registry
from resqued.work import Work
from resqued.worker import Application

ENOUGH = 64  # times; CPython 3.11 to 3.13 rewrites code after far fewer
WORK = Work(0, "", b'{"class": "Nobody", "args": []}')


def rehearse() -> None:
    """From a payload to a verdict."""
    stage = _stage()
    stage.task(stage.job(WORK, "")).main(forked=False).encode()
    streams.flush()


@cache
def _stage() -> Application:
    return Application(Registry.of(Nobody), performer.perform, performer.failed, max_payload=len(WORK.payload))


def rehearse_enough() -> None:
    """In a worker, before its first fork.

    The interpreter rewrites code that has run a few times so that it looks names up no more. What runs in jobs only is
    never that old: each would look up every name, and copy the pages that they lie on.
    """
    for _ in range(ENOUGH):
        rehearse()
