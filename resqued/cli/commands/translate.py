"""`resquectl translate-env`: how other workers are told what to do, as a configuration of resqued."""

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from resqued.cli import subjects
from resqued.cli.commands import DONE, Commands
from resqued.cli.terminal import say_each, say_json
from resqued.cli.translation import composition, sources, text
from resqued.cli.translation.composition import Translation
from resqued.cli.translation.sources import Found
from resqued.errors import ConfigError

INPUT = "-"
ENVIRONMENT = "the environment"


def add_to(commands: Commands) -> None:
    translate = commands.add_parser(
        "translate-env",
        help="print a configuration out of the variables that told Ruby's or other workers what to do",
        description="Print a resqued.toml that does what QUEUE, QUEUES, COUNT, INTERVAL, TERM_CHILD, REDIS_URL and "
        "others had the workers of Ruby, PHP, Perl or pyres do. They come from the environment, or from FILEs: "
        "environment files, units of systemd, Procfiles, shell scripts that start workers. What has no counterpart is "
        "a comment that says why. Nothing is changed, and nobody is asked.",
    )
    translate.add_argument("files", type=Path, nargs="*", metavar="FILE", help="read these together; -: standard input")
    translate.add_argument(
        "--module",
        action="append",
        default=[],
        dest="modules",
        metavar="NAME",
        help="a module whose jobs may run, for jobs.modules; may be given several times",
    )
    translate.add_argument(
        "--path",
        action="append",
        default=[],
        metavar="DIR",
        help="where modules are found, for jobs.path; may be given several times",
    )
    translate.set_defaults(run=print_configuration, about=subjects.nothing)


def print_configuration(_: None, arguments: Namespace) -> int:
    source = ", ".join(map(str, arguments.files)) or ENVIRONMENT
    found = _found(arguments.files) if arguments.files else Found(os.environ, complete=False)
    translation = composition.translate(found, source)
    if arguments.json:
        say_json(_document(translation, arguments))
    else:
        say_each(text.toml(translation, source, arguments.modules, arguments.path))
    return DONE


def _found(files: Sequence[Path]) -> Found:
    return sources.read({str(file): _text(file) for file in files})


def _text(file: Path) -> str:
    """What is not UTF-8 is for others to refuse."""
    try:
        return sys.stdin.read() if str(file) == INPUT else file.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise ConfigError(str(file), [error.strerror or str(error)]) from None


def _document(translation: Translation, arguments: Namespace) -> dict[str, object]:
    modules = arguments.modules or text.UNNAMED
    return {
        "configuration": composition.document(translation, modules, arguments.path),
        "remarks": [{"name": remark.name, "why": remark.why} for remark in translation.remarks],
        "application": translation.application,
        "others": translation.others,
    }
