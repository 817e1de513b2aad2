"""A lock on a file, as long as somebody has its descriptor."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self


class Lock:
    """Ends with `close`, or with the last process that has the descriptor, whatever ended it.

    `inherited`: the descriptor that an earlier image of this process has locked.
    Raises BlockingIOError if somebody else has it, and OSError if there can be no such file.
    """

    def __init__(self, file: Path, inherited: int | None = None) -> None:
        self._file = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) if inherited is None else inherited
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise

    def fileno(self) -> int:
        return self._file

    def close(self) -> None:
        """In a child: it must not outlive its parent as the holder."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
