"""A worker's note of how a job ended, made before that is written to Redis.

Should the worker be killed in between, or leave while Redis is away, whoever settles its slate still knows the truth.
One small file a worker, on its own machine. It survives its processes, not its machine: nothing is synced to disk.
"""

import os
import struct
from collections.abc import Collection
from pathlib import Path
from zlib import crc32

from resqued.verdict import DONE, REQUEUED, Outcome, Verdict, decode

HEADER = struct.Struct("<QBII")  # run, outcome, length of the verdict, its checksum
OUTCOMES = (Outcome.DONE, Outcome.FAILED, Outcome.REQUEUED)


def notebook(home: Path, nonce: str) -> Path:
    """The file of the worker whose run has this `nonce`, below the state directory of its configuration."""
    return home / "verdicts" / nonce


def make_directory(home: Path) -> None:
    """For the notebooks of one configuration. Raises OSError."""
    notebook(home, "").mkdir(mode=0o700, parents=True, exist_ok=True)


def clear_away(home: Path, known: Collection[str], *, before: float) -> None:
    """Remove notebooks that nobody will ask for: not of `known` runs (nonces), and last written before then (epoch)."""
    for file in notebook(home, "").glob("*"):
        if file.name not in known and file.stat().st_mtime < before:
            file.unlink(missing_ok=True)


class Notebook:
    """What one worker writes. Raises OSError if there can be no such file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def note(self, run: int, verdict: Verdict) -> None:
        """In one write, with a checksum: a note that is half written is none."""
        said = verdict.encode() if verdict.outcome is Outcome.FAILED else b""
        header = HEADER.pack(run, OUTCOMES.index(verdict.outcome), len(said), crc32(said))
        os.pwrite(self._descriptor, header + said, 0)

    def forget(self) -> None:
        """In a job's process."""
        os.close(self._descriptor)

    def remove(self) -> None:
        """Everything it says is in Redis now."""
        self._file.unlink(missing_ok=True)
        os.close(self._descriptor)


def noted(file: Path, run: int) -> Verdict | None:
    """How `run` ended, if it was noted. None for any other run, and for a file that is not there or not a notebook."""
    try:
        text = file.read_bytes()
        number, outcome, length, checksum = HEADER.unpack_from(text)
    except (OSError, struct.error):
        return None
    said = text[HEADER.size : HEADER.size + length]
    if number != run or crc32(said) != checksum or outcome >= len(OUTCOMES):
        return None
    return {Outcome.DONE: DONE, Outcome.REQUEUED: REQUEUED}.get(OUTCOMES[outcome]) or decode(said)
