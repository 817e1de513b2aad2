"""The configuration: TOML becomes a frozen `Config`, or every mistake in it at once.

kinds: what a value may be. settings, schedules, serving: what can be configured. syntax: what the text says.
examination: what is wrong with that. wording: how a mistake is told.
Nothing here reads a file, an environment or a clock.
"""

import msgspec

from resqued.config import kinds
from resqued.config.examination import mistakes
from resqued.config.kinds import Bytes
from resqued.config.schedules import Schedule, Scheduler
from resqued.config.serving import Metrics, Web
from resqued.config.settings import Config, Daemon, Failed, Jobs, Limits, Log, Pool, Redis, Shutdown, Worker
from resqued.config.syntax import NotToml, load
from resqued.errors import ConfigError

__all__ = [
    "Bytes",
    "Config",
    "Daemon",
    "Failed",
    "Jobs",
    "Limits",
    "Log",
    "Metrics",
    "Pool",
    "Redis",
    "Schedule",
    "Scheduler",
    "Shutdown",
    "Web",
    "Worker",
    "parse",
]


def parse(text: str, source: str) -> Config:
    """The configuration that `text` describes; `source` is its name in messages, such as the path of the file.

    Raises ConfigError with every mistake, each with its place and what to do about it. Text that is not TOML has one
    mistake: nobody knows what would have followed.
    """
    try:
        given = load(text)
    except NotToml as error:
        raise ConfigError(source, [str(error)]) from None
    if found := list(mistakes(Config, given)):
        raise ConfigError(source, found)
    return msgspec.convert(given, Config, dec_hook=kinds.decode)
