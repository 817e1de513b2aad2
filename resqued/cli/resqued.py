"""`resqued -c FILE`: the daemon, in the foreground."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from resqued import places, processes
from resqued.config import Config
from resqued.entry.daemon import CONFIG, CRASH, Daemon
from resqued.errors import ConfigError, ResquedError
from resqued.log import log
from resqued.version import __version__

DEFAULT_FILE = Path("/etc/resqued.toml")


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 after a stop, 78 for a wrong configuration or application, 1 for anything else."""
    processes.ensure_standard_streams()
    options = _parser().parse_args(arguments)
    try:
        config = places.configuration(options.config)
        daemon = Daemon(config, options.config)
        if options.test or config.jobs.preload == "master":
            daemon.preload()
    except ConfigError as error:
        return _refuse(error)
    if options.test:
        print(f"{options.config}: ok")  # noqa: T201  it is the answer
        return 0
    return _run(daemon, config)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="resqued", description="A pre-forking worker daemon for Resque queues.")
    parser.add_argument("-c", "--config", type=Path, default=DEFAULT_FILE, metavar="FILE", help="default: %(default)s")
    parser.add_argument("-t", "--test", action="store_true", help="check the file, import the application, and exit")
    parser.add_argument("--version", action="version", version=f"resqued {__version__}")
    return parser


def _refuse(error: ConfigError) -> int:
    print(error, file=sys.stderr)  # noqa: T201  the log is not set up yet, and this is for the person at the terminal
    mistakes = len(error.mistakes)
    print(f"resqued: {mistakes} mistake{'s' if mistakes > 1 else ''}; nothing was started", file=sys.stderr)  # noqa: T201
    return CONFIG


def _run(daemon: Daemon, config: Config) -> int:
    try:
        log.configure(level=config.log.level, format=config.log.format, file=config.log.file or None)
        return daemon.run()
    except (ResquedError, OSError) as error:
        print(f"resqued: {error}; nothing runs", file=sys.stderr)  # noqa: T201
        return CRASH
