"""A worker's note of how a job ended, made before that is written to Redis.

Should the worker be killed in between, or leave while Redis is away, whoever settles its slate still knows the truth.
One small file a worker, on its own machine. It survives its processes, not its machine: nothing is synced to disk.

Its worker keeps it locked, so that everybody who can see the file can see whether its worker lives: in another
container, too, where pids mean something else, and after a restart of the machine.
"""

import os
import struct
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from resqued.verdict import DONE, REQUEUED, Outcome, Verdict, decode

HEADER = struct.Struct("<BQBII")  # whether its worker began to leave, run, outcome, length of the verdict, its checksum
OUTCOMES = (Outcome.DONE, Outcome.FAILED, Outcome.REQUEUED)
NOWHERE = (OSError, ValueError)  # what a path raises that leads to no file of ours; Redis may say "\0" in it


def notebook(home: Path, nonce: str) -> Path:
    """The file of the worker whose run has this `nonce`, below the state directory of its configuration."""
    return home / "verdicts" / nonce


def make_directory(home: Path) -> None:
    """For the notebooks of one configuration. Raises OSError."""
    notebook(home, "").mkdir(mode=0o700, parents=True, exist_ok=True)


def of_the_dead(home: Path) -> list[Path]:
    """The notebooks whose workers have ended."""
    return [file for file in notebook(home, "").glob("*") if has_ended(file)]


def has_ended(file: Path) -> bool:
    """Whether the worker that kept this notebook is known to have ended."""
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    except NOWHERE:
        return False
    try:
        os.lockf(descriptor, os.F_TEST, 0)
    except OSError:  # it lives; or this file system knows no locks
        return False
    finally:
        os.close(descriptor)
    return True


def throw_away(file: Path) -> None:
    """Of a worker whose last job is settled. One that cannot be removed stays, and nobody will ask for it again."""
    with suppress(*NOWHERE):
        file.unlink()


def clear_away(notebooks: Iterable[Path], *, but: Collection[str]) -> None:
    """Remove notebooks of the dead that nobody will ask for: `but` those of these runs (nonces)."""
    for file in notebooks:
        if file.name not in but:
            _remove_unless_kept(file)


def _remove_unless_kept(file: Path) -> None:
    """A worker may have made it and not have come to locking it: it waits for us, finds it gone, and makes another."""
    with suppress(OSError):
        descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        try:
            os.lockf(descriptor, os.F_TLOCK, 0)
            file.unlink()
        finally:
            os.close(descriptor)


class Notebook:
    """What one worker writes. Raises OSError if there can be no such file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.descriptor = _kept(file)
        self._tells_all = True  # that has begun

    def note(self, run: int, verdict: Verdict) -> None:
        """In one write, with a checksum: a note that is half written is none."""
        self._tells_all = False
        said = verdict.encode() if verdict.outcome is Outcome.FAILED or verdict.result else b""
        header = HEADER.pack(0, run, OUTCOMES.index(verdict.outcome), len(said), crc32(said))
        os.pwrite(self.descriptor, header + said, 0)
        self._tells_all = True

    def leave(self) -> None:
        """No run begins any more. One on the slate beyond the last note was taken by a call whose answer never came."""
        if not self._tells_all:
            return
        if not os.fstat(self.descriptor).st_size:
            self.note(0, DONE)
        os.pwrite(self.descriptor, b"\x01", 0)

    def remove(self) -> None:
        """Everything it says is in Redis now."""
        throw_away(self._file)
        os.close(self.descriptor)


def _kept(file: Path) -> int:
    """A descriptor of this notebook, which stays locked until this process ends: its children do not have the lock."""
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with suppress(OSError):  # where there are no locks, nobody is ever known to have ended
            os.lockf(descriptor, os.F_LOCK, 0)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)  # somebody has cleared it away in this very moment


def noted(file: Path, run: int) -> Verdict | None:
    """How `run` ended, if it was noted: REQUEUED also if it never began.

    None for any other run, and for a file that is not there or not a notebook.
    """
    try:
        text = file.read_bytes()
        left, number, outcome, length, checksum = HEADER.unpack_from(text)
    except (*NOWHERE, struct.error):
        return None
    said = text[HEADER.size : HEADER.size + length]
    if crc32(said) != checksum or outcome >= len(OUTCOMES):
        return None
    if number != run:
        return REQUEUED if left and number < run else None
    return decode(said) if said else {Outcome.DONE: DONE, Outcome.REQUEUED: REQUEUED}.get(OUTCOMES[outcome])
