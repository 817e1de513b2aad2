"""What a command is about: the queues in Redis, a master on this machine, or neither.

Each is opened with the parsed arguments when the command is run.
"""

import secrets
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from resqued import address, places
from resqued.address import Address
from resqued.bounds import Bound, Bounds
from resqued.cli.machine import Machine
from resqued.client import Client
from resqued.protocol.keys import DEFAULT_NAMESPACE, Keys
from resqued.store.agenda import Agenda
from resqued.store.bulk import Bulk
from resqued.store.census import Census
from resqued.store.delays import Delays
from resqued.store.failures import Failures
from resqued.store.locks import Locks
from resqued.store.pruning import Pruning
from resqued.store.stock import Stock
from resqued.store.strangers import Strangers
from resqued.store.survey import Survey
from resqued.store.turns import Turns
from resqued.wire import pooled

DEFAULT_URL = "redis://127.0.0.1:6379/0"
SURVEY_TIMEOUT = 2.0  # s; scrapers wait for ten
DEFAULT_FILE = Path("/etc/resqued.toml")


@contextmanager
def queues(arguments: Namespace, bounds: Callable[[Namespace], Mapping[str, Bound]] = lambda _: {}) -> Iterator[Client]:
    with Client(*where(arguments), bounds=bounds(arguments)) as resque:
        yield resque


@contextmanager
def bulk(arguments: Namespace, bounds: Mapping[str, Bound]) -> Iterator[Bulk]:
    server, namespace = where(arguments)
    wire = pooled.connect(server)
    try:
        yield Bulk(wire, Keys(namespace), arguments.receipt or secrets.token_hex(8), bounds=Bounds(bounds))
    finally:
        wire.close()


def where(arguments: Namespace) -> tuple[Address, str]:
    """Which server, and which namespace in it. Raises ConfigError if the configuration does not say it."""
    server, namespace = _redis(arguments.config)
    return arguments.url or server, arguments.namespace or namespace


def _redis(file: Path | None) -> tuple[Address, str]:
    if file is None:
        return address.parse(DEFAULT_URL), DEFAULT_NAMESPACE
    config = places.configuration(file)
    return places.redis_address(config, file), config.redis.namespace


@dataclass(frozen=True, slots=True)
class Fleet:
    """All workers and queues of one namespace, wherever they are."""

    stock: Stock
    census: Census
    pruning: Pruning
    strangers: Strangers
    locks: Locks


@contextmanager
def fleet(arguments: Namespace) -> Iterator[Fleet]:
    server, namespace = _redis(arguments.config)
    keys = Keys(arguments.namespace or namespace)
    with closing(pooled.connect(arguments.url or server, name="resquectl")) as wire:
        yield Fleet(
            Stock(wire, keys), Census(wire, keys), Pruning(wire, keys), Strangers(wire, keys), Locks(wire, keys)
        )


@contextmanager
def survey(arguments: Namespace) -> Iterator[Survey]:
    """For somebody who must not wait long for a Redis that is silent."""
    server, namespace = where(arguments)
    with closing(pooled.connect(server, name="resquectl", timeout=SURVEY_TIMEOUT)) as wire:
        yield Survey(wire, Keys(namespace))


@contextmanager
def failures(arguments: Namespace) -> Iterator[Failures]:
    server, namespace = _redis(arguments.config)
    with closing(pooled.connect(arguments.url or server, name="resquectl")) as wire:
        yield Failures(wire, Keys(arguments.namespace or namespace))


@contextmanager
def delays(arguments: Namespace) -> Iterator[Delays]:
    server, namespace = where(arguments)
    with closing(pooled.connect(server, name="resquectl")) as wire:
        yield Delays(wire, Keys(namespace))


@dataclass(frozen=True, slots=True)
class Schedules:
    """`file`: the configuration, which has some of them; None: only those in Redis are known."""

    agenda: Agenda
    census: Census
    file: Path | None


@contextmanager
def schedules(arguments: Namespace) -> Iterator[Schedules]:
    server, namespace = where(arguments)
    with closing(pooled.connect(server, name="resquectl")) as wire:
        keys = Keys(namespace)
        yield Schedules(Agenda(wire, keys), Census(wire, keys), arguments.config)


@contextmanager
def turns(arguments: Namespace) -> Iterator[Turns]:
    server, namespace = where(arguments)
    with closing(pooled.connect(server, name="resquectl")) as wire:
        yield Turns(wire, Keys(namespace))


@contextmanager
def machine(arguments: Namespace) -> Iterator[Machine]:
    yield Machine(arguments.config or DEFAULT_FILE)


@contextmanager
def nothing(_: Namespace) -> Iterator[None]:
    yield
