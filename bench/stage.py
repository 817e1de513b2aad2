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
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.support import processes, redis_server
from tests.support.processes import mortal
from tests.support.redis_server import RedisServer
from tests.support.waiting import eventually

APPLICATION = Path(__file__).parent / "application"
ROOT = Path(__file__).parent.parent
PATIENCE = 60.0  # s for anything that should take less than five
ROOMS = 64  # databases of the server
MEDDLING = ("RQ_", "PYTHON", "CELERY", "DRAMATIQ", "dramatiq_", "HUEY", "RESQUE", "QUEUE", "BENCH_")
MEDDLERS = {
    *("COUNT", "FORK_PER_JOB", "INTERVAL", "MIN_INTERVAL", "MAX_INTERVAL", "BACKOFF_INTERVAL", "TERM_CHILD"),
    *("RUN_AT_EXIT_HOOKS", "VERBOSE", "VVERBOSE", "LOGGING", "RUBYOPT", "PERL5OPT", "NODE_OPTIONS"),
}


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

    def fileno(self) -> int:
        return self._descriptor

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


class Run:
    """A process under way, or ended."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.pid, self._process, self._log = process.pid, process, log

    @property
    def status(self) -> int | None:
        return self._process.poll()

    def ask_to_end(self) -> None:
        self._process.terminate()

    def said(self) -> str:
        return self._log.read_text(errors="replace")


class Stage:
    """`redis` is a client of the server (its pid) for whatever is not measured."""

    def __init__(self, server: RedisServer, redis: Redis, directory: Path) -> None:
        self.server, self.port, self.redis, self.directory = server.pid, server.port, redis, directory
        self.letterbox = self.new_letterbox("letterbox")
        self._rooms = self._started = 0

    def new_room(self) -> int:
        """A database that nobody else has."""
        self._rooms += 1
        return self._rooms

    def client(self, database: int) -> Redis:
        """Over TCP, as an application would have it."""
        return Redis(port=self.port, db=database, retry=Retry(NoBackoff(), 0))

    def new_letterbox(self, name: str) -> Letterbox:
        return Letterbox(self.directory / name)

    @contextmanager
    def running(self, argv: Sequence[str]) -> Iterator[Run]:
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
        run = Run(process, log)
        try:
            yield run
        except AssertionError as late:
            raise Withdrawn(f"{argv}: {late}; it says:\n{_last_lines(run)}") from late
        finally:
            _stop(process)
            processes.kill_families(processes.children() - before)
            log.unlink()


def _environment() -> Mapping[str, str]:
    """Ours without what would change a contestant's settings."""
    return {name: value for name, value in os.environ.items() if not (name.startswith(MEDDLING) or name in MEDDLERS)}


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE)
    process.kill()
    process.wait()


def _last_lines(run: Run) -> str:
    return "\n".join(run.said().splitlines()[-10:])


@contextmanager
def prepared() -> Iterator[Stage]:
    with (
        redis_server.running("--databases", str(ROOMS)) as server,
        server.client() as redis,
        tempfile.TemporaryDirectory(prefix="resqued-bench-") as directory,
    ):
        stage = Stage(server, redis, Path(directory))
        try:
            yield stage
        finally:
            stage.letterbox.close()


__all__ = ["APPLICATION", "PATIENCE", "ROOT", "Letterbox", "Run", "Stage", "Withdrawn", "eventually", "prepared"]
