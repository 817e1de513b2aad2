"""`resqued -c FILE`: the daemon, in the foreground."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from resqued import config as configuration
from resqued import places, processes, streams
from resqued.entry import becoming, check, preloading
from resqued.entry.children import CONFIG, CRASH
from resqued.entry.daemon import Daemon
from resqued.errors import ConfigError, NoPlace, ResquedError
from resqued.handover import Handover
from resqued.log import log
from resqued.version import __version__

DEFAULT_FILE = Path("/etc/resqued.toml")


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 after a stop, 78 for a wrong configuration or application, 1 for anything else.

    And 75 if no worker ever got ready.
    """
    streams.ensure_all()
    code = _obey(parser().parse_args(arguments))
    if preloading.has_lasting_threads():
        processes.leave(code)
    return code


def _obey(options: argparse.Namespace) -> int:
    file = options.config.absolute()
    try:
        return _test(file) if options.test else _run(file)
    except ConfigError as error:
        return _refuse(error, "this would not start" if options.test else "nothing was started")
    except (ResquedError, OSError) as error:
        print(f"resqued: {error}; nothing runs", file=sys.stderr)  # noqa: T201
        return CRASH


def parser() -> argparse.ArgumentParser:
    # with a width argparse need not import shutil, which brings zlib, bz2 and lzma into the process that forks
    layout = partial(argparse.HelpFormatter, width=80)
    about = "A pre-forking worker daemon for Resque queues."
    program = argparse.ArgumentParser(prog="resqued", description=about, formatter_class=layout)
    program.add_argument("-c", "--config", type=Path, default=DEFAULT_FILE, metavar="FILE", help="default: %(default)s")
    program.add_argument("-t", "--test", action="store_true", help="check the file, import the application, and exit")
    program.add_argument("--version", action="version", version=f"resqued {__version__}")
    return program


def _test(file: Path) -> int:
    text = places.text_of(file)
    config = configuration.parse(text, str(file))
    if why := check.objections(config):
        raise ConfigError(str(file), why)
    Daemon(config, text, file).preload()
    print(check.approval(file))  # noqa: T201  it is the answer
    return 0


def _refuse(error: ConfigError, so: str) -> int:
    print(error, file=sys.stderr)  # noqa: T201  for the person at the terminal, whatever the log is set to
    mistakes = len(error.mistakes)
    print(f"resqued: {mistakes} mistake{'s' if mistakes > 1 else ''}; {so}", file=sys.stderr)  # noqa: T201
    return CONFIG


def _run(file: Path) -> int:
    before = becoming.inherited()
    return (_heir(file, before) if before else _first(file)).run()


def _first(file: Path) -> Daemon:
    text = places.text_of(file)
    return _made(text, file)


def _heir(file: Path, before: Handover) -> Daemon:
    """What was checked a moment ago may be wrong by now: then the last configuration goes on."""
    try:
        return _made(places.text_of(file), file, before)
    except (ConfigError, OSError) as error:
        return _made(before.text, file, before, error.mistakes if isinstance(error, ConfigError) else [str(error)])


def _made(text: str, file: Path, before: Handover | None = None, refusal: Sequence[str] = ()) -> Daemon:
    config = configuration.parse(text, str(file))
    if before and (why := check.changes(before.fixed, config)):
        raise ConfigError(str(file), why)
    daemon = Daemon(config, text, file, before, refusal)
    try:
        log.configure(level=config.log.level, format=config.log.format, file=config.log.file or None)
    except OSError as error:
        raise NoPlace("log.file", config.log.file, error) from error
    return daemon
