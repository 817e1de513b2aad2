"""Connections of databases and caches: none is used on both sides of a fork, none by a job that has grown old."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import close_caches
from django.db import close_old_connections, connections, reset_queries

from resqued import hooks
from resqued.work import Job

# Of the process that this one was forked from. Closed, or forgotten and then closed by whoever collects the garbage,
# each would tell its server on their common socket that the other process goes.
_abandoned: list[object] = []


def keep_apart() -> None:
    """In whatever process the application is imported."""
    hooks.after_load(close_all)
    hooks.after_fork(abandon_all)
    hooks.around_job(as_a_request)


def close_all() -> None:
    """What the import has opened: nobody here will use it again, and every fork would have it."""
    for connection in connections.all(initialized_only=True):
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()
    close_caches()


def abandon_all(_job: Job) -> None:
    """What a hook of the worker has opened."""
    for connection in connections.all(initialized_only=True):
        pools = getattr(connection, "_connection_pools", {})
        _abandoned.extend((connection, pools.pop(connection.alias, None)))
        del connections[connection.alias]


@contextmanager
def as_a_request(_job: Job) -> Iterator[None]:
    """What Django does before and after each request: CONN_MAX_AGE counts where a process performs several jobs."""
    reset_queries()
    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()
        close_caches()
