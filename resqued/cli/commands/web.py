"""`resquectl web` and `web-user`: the page, and who may log in there."""

import sys
from argparse import Namespace
from getpass import getpass
from importlib.util import find_spec
from pathlib import Path

from msgspec.structs import replace

from resqued import listener, places
from resqued.cli import listenat, subjects
from resqued.cli.commands import DONE, PROBLEM, Commands
from resqued.cli.terminal import say
from resqued.config import Web
from resqued.errors import NotInstalled, ResquedError
from resqued.log import log

EXTRA = ("starlette", "jinja2", "uvicorn", "argon2")


class NotSafe(ResquedError):
    pass


def add_to(commands: Commands) -> None:
    web = commands.add_parser(
        "web",
        help="serve a page with queues, workers and failed jobs",
        description="Serve a page with queues, workers and failed jobs, in the foreground. Without a login it can be "
        "reached from this machine only. What is not said here is taken from [web] of -c. Needs the extra `web`.",
    )
    web.add_argument("--listen", type=listenat.anywhere, metavar="ADDRESS", help=f"such as {listener.ACCEPTED}")
    web.add_argument("--password-file", type=Path, metavar="FILE", help="who may log in; `web-user` writes it")
    web.add_argument("--trusted-header", metavar="NAME", help="the header in which a proxy says who somebody is")
    web.add_argument(
        "--trusted-proxy",
        action="append",
        metavar="IP",
        help="a proxy that may say so; default: those of this machine",
    )
    web.add_argument("--read-only", action="store_true", default=None, help="nothing can be changed on it")
    web.set_defaults(run=serve, about=subjects.nothing)
    user = commands.add_parser(
        "web-user",
        help="enter somebody who may log in on the page, or change his password",
        description="Enter somebody who may log in on the page, or change his password, which is asked for; where "
        "nobody can be asked it is read from standard input.",
    )
    user.add_argument("name", metavar="NAME")
    user.add_argument("--password-file", type=Path, metavar="FILE", help="default: that of [web] of -c")
    user.add_argument("--remove", action="store_true", help="take him out instead")
    user.set_defaults(run=enter_user, about=subjects.nothing)


def serve(_: None, arguments: Namespace) -> int:
    _refuse_without_the_extra()
    settings = _settings(arguments)
    address = arguments.listen or listener.parse(settings.listen)
    if not (address.is_loopback or settings.password_file or settings.trusted_header):
        raise NotSafe(
            f"whoever reaches {address} could do anything on the page: "
            "give it --password-file or --trusted-header, or let it --listen on 127.0.0.1"
        )
    if settings.password_file and settings.trusted_header:
        raise NotSafe("--password-file and --trusted-header are two answers to one question; give one of them")
    from resqued.web import app  # noqa: PLC0415  slow to import, and there only with its extra
    from resqued.web.server import serve as serve_page  # noqa: PLC0415

    server, namespace = subjects.where(arguments)
    log.configure()
    page = app(
        server,
        namespace,
        read_only=settings.read_only,
        password_file=settings.password_file,
        trusted_header=settings.trusted_header,
        trusted_proxies=settings.trusted_proxies,
        configuration=arguments.config or "",
    )
    serve_page(page, address)
    return DONE


def _refuse_without_the_extra() -> None:
    if missing := [name for name in EXTRA if not find_spec(name)]:
        raise NotInstalled("web", ", ".join(missing))


def _settings(arguments: Namespace) -> Web:
    """What is said on the command line, else what stands in the file. `--listen`, if given, has been read already."""
    from_file = places.configuration(arguments.config).web if arguments.config else Web()
    said = {
        "password_file": arguments.password_file and str(arguments.password_file),
        "trusted_header": arguments.trusted_header,
        "trusted_proxies": arguments.trusted_proxy and tuple(arguments.trusted_proxy),
        "read_only": arguments.read_only,
    }
    return replace(from_file, **{name: value for name, value in said.items() if value is not None})


def enter_user(_: None, arguments: Namespace) -> int:
    _refuse_without_the_extra()
    from resqued.web import passwords  # noqa: PLC0415  there only with its extra

    file = arguments.password_file or Path(_settings_file(arguments))
    if not passwords.NAME.fullmatch(arguments.name):
        raise NotSafe("a name has letters, digits and . _ @ + - only, 64 at most")
    if arguments.remove:
        was_there = passwords.take_out(file, arguments.name)
        say(f"{arguments.name} may log in no longer" if was_there else f"{file} names no {arguments.name}")
        return DONE if was_there else PROBLEM
    is_new = passwords.enter(file, arguments.name, _password())
    say(f"{arguments.name} may log in now" if is_new else f"{arguments.name} has another password now")
    return DONE


def _settings_file(arguments: Namespace) -> str:
    named = places.configuration(arguments.config).web.password_file if arguments.config else ""
    if not named:
        raise NotSafe("say which file: --password-file, or -c with a file that sets [web] password_file")
    return named


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass("Password: ")
    if first != getpass("Once more: "):
        raise NotSafe("the two are not the same; nothing was written")
    return first
