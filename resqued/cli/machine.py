"""A master on this machine, as who did not start it finds it: by what it writes into its run directory."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from resqued import places, processes, status, wishes
from resqued.cli import control
from resqued.errors import (
    ConfigError,
    NoStatus,
    NotRunning,
    NotSignalled,
    UnknownLayout,
    UnreadableStatus,
)
from resqued.scoreboard import Row, Scoreboard
from resqued.status import Found, Status, WorkerStatus
from resqued.wishes import Kind, Wish


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a master with the configuration `file` is looked for."""

    file: Path

    def master(self) -> "Master":
        """The one that runs; else what is left of one that does not run any more.

        Raises NotRunning if there was none; UnreadableStatus if there may be one, but it is hidden or not understood.
        """
        left, hidden = [], []
        for directory in places.run_directories(self.file):
            try:
                master = Master(directory)
            except NoStatus:
                continue
            except UnreadableStatus as error:
                hidden.append(error)
                continue
            if master.lives:
                return master
            left.append(master)
        if hidden:
            raise hidden[0]
        if left:
            return left[0]
        raise self._none()

    def _none(self) -> NotRunning:
        where = f"there is no status.json in {self._looked_in()}"
        try:
            places.configuration(self.file)
        except ConfigError as wrong:  # as it may have become since a master was started with it
            error = NotRunning(f"no resqued with {self.file} is found: {where}; its daemon.run_dir is not known")
            error.add_note(str(wrong))
        else:
            error = NotRunning(f"no resqued with {self.file} runs here: {where}")
            error.add_note(f"start it: `resqued -c {self.file}`, or its unit")
        error.add_note("if it runs, in another run directory: RUNTIME_DIRECTORY=… resquectl …")
        return error

    def _looked_in(self) -> str:
        return ", ".join(map(str, places.run_directories(self.file)))


class Master:
    """Raises NoStatus and UnreadableStatus, now and whenever it looks again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._found = status.find(directory)

    def look_again(self) -> None:
        self._found = status.find(self.directory)

    @property
    def status(self) -> Status:
        return self._found.status

    @property
    def lives(self) -> bool:
        """In doubt it does."""
        return status.is_of_a_living_master(self.status)

    def is_still(self, earlier: Status) -> bool:
        """Whether the master that wrote this earlier status still runs."""
        return (self.status.pid, self.status.born) == (earlier.pid, earlier.born) and self.lives

    def rows(self) -> Iterator[tuple[WorkerStatus, Row | None]]:
        """Each worker with its row on the scoreboards; None if that is gone already, or not to be read."""
        boards = dict(enumerate(map(self._board, self.status.boards)))
        for worker in self.status.workers:
            board = boards.get(worker.board)
            yield worker, board.row(worker.row) if board and 0 <= worker.row < board.rows else None

    def _board(self, name: str) -> Scoreboard | None:
        if Path(name).name != name:  # what root follows must not lead out of a directory that is somebody else's
            return None
        with suppress(OSError, UnknownLayout):
            return Scoreboard.open(self.directory / name)
        return None

    def send(self, number: signal.Signals) -> None:
        """Raises NotRunning if it has gone, and NotSignalled if a signal might reach another or may not be sent."""
        self.refuse_doubt()
        try:
            processes.send(self.status.pid, number)
        except PermissionError:
            raise NotSignalled(
                f"the master is not yours to signal (pid {self.status.pid}); be root, or its user"
            ) from None

    def refuse_doubt(self) -> None:
        """Whether it lives, and its process is what the status says. Raises as `send` does."""
        if not self.lives:
            raise gone(self.status)
        _refuse_doubt(self._found)

    @property
    def owner(self) -> int:
        """The user whose status it is."""
        return self._found.owner

    def wish(self, wanted: Wish, kind: type[Kind], seconds: float) -> Kind:
        """What it answers. Raises NotRunning if it has gone, WishRefused, NotSignalled, and NotAnswered."""
        if not self.lives:
            raise gone(self.status)
        try:
            return control.wish(self.directory, wanted, kind, seconds)
        except ConnectionRefusedError:
            raise gone(self.status) from None
        except OSError as error:
            self.refuse_the_gone(self.status)  # who leaves takes his socket away a moment before
            raise NotSignalled(
                f"the master cannot be asked at {self.directory / wishes.SOCKET}: {error.strerror}; "
                "after a reload, or else a restart, it can"
            ) from None

    def refuse_the_gone(self, before: Status) -> None:
        """Looks again. Raises NotRunning if the master of `before` has gone, or has taken its status away to go."""
        try:
            self.look_again()
        except NoStatus:
            raise gone(before) from None
        if not self.is_still(before):
            raise gone(before)


def _refuse_doubt(found: Found) -> None:
    """Root must not signal a process because a file says so that belongs to another user than the process."""
    pid = found.status.pid
    if status.is_elsewhere(found.status):
        raise NotSignalled(f"the master runs in another pid namespace, as {pid} there; say this inside its container")
    try:
        owner = psutil.Process(pid).uids().effective
    except psutil.Error:
        _refuse_the_unseen(pid)
    else:
        if owner != found.owner:
            raise NotSignalled(
                f"process {pid} is not of the user who wrote that it is the master; it was not signalled"
            )


def _refuse_the_unseen(pid: int) -> None:
    """Of a process that /proc hides nobody can say since when it has its pid, save systemd, of a unit's own."""
    if os.environ.get("MAINPID") != str(pid):
        raise NotSignalled(
            f"/proc hides process {pid}, so that it may be another than the master; it was not signalled"
        )


def gone(of: Status) -> NotRunning:
    return NotRunning(f"the master of {of.config} has gone (pid {of.pid})")
