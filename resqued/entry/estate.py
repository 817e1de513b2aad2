"""What a master has besides its processes, and how its next image comes by it: pipes, locks, scoreboards."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import time

from resqued import embedded, listening, stacks, status, wishes
from resqued.boards import SPARE, Boards
from resqued.config import Config
from resqued.entry.ground import Ground, size_of
from resqued.errors import NoPlace, ResquedError, UnknownLayout
from resqued.handover import Handover
from resqued.lifeline import Bell, Lifeline
from resqued.listening import Listener
from resqued.lock import Lock
from resqued.log import log
from resqued.scoreboard import Scoreboard
from resqued.store.vigil import Token


class AlreadyRunning(ResquedError):
    """Another master has this configuration."""

    def __init__(self, file: Path, lock: Path) -> None:
        super().__init__(
            f"another resqued runs with {file} (it holds {lock}); stop that one, or give this one a file of its own"
        )


@dataclass(slots=True)
class Estate:
    generation: int
    started_at: float  # epoch; of the first image
    lock: Lock
    lifeline: Lifeline
    bell: Bell
    tokens: dict[str, Token]  # by pool
    boards: Boards
    hold: Lock | None  # on the directory of an embedded Redis
    control: Listener | None  # where wishes come in; None if there can be no socket
    metrics: Listener | None  # where metrics are asked for; None if nobody may, or if there can be no socket
    shows: int | None  # descriptor of the file where all processes show their stacks; None if there can be none

    def release(self) -> None:
        """At the end."""
        self.boards.remove()
        for listener in (self.control, self.metrics):
            if listener:
                listener.remove()
        self._close()

    def forget(self) -> None:
        """In a child: only its parent's death may open these locks, and only that is the end of the line."""
        self.lifeline.hold()
        self._close()

    def _close(self) -> None:
        self.lock.close()
        if self.hold:
            self.hold.close()
        for listener in (self.control, self.metrics):
            if listener:
                listener.close()


def founded(ground: Ground, config: Config) -> Estate:
    """For a new master. Raises AlreadyRunning, another ResquedError or OSError."""
    with place("daemon.run_dir", ground.run):
        status.make_directory(ground.run)
        board = Scoreboard(_rows(config), ground.run)
    return Estate(
        generation=0,
        started_at=time(),
        lock=_lock(ground),
        lifeline=Lifeline(),
        bell=Bell(),
        tokens={pool: Token() for pool in config.pools},
        boards=Boards(0, board, {}),
        hold=embedded.prepare(ground.redis) if config.redis.embedded else None,
        control=_control(ground.run),
        metrics=_metrics(config.metrics.listen),
        shows=_shows(ground.run),
    )


def _lock(ground: Ground) -> Lock:
    file = ground.state / "lock"
    try:
        with place("daemon.state_dir", ground.state):
            ground.state.mkdir(mode=0o700, parents=True, exist_ok=True)
            return Lock(file)
    except BlockingIOError:
        raise AlreadyRunning(ground.file, file) from None


@contextmanager
def place(key: str, directory: Path) -> Iterator[None]:
    """Whatever cannot be made in it is told with its place."""
    try:
        yield
    except BlockingIOError:  # a lock that somebody has
        raise
    except OSError as error:
        raise NoPlace(key, directory, error) from error


def inherited(handover: Handover, ground: Ground, config: Config) -> Estate:
    """As the image before this one left it."""
    generation = handover.generation + 1
    for descriptor in handover.descriptors:
        os.set_inheritable(descriptor, False)  # noqa: FBT003  as Python has it
    tokens = {pool: Token(pipe) for pool, pipe in handover.tokens.items()}
    for pool in tokens.keys() - config.pools.keys() - {heir.pool for heir in handover.workers}:
        tokens.pop(pool).forget()
    return Estate(
        generation=generation,
        started_at=handover.started_at,
        lock=Lock(ground.state / "lock", handover.lock),
        lifeline=Lifeline(handover.lifeline),
        bell=Bell(handover.bell),
        tokens={**tokens, **{pool: Token() for pool in config.pools if pool not in tokens}},
        boards=Boards(generation, _board(_rows(config), ground.run, generation), _opened(handover.boards)),
        hold=None if handover.hold is None else Lock(ground.redis / "lock", handover.hold),
        control=_control(ground.run, handover.control),
        metrics=_metrics(config.metrics.listen, handover.metrics_at, handover.metrics),
        shows=_shows(ground.run),
    )


def _control(directory: Path, inherited: int | None = None) -> Listener | None:
    """Who waits at the inherited socket is served by this image. Without one, signals still work."""
    file, door = directory / wishes.SOCKET, None if inherited is None else socket.socket(fileno=inherited)
    try:
        if door is None or not file.is_socket():  # somebody may have cleared the directory
            door = listening.at(file)
    except OSError as error:
        log.error("control.not_made", error=str(error))
        return None
    return Listener(door, file, end=wishes.END, longest=wishes.LONGEST)


def _metrics(place: str, before: str = "", inherited: int | None = None) -> Listener | None:
    """Who waits at the inherited socket is served by this image, if it is still the one that is wanted."""
    door = None if inherited is None else socket.socket(fileno=inherited)
    if door and not (place == before and _stands(place)):
        door.close()
        if (file := _file(before)) and file.is_socket():
            file.unlink(missing_ok=True)
        door = None
    if not place:
        return None
    from resqued import listener  # noqa: PLC0415  what is not used stays out of a process that forks
    from resqued.metrics import asking  # noqa: PLC0415  the same

    try:
        door = door or listening.bound(listener.parse(place))
    except OSError as error:
        log.error("metrics.not_served", listen=place, error=error.strerror or str(error))
        return None
    return Listener(
        door, _file(place), end=asking.END, longest=asking.LONGEST, most=asking.MOST, patience=asking.PATIENCE
    )


def _stands(place: str) -> bool:
    """Somebody may have cleared its directory."""
    file = _file(place)
    return file is None or file.is_socket()


def _file(place: str) -> Path | None:
    return Path(place.removeprefix("unix:")) if place.startswith("unix:") else None


def _shows(directory: Path) -> int | None:
    try:
        return stacks.opened(directory)
    except OSError as error:
        log.error("stacks.not_made", error=str(error))
        return None


def _board(rows: int, directory: Path, generation: int) -> Scoreboard:
    """In memory alone if there can be no file: resquectl then sees less, but a full disk must not end who runs."""
    try:
        return Scoreboard(rows, directory, generation)
    except OSError as error:
        log.error("scoreboard.not_made", error=str(error))
        return Scoreboard(rows)


def _opened(files: Mapping[int, str]) -> dict[int, Scoreboard | None]:
    return {generation: _open(Path(file)) for generation, file in files.items()}


def _open(file: Path) -> Scoreboard | None:
    try:
        return Scoreboard.open(file)
    except (OSError, UnknownLayout) as error:
        log.warning("scoreboard.unreadable", file=str(file), error=str(error))
        return None


def _rows(config: Config) -> int:
    """With some for those that somebody asks for beyond the configuration."""
    return sum(size_of(pool).max for pool in config.pools.values()) + SPARE
