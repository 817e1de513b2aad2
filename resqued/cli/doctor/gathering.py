"""Everything that the checks look at, as far as it can be seen from here, by this user, now."""

from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from resqued import address, places
from resqued.address import Address
from resqued.cli.doctor import disks, family, fleet, units
from resqued.cli.doctor.facts import Facts, Fleet, Known, Unknown
from resqued.cli.machine import Machine
from resqued.cli.report import Report, report
from resqued.cli.subjects import DEFAULT_FILE, DEFAULT_URL
from resqued.config import Config
from resqued.errors import ConfigError, ResquedError
from resqued.protocol.keys import DEFAULT_NAMESPACE, Keys
from resqued.store.checkup import Checkup, Server
from resqued.wire import pooled


def gathered(arguments: Namespace) -> Facts:
    file = (arguments.config or DEFAULT_FILE).absolute()
    config, mistakes = _configuration(file, named=arguments.config is not None)
    found = _report(file)
    redis = _redis(arguments, config, file, found)
    return Facts(
        file=file,
        config=config,
        mistakes=mistakes,
        trouble=redis.trouble,
        server=redis.server,
        fleet=redis.fleet,
        report=found,
        family=family.of(found, served="" if isinstance(config, Unknown) else config.metrics.listen),
        unit=units.of(found),
        places=disks.places_of(config, file, found),
        secrets=disks.secrets_in(config, file),
    )


def _configuration(file: Path, *, named: bool) -> tuple[Known[Config], tuple[str, ...]]:
    """It, and what is wrong with it. One that nobody named need not be there."""
    try:
        file.open("rb").close()
    except FileNotFoundError:
        mistakes = ("does not exist",) if named else ()
        return Unknown(f"there is no {file}; -c FILE names another"), mistakes
    except OSError as error:
        return Unknown(f"{file} cannot be read: {error.strerror}"), ()
    try:
        return places.configuration(file), ()
    except ConfigError as error:
        return Unknown("the configuration is wrong"), error.mistakes


def _report(file: Path) -> Known[Report]:
    try:
        return report(Machine(file).master())
    except ResquedError as error:
        return Unknown(str(error))


# Redis


@dataclass(frozen=True, slots=True)
class _Redis:
    trouble: str
    server: Known[Server]
    fleet: Known[Fleet]


def _redis(arguments: Namespace, config: Known[Config], file: Path, found: Known[Report]) -> _Redis:
    where = arguments.url or _address(config, file, found, named=arguments.config is not None)
    if isinstance(where, Unknown):
        return _Redis("", where, where)
    given = DEFAULT_NAMESPACE if isinstance(config, Unknown) else config.redis.namespace
    return _asked(where, Keys(arguments.namespace or given))


def _address(config: Known[Config], file: Path, found: Known[Report], *, named: bool) -> Known[Address]:
    if isinstance(config, Unknown):
        if named or file.exists():
            return Unknown("where Redis is stands in the configuration, which cannot be read")
        return address.parse(DEFAULT_URL)
    if config.redis.embedded and disks.is_of_a_master(found):
        state = disks.state_of(config, found)  # it need not be where it would be for whoever asks
        if isinstance(state, Unknown):
            return state
        config = replace(config, daemon=replace(config.daemon, state_dir=str(state.parent)))
    return places.redis_address(config, file)


def _asked(where: Address, keys: Keys) -> _Redis:
    wire = pooled.connect(where)
    try:
        return _Redis("", Checkup(wire, keys).server(), fleet.of(wire, keys))
    except ResquedError as error:
        unknown = Unknown("Redis cannot be asked")
        return _Redis(str(error), unknown, unknown)
    finally:
        wire.close()
