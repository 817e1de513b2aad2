"""Importing the application once, for the forks that share it."""

import gc
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from resqued.config import Jobs
from resqued.errors import ConfigError
from resqued.log import log
from resqued.registry import Registry
from resqued.signals import Inbox

if TYPE_CHECKING:
    from threading import Thread


def registry(jobs: Jobs) -> Registry:
    """What the configuration allows."""
    framework = partial(_django, jobs.django) if jobs.django else None
    return Registry(jobs.modules, jobs.names, path=jobs.path, framework=framework)


def _django(settings: str) -> tuple[Sequence[str], Sequence[str]]:
    try:
        from resqued.contrib.django import project  # noqa: PLC0415  where there is no project there is no Django
    except ModuleNotFoundError as error:
        return (), [f'jobs.django: {error.msg} here; do: pip install "resqued[django]"']
    return project.set_up(settings)


def in_master(registry: Registry, source: str) -> None:
    """Import the application, and keep what it made out of the garbage collector's sight: forks share it.

    Raises ConfigError if it does not import, or has started threads, which no fork survives.
    """
    registry.load(source=source)
    if threads := _threads():
        raise ConfigError(source, [_about(threads) + '; use jobs.preload = "worker" or "job"'])
    _settle()


def in_worker(registry: Registry, source: str) -> bool:
    """The same for one worker's jobs. Whether it imports."""
    try:
        registry.load(source=source)
    except ConfigError as error:
        for mistake in error.mistakes:
            log.error("config.refused", mistake=mistake)
        return False
    if threads := _threads():
        log.warning("application.has_threads", threads=threads, then="they are missing in jobs")
    _settle()
    return True


def take_back_signals(inbox: Inbox) -> None:
    """After an import: what an application does to signals is for its own processes, not for who supervises them."""
    if signals := inbox.reclaim():
        log.warning("application.took_signals", signals=signals, then="they mean again what they did")


def _settle() -> None:
    gc.collect()
    gc.freeze()


def has_lasting_threads() -> bool:
    """Whether the application has started threads that Python waits for before it exits, perhaps for ever."""
    return any(not thread.daemon for thread in _other_threads())


def _threads() -> list[str]:
    """Names of the Python threads besides this one."""
    return [thread.name for thread in _other_threads()]


def _other_threads() -> "list[Thread]":
    threading = sys.modules.get("threading")  # who has not imported it has started none
    return [] if threading is None else [t for t in threading.enumerate() if t is not threading.main_thread()]


def _about(threads: Sequence[str]) -> str:
    return f"the application starts threads when it is imported, and a fork leaves them behind: {', '.join(threads)}"
