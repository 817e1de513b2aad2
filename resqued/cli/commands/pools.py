"""`resquectl pause`, `resume` and `scale`: the pools of the master on this machine."""

import re
from argparse import ArgumentTypeError, Namespace
from typing import Any

from msgspec import to_builtins

from resqued.cli import subjects
from resqued.cli.commands import DONE, Commands
from resqued.cli.machine import Machine
from resqued.cli.terminal import say, say_json
from resqued.cli.waiting import seconds
from resqued.wishes import MOST, Pause, Paused, Resume, Scale, Scaled

ANSWER_WITHIN = 30.0  # s; a master that becomes its new version imports the application before it answers


def add_to(commands: Commands) -> None:
    pause = commands.add_parser(
        "pause",
        help="have a pool on this machine, or all, take no more jobs",
        description="Have the workers of a pool on this machine, or of all, finish their jobs and take no more. That "
        "lasts through reloads until `resume`, or the end of the master. It is for this machine alone.",
    )
    resume = commands.add_parser(
        "resume",
        help="have a pool on this machine, or all, take jobs again",
        description="Have the workers of a pool on this machine, or of all, take jobs again, whoever has paused them.",
    )
    scale = commands.add_parser(
        "scale",
        help="change the number of workers of a pool on this machine",
        description="Change the number of workers of a pool on this machine until the next reload. No job is cut "
        "short. An elastic pool cannot leave its bounds, and goes on to find its own size.",
    )
    for parser in (pause, resume):
        parser.add_argument("pool", metavar="POOL", nargs="?", help="default: all")
    scale.add_argument("pool", metavar="POOL")
    scale.add_argument("size", metavar="±N", type=_size, help="so many more (+2) or fewer (-2), or so many (=4)")
    for parser, run in ((pause, pause_pools), (resume, resume_pools), (scale, scale_pool)):
        add_timeout_to(parser)
        parser.set_defaults(run=run, about=subjects.machine)


def add_timeout_to(parser: Any) -> None:
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=ANSWER_WITHIN,
        metavar="S",
        help="the longest to wait for the master's answer; default: %(default).0f",
    )


def _size(text: str) -> dict[str, int]:
    """`+2` is `by=2`, `=2` is `to=2`."""
    found = re.fullmatch(r"([+=-])(\d{1,9})", text, re.ASCII)
    if not found or int(found[2]) > MOST:
        raise ArgumentTypeError(f"expected +N, -N or =N, got {text!r}")
    return {"to": int(found[2])} if found[1] == "=" else {"by": int(found[1] + found[2])}


def pause_pools(machine: Machine, arguments: Namespace) -> int:
    answer = machine.master().wish(Pause(pool=arguments.pool), Paused, arguments.timeout)
    return _say_paused(answer, "paused", "paused already", json=arguments.json)


def resume_pools(machine: Machine, arguments: Namespace) -> int:
    answer = machine.master().wish(Resume(pool=arguments.pool), Paused, arguments.timeout)
    return _say_paused(answer, "resumed", "not paused", json=arguments.json)


def _say_paused(answer: Paused, now: str, before: str, *, json: bool) -> int:
    if json:
        say_json(to_builtins(answer))
    else:
        say(*(f"{pool} {now}" if pool in answer.changed else f"{pool} was {before}" for pool in answer.pools))
    return DONE


def scale_pool(machine: Machine, arguments: Namespace) -> int:
    wanted = Scale(pool=arguments.pool, **arguments.size)
    answer = machine.master().wish(wanted, Scaled, arguments.timeout)
    if arguments.json:
        say_json(to_builtins(answer))
    else:
        lasts = "as long as there is work for them" if answer.elastic else "until the next reload"
        workers = f"{answer.workers} worker{'' if answer.workers == 1 else 's'}"
        say(f"{answer.pool}: {workers} wanted, {answer.was} before; {lasts}")
    return DONE
