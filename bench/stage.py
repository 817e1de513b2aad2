"""Where contestants meet: a Redis of the bench's own, a directory, and a letterbox for what jobs have to say."""

import os
import select
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from redis import Redis

from tests.support import processes, redis_server
from tests.support.processes import mortal
from tests.support.waiting import eventually

APPLICATION = Path(__file__).parent / "application"
ROOT = Path(__file__).parent.parent
PATIENCE = 20.0  # s for anything that should take less than two


class Withdrawn(Exception):
    """A contestant ended, or failed a job, instead of working; the message ends with its own last lines."""


class Letterbox:
    """A FIFO: jobs of any language write a line into it, and its path is all that they need to know."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = str(path)
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)  # also a writer: it never ends
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)
        self._rest = b""

    def next(self) -> str:
        """The next line."""
        while b"\n" not in self._rest:
            if not self._poll.poll(PATIENCE * 1000):
                raise Withdrawn(f"nothing came from a job within {PATIENCE:g} s")
            self._rest += os.read(self._descriptor, 65536)
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def close(self) -> None:
        os.close(self._descriptor)


class Stage:
    """`redis` is a client of the server for whatever is not measured."""

    def __init__(self, url: str, port: int, redis: Redis, directory: Path) -> None:
        self.url, self.port, self.redis, self.directory = url, port, redis, directory
        self.letterbox = Letterbox(directory / "letterbox")
        self._started = 0

    @contextmanager
    def running(self, argv: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
        """A process, which ends with the block, and with it all that it has started; and with us if we are killed."""
        self._started += 1
        log = self.directory / f"{self._started}.log"
        before = processes.children()
        with log.open("wb") as out:
            process = subprocess.Popen(
                mortal(argv, signal.SIGTERM),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=ROOT,
                env=_environment(),
                process_group=0,
            )
        try:
            yield process
        except AssertionError as late:
            raise Withdrawn(f"{argv}: {late}; it says:\n{_last_lines(log)}") from late
        finally:
            _stop(process)
            processes.kill_families(processes.children() - before)


def _environment() -> Mapping[str, str]:
    """Ours without what would change a contestant's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("RQ_", "PYTHON"))}


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE)
    process.kill()
    process.wait()


def _last_lines(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-10:])


@contextmanager
def prepared() -> Iterator[Stage]:
    with (
        redis_server.running() as server,
        server.client() as redis,
        tempfile.TemporaryDirectory(prefix="resqued-bench-") as directory,
    ):
        stage = Stage(server.url, server.port, redis, Path(directory))
        try:
            yield stage
        finally:
            stage.letterbox.close()


__all__ = ["APPLICATION", "PATIENCE", "ROOT", "Letterbox", "Stage", "Withdrawn", "eventually", "prepared"]
