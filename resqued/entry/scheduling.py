"""Being the scheduler of a configuration, in a process of its own."""

import os
from functools import partial
from pathlib import Path

from resqued import chance, places, processes
from resqued.address import Address
from resqued.backoff import Backoff
from resqued.config import Config
from resqued.duty import Duty
from resqued.entry.post import host
from resqued.lifeline import Lifeline
from resqued.protocol.keys import Keys
from resqued.recurring import configured
from resqued.scheduler import Scheduler
from resqued.scheduler.repertoire import Repertoire
from resqued.signals import Inbox
from resqued.store.notice import Notice
from resqued.store.timetable import Timetable
from resqued.version import __version__
from resqued.wire import lean
from resqued.wire.lean import LeanWire
from resqued.worker.ears import Ears


def schedule(config: Config, file: Path, *, inbox: Inbox, lifeline: Lifeline) -> None:
    """Until asked to stop, or until the master is gone."""
    entitle = partial(_entitle, file)
    entitle("starting")
    address, keys, settings = places.redis_address(config, file), Keys(config.redis.namespace), config.scheduler
    timetable = Timetable(_wire(address, "scheduler"), keys, _identity(config))
    repertoire = Repertoire(timetable, env=settings.env, zone=settings.timezone, ours=config.schedule)
    duty = Duty(interval=1.0, backoff=Backoff(first=0.1, most=5.0, chance=chance.fraction))
    Scheduler(
        timetable,
        keys,
        configured(config),
        repertoire if settings.delayed else None,
        notice=Notice(_wire(address, "scheduler-wait")),
        duty=duty,
        ears=Ears(duty, inbox, lifeline),
        entitle=entitle,
    ).run()


def _wire(address: Address, name: str) -> LeanWire:
    return lean.connect(address, name=f"resqued:{name}")


def _identity(config: Config) -> str:
    """Unlike `host:pid`, which others use, it is no other's in another container, and none's before us."""
    return f"{host(config.worker.hostname)}:{os.getpid()}:resqued-{os.urandom(4).hex()}"


def _entitle(file: Path, what: str) -> None:
    """Nothing that begins like this is taken for a worker by any peer."""
    processes.set_title(f"resqued-{__version__}: scheduler {file}, {what}")
