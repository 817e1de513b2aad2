"""A worker's terms, from its configuration and what this machine allows."""

import os
from collections.abc import Iterator
from pathlib import Path

from resqued import guise, memory
from resqued.config import Config, Pool
from resqued.errors import ConfigError, NotInstalled
from resqued.escalation import Patience
from resqued.tries import RetryPolicy
from resqued.worker import Terms


def check(config: Config, source: str) -> None:
    """Raises ConfigError with all that this machine, or this process, cannot do."""
    refused = [f"pools.{name}.{why}" for name, pool in config.pools.items() for why in _why_not(pool)]
    if config.jobs.tracing:
        refused += _why_no_spans()
    for key, file in (("metrics.textfile", config.metrics.textfile), ("log.file", config.log.file)):
        if file and (why := _why_not_written(Path(file))):
            refused.append(f"{key}: {file} cannot be written: {why}")
    if refused:
        raise ConfigError(source, refused)


def _why_no_spans() -> list[str]:
    try:
        import resqued.tracing  # noqa: F401, PLC0415  OpenTelemetry is large, and the daemon forks
    except NotInstalled as error:
        return [f"jobs.tracing: {error}"]
    return []


def _why_not_written(file: Path) -> str:
    """Found out without making it: who only checks may be another user than who is to write. Empty: it can be."""
    exists = os.path.exists  # that of Path raises where one may not look
    if os.path.isdir(file):  # noqa: PTH112  the same
        return "it is a directory; name a file in it"
    if not exists(file) and not exists(file.parent):
        return f"there is no directory {file.parent}, or not for user {os.geteuid()}; make it, or name another file"
    place = file if exists(file) else file.parent
    if os.access(place, os.W_OK):
        return ""
    return f"user {os.geteuid()} may not write to {place}; give it to that user, or name another file"


def _why_not(pool: Pool) -> Iterator[str]:
    if pool.memory and not memory.can_be_watched():
        yield f"memory: {memory.UNWATCHED}"
    yield from guise.mistakes(pool)


def terms(config: Config, name: str, number: int) -> Terms:
    """Of the worker `number` of the pool `name`."""
    pool, shutdown = config.pools[name], config.shutdown
    return Terms(
        slot=f"{name}.{number}",
        timeout=pool.timeout,
        interrupted=pool.interrupted,
        patience=Patience(shutdown.grace, shutdown.term_timeout),
        redis_timeout=shutdown.redis_timeout,
        put_back=pool.worker_lost_limit if pool.worker_lost == "requeue" else 0,
        log_args=config.log.args,
        jobs_per_fork=pool.jobs_per_fork,
        standby=pool.standby,
        max_jobs=pool.max_jobs,
        max_age=pool.max_age,
        max_memory=pool.max_memory,
        memory=pool.memory,
        guise=guise.of(pool),
        retry=RetryPolicy.of(pool.retry),
    )
