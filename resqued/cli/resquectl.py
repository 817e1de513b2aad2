"""`resquectl`: what a person does with queues, and with the master on this machine, from a terminal or a script."""

import argparse
import os
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from resqued import address
from resqued.address import Address
from resqued.cli import completion as shells
from resqued.cli.commands import (
    DONE,
    PROBLEM,
    completion,
    delayed,
    doctor,
    enqueue,
    exporter,
    failed,
    jobs,
    kill,
    limits,
    locks,
    overview,
    pools,
    prune,
    queue,
    queues,
    reload,
    schedule,
    stacks,
    status,
    stop,
    top,
    translate,
    web,
    workers,
)
from resqued.cli.subjects import DEFAULT_FILE, DEFAULT_URL
from resqued.cli.terminal import complain
from resqued.errors import AddressError, CommandRefused, ResquedError, StoreUnavailable
from resqued.protocol.keys import DEFAULT_NAMESPACE
from resqued.version import __version__

GROUPS = (
    *(queues, queue, jobs, enqueue, failed, delayed, schedule, locks, limits),  # the fleet, through Redis
    *(workers, prune, overview, exporter),  # as above
    *(status, top, stacks, reload, stop, pools, kill),  # this machine, without it
    *(doctor, translate, web, completion),
)

NO_CONNECTION, INTERRUPTED = 3, 130  # 2 is argparse's, for wrong usage
EXIT_STATUS = "exit status: 0 done, 1 the answer is no or there is a problem, 2 wrong usage, 3 Redis did not answer"


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit status (`EXIT_STATUS`)."""
    _take_any_text()
    words = parser()
    shells.answer(words)
    arguments = words.parse_args(argv)
    try:
        return _run(arguments)
    except StoreUnavailable as error:
        return _failed(error, PROBLEM if _refusal(error) else NO_CONNECTION)
    except ResquedError as error:
        return _failed(error, PROBLEM)
    except BrokenPipeError:  # `resquectl queues | head`: nobody reads on, which is no problem
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python would try again when it exits
        return DONE
    except KeyboardInterrupt as interrupt:
        complain("resquectl", *getattr(interrupt, "__notes__", ()))
        return INTERRUPTED


def _take_any_text() -> None:
    """Input that is not UTF-8 is for the command to refuse, and what the terminal cannot show is escaped."""
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "backslashreplace")):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=errors)


def parser() -> ArgumentParser:
    """Every command and option that there is."""
    program = ArgumentParser(
        prog="resquectl",
        description="Look at Resque queues and workers, and put jobs on queues. "
        "Look at the master on this machine, and tell it what to do.",
        epilog=EXIT_STATUS,
        parents=[_options()],
    )
    program.set_defaults(config=None, url=None, namespace=None, json=False)
    program.add_argument("--version", action="version", version=f"resquectl {__version__}")
    commands = program.add_subparsers(metavar="COMMAND", required=True, parser_class=_CommandParser)
    for group in GROUPS:
        group.add_to(commands)
    return program


class _CommandParser(ArgumentParser):
    """Takes behind the command what may stand before it."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(parents=[_options()], **settings)


def _options() -> ArgumentParser:
    options = ArgumentParser(add_help=False, argument_default=SUPPRESS)
    options.add_argument(
        "-c",
        "--config",
        type=Path,
        metavar="FILE",
        help=f"take the Redis of this resqued.toml; about this machine: the master with it, default {DEFAULT_FILE}",
    )
    options.add_argument("--url", type=_address, help=f"where Redis is; default: that of -c, or {DEFAULT_URL}")
    options.add_argument("--namespace", help=f"the prefix of all keys; default: that of -c, or {DEFAULT_NAMESPACE}")
    options.add_argument("--json", action="store_true", help="answer in JSON, on one line")
    return options


def _address(text: str) -> Address:
    try:
        return address.parse(text)
    except AddressError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _run(arguments: Namespace) -> int:
    with arguments.about(arguments) as subject:
        result: int = arguments.run(subject, arguments)
    sys.stdout.flush()  # here, where a broken pipe is expected
    return result


def _failed(error: ResquedError, status: int) -> int:
    refusal = _refusal(error)
    remedy = [refusal.remedy] if refusal and refusal.remedy else []
    complain("resquectl", error, *remedy, *getattr(error, "__notes__", ()))
    return status


def _refusal(error: ResquedError) -> CommandRefused | None:
    """What Redis has refused; for a key of a wrong type it may have been taken as if Redis were away."""
    refused = error.__cause__ if isinstance(error, StoreUnavailable) else error
    return refused if isinstance(refused, CommandRefused) else None
