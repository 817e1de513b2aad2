"""SQLAlchemy: engines that were there before a fork, and have connections of their own after it.

    engine = create_engine("postgresql+psycopg://…")
    dispose_after_fork(engine)

Said once for each engine, where it is made.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from resqued import hooks
from resqued.work import Job

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_engines: list[Engine] = []
_asynchronous: list[Engine] = []

# Pools of the process that this one was forked from: collected as garbage, their connections would be closed, and some
# drivers tell the server so on the socket that they share with the other process.
_abandoned: list[object] = []


def dispose_after_fork(*engines: "Engine | AsyncEngine") -> None:
    """Let no connection of these engines be used on both sides of a fork. To be called where they are made.

    What the import of the application has opened is closed when that is over. Each process of jobs begins with an empty
    pool, and keeps it for all of its jobs; that of an AsyncEngine is empty for each job, which has an event loop of its
    own.
    """
    for engine in engines:
        if isinstance(engine, Engine):
            _engines.append(engine)
            hooks.after_load(_close)
        else:
            _asynchronous.append(engine.sync_engine)
            hooks.around_job(_anew)
    hooks.after_fork(_abandon)


def _close() -> None:
    for engine in _engines:
        engine.dispose()


def _abandon(_job: Job) -> None:
    for engine in (*_engines, *_asynchronous):
        _abandoned.append(engine.pool)
        engine.dispose(close=False)


@contextmanager
def _anew(_job: Job) -> Iterator[None]:
    """What the job before has left in the pool belongs to an event loop that is closed."""
    for engine in _asynchronous:
        engine.dispose(close=False)
    yield
