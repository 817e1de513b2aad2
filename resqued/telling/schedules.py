"""The schedules that there are: those of a configuration, and those that are kept in Redis."""

from collections.abc import Iterable
from pathlib import Path

from resqued import places, recurring
from resqued.recurring import Recurring, Unusable
from resqued.store.agenda import Agenda

Schedule = Recurring | Unusable


def found(agenda: Agenda, file: Path | None) -> list[Schedule]:
    """Those of the configuration first. Raises ConfigError for one that cannot be read, StoreUnavailable."""
    config = places.configuration(file) if file else None
    ours = recurring.configured(config) if config else []
    env, zone = (config.scheduler.env, config.scheduler.timezone) if config else ("", "UTC")
    return [*ours, *recurring.persistent(agenda.persistent(), env=env, zone=zone)]


def named(found: Iterable[Schedule], name: str) -> Schedule | None:
    return next((one for one in found if one.name == name), None)
