"""A running `resqued`, as a test meets it: a configuration file, a process, its log lines, its workers in Redis."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from redis import Redis

from tests.support.waiting import eventually

APPS = Path(__file__).parents[1] / "apps"

TRACKED = """
[redis]
url = "{url}"
[jobs]
path = ["{apps}"]
modules = ["tracked"]
at_fork = "{at_fork}"
{jobs}
[pools.work]
queues = {queues}
workers = {workers}
{pool}
[daemon]
run_dir = "{directory}"
state_dir = "{directory}"
{more}
"""


def at_fork() -> str:
    """`jobs.at_fork` of every daemon under test: `--at-fork` of pytest."""
    return os.environ.get("TEST_AT_FORK", "needed")


class Daemon:
    """`process` is the master. What it and its workers log is read from a file, line by line."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, redis: Redis) -> None:
        self.process, self._log, self._redis = process, log, redis

    @property
    def pid(self) -> int:
        return self.process.pid

    def lines(self) -> list[dict[str, Any]]:
        """What has been logged so far."""
        texts = self._log.read_text().splitlines()
        return [json.loads(text) for text in texts if text.startswith("{")]

    def logged(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["event"] == event]

    def output(self) -> str:
        return self._log.read_text()

    def worker_ids(self) -> list[str]:
        """Of the workers of this daemon that are registered, sorted."""
        pids = {str(worker.pid) for worker in self.workers()}
        ids = [text_of(member) for member in self._redis.smembers("resque:workers")]
        return sorted(one for one in ids if one.split(":")[1] in pids)

    def workers(self) -> list[psutil.Process]:
        return [child for child in psutil.Process(self.pid).children() if title_of(child).startswith("resque-")]

    def own_redis(self) -> psutil.Process | None:
        """The one that it has started; None if there is none at the moment."""
        return next(filter(_is_redis, psutil.Process(self.pid).children()), None)

    def wait_for_workers(self, count: int) -> list[str]:
        eventually(lambda: len(self.worker_ids()) == count, within=10)
        return self.worker_ids()

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self, within: float = 15) -> int:
        """Its exit status."""
        return self.process.wait(timeout=within)

    def stop(self, number: int = signal.SIGTERM, within: float = 15) -> int:
        self.send(number)
        return self.wait(within)


def title_of(process: psutil.Process) -> str:
    """As `ps` shows it; empty if the process is gone."""
    try:
        return " ".join(process.cmdline()).strip()
    except psutil.Error:
        return ""


def _is_redis(process: psutil.Process) -> bool:
    try:
        return "redis-server" in process.name() or "valkey" in process.name()
    except psutil.NoSuchProcess:
        return False


class Daemons:
    """Starts daemons, and ends all that a test has left running."""

    def __init__(self, directory: Path, redis: Redis, url: str) -> None:
        self.directory, self.redis, self.url = directory, redis, url
        self._running: list[Daemon] = []

    def configured(
        self, *, workers: int = 1, queues: str = '["work"]', pool: str = "", more: str = "", jobs: str = ""
    ) -> Path:
        """A configuration file for the jobs of `tests/apps/tracked.py`."""
        text = TRACKED.format(
            url=self.url,
            apps=APPS,
            at_fork=at_fork(),
            jobs=jobs,
            queues=queues,
            workers=workers,
            pool=pool,
            more=more,
            directory=self.directory,
        )
        return self.written(text)

    def written(self, text: str) -> Path:
        file = self.directory / f"resqued-{len(list(self.directory.glob('*.toml')))}.toml"
        file.write_text(text)
        return file

    def start(
        self,
        file: Path | None = None,
        *,
        env: Mapping[str, str] | None = None,
        program: Sequence[str] = (sys.executable, "-m", "resqued"),
        **settings: Any,
    ) -> Daemon:
        """A daemon with this file, or with `configured(**settings)`."""
        file = file or self.configured(**settings)
        log = file.with_suffix(f".{len(self._running)}.log")
        with log.open("wb") as out:
            process = subprocess.Popen(
                [*program, "-c", str(file)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, "TEST_REDIS_URL": self.url, **(env or {})},
                process_group=0,
            )
        daemon = Daemon(process, log, self.redis)
        self._running.append(daemon)
        return daemon

    def close(self) -> None:
        for daemon in self._running:
            if daemon.process.poll() is None:
                daemon.send(signal.SIGINT)
                daemon.send(signal.SIGINT)
                try:
                    daemon.wait(10)
                except subprocess.TimeoutExpired:
                    daemon.process.kill()
                    daemon.wait()


@contextmanager
def daemons(directory: Path, redis: Redis, url: str) -> Iterator[Daemons]:
    started = Daemons(directory, redis, url)
    try:
        yield started
    finally:
        started.close()


def text_of(value: bytes | str) -> str:
    """What a client says, whose `decode_responses` its types do not know."""
    return value.decode() if isinstance(value, bytes) else value


def texts(redis: Redis, key: str) -> list[str]:
    """All of a list."""
    return [text_of(value) for value in redis.lrange(key, 0, -1)]


def push(redis: Redis, name: str, *args: object, queue: str = "work") -> None:
    """Enqueue a job of `tests/apps/tracked.py`, as any client would."""
    redis.sadd("resque:queues", queue)
    redis.rpush(f"resque:queue:{queue}", json.dumps({"class": name, "args": args}))


def popped(redis: Redis, key: str, within: float = 30) -> str:
    """The next text that a job pushed to the list `key`."""
    answer = redis.blpop([key], timeout=within)
    assert answer is not None, f"nothing came to {key} within {within} s"
    return text_of(answer[1])


def failures(redis: Redis) -> list[dict[str, Any]]:
    return [json.loads(entry) for entry in redis.lrange("resque:failed", 0, -1)]


def resque_keys(redis: Redis) -> set[str]:
    """Every key of Resque's and of ours."""
    return {text_of(key) for pattern in ("resque:*", "resqued:*") for key in redis.keys(pattern)}
