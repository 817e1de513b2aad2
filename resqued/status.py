"""What a master says of itself, in a file beside its scoreboards; `resquectl` reads it, with no need of Redis.

The master writes it whenever a fact of supervision changes. What workers do from moment to moment stands in the
scoreboards that it names.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from resqued.errors import NoStatus, UnreadableStatus
from resqued.whereabouts import is_alive, whereabouts

SCHEMA = 1  # keys may be added without a new number; whoever reads an older file gets their defaults
NAME = "status.json"
MODE = 0o640  # the owner's group reads along: those who may also read the configuration; reasons may quote anything

Verdict = Literal["checking", "starting", "accepted", "refused"]
Replacing = Literal["probing", "replacing", "stopped"]


Epoch = Annotated[float, Meta(ge=0, le=253402300799)]  # seconds; to the end of the year 9999, where dates end


class Facts(Struct, frozen=True, kw_only=True):
    """What is written. Times in epoch seconds are for people; milliseconds (`…_ms`) are `scoreboard.now()`."""


class PoolStatus(Facts, frozen=True, kw_only=True):
    workers: int  # that it should have now; an elastic pool's number lies between `min` and `max`
    min: int
    max: int
    paused: bool = False
    degraded: bool = False  # its workers never get ready; one slot goes on trying
    reason: str = ""  # why it is degraded


class WorkerStatus(Facts, frozen=True, kw_only=True):
    """One process or, between two of them, its empty place. During a roll-out two may have the same `slot`."""

    slot: str  # mail.0
    pool: str
    pid: int | None = None
    generation: int
    board: int  # in `Status.boards`
    row: int
    started_at: Epoch | None = None
    restarts: int = 0
    leaving: bool = False
    restarts_at: Epoch | None = None


class RoleStatus(Facts, frozen=True, kw_only=True):
    """A process beside the workers: the scheduler."""

    name: str
    pid: int | None = None
    started_at: Epoch | None = None
    restarts: int = 0
    restarts_at: Epoch | None = None


class ReloadStatus(Facts, frozen=True, kw_only=True):
    """The last HUP's. `began_ms`: what was changed on disk before then has been seen."""

    number: int
    asked_at_ms: int
    began_ms: int
    state: Verdict
    reason: tuple[str, ...] = ()
    at: Epoch  # when `state` was reached


class RolloutStatus(Facts, frozen=True, kw_only=True):
    old: int  # workers of earlier generations
    state: Replacing


class Status(Facts, frozen=True, kw_only=True):
    """`pid`, `born`, `boot` and `pids` are the master's `Whereabouts`: `Status(**asdict(whereabouts()), …)`."""

    schema: int = SCHEMA
    pid: int
    born: int
    boot: str
    pids: str
    version: str
    config: str
    generation: int
    started_at: Epoch
    mood: str = "running"  # the name of a `Mood`, in small letters
    stops_by: Epoch | None = None
    reload: ReloadStatus | None = None
    rollout: RolloutStatus | None = None
    boards: tuple[str, ...] = ()  # names of files in the same directory
    pools: dict[str, PoolStatus] = {}
    workers: tuple[WorkerStatus, ...] = ()
    roles: tuple[RoleStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A status with whose word it is: `owner` is the user id of the file."""

    status: Status
    owner: int


def make_directory(directory: Path) -> None:
    """For the status and the scoreboards of one configuration; its group may look in, others may not. Raises OSError.

    One that is there already stays as it is.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        directory.mkdir()
        directory.chmod(0o750)  # whatever the umask is


def write(directory: Path, status: Status) -> None:
    """Put `status` in the place of the last one: a reader sees either. One master writes there. Raises OSError."""
    make_directory(directory)  # somebody may have cleared it away
    new = directory / f"{NAME}.new"
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, MODE)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        os.fchmod(descriptor, MODE)  # whatever the umask is
        file.write(json.dumps(msgspec.to_builtins(status)))  # ASCII only: a path need not be Unicode
    new.replace(directory / NAME)


def remove(directory: Path) -> None:
    """After a stop there is nothing to say."""
    (directory / NAME).unlink(missing_ok=True)


def read(directory: Path) -> Status:
    """Raises NoStatus if there is none, and UnreadableStatus if it may not or cannot be read."""
    return find(directory).status


def find(directory: Path) -> Found:
    """As `read`."""
    path = directory / NAME
    try:
        with path.open("rb") as file:
            return Found(_decode(file.read(), path), os.fstat(file.fileno()).st_uid)
    except (FileNotFoundError, NotADirectoryError):
        raise NoStatus(str(directory)) from None
    except PermissionError:
        raise UnreadableStatus(str(path), "is not yours to read; be root, or of the group of its directory") from None
    except OSError as error:
        raise UnreadableStatus(str(path), f"cannot be read: {error.strerror}") from None


def _decode(text: bytes, path: Path) -> Status:
    try:
        facts = json.loads(text)
        schema, version = facts["schema"], facts["version"]
        if schema == SCHEMA:
            return msgspec.convert(facts, Status)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UnreadableStatus(str(path), f"is broken ({type(error).__name__}: {error})") from None
    raise UnreadableStatus(str(path), f"is of resqued {version} (schema {schema}); use the resquectl of that version")


def is_of_a_living_master(status: Status) -> bool:
    """Whether the master that wrote it still runs. In doubt it does, as where its pid means nothing here."""
    if whereabouts().boot != status.boot:
        return False
    return is_elsewhere(status) or is_alive(status.pid, status.born)


def is_elsewhere(status: Status) -> bool:
    """Whether its pid was given in another pid namespace (a container's, perhaps), and means nothing here."""
    return whereabouts().pids != status.pids
