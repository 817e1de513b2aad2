"""`./run demo`: your lines, performed by two workers of a resqued that has a Redis of its own.

    printf 'hello\nworld\n' | ./run demo

Everything is kept in a temporary directory, which is gone in the end, as are all processes. No other Redis is touched.
"""

import ctypes
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from redis import Redis

from resqued import Resque, ResquedError, StoreUnavailable, config, places
from resqued.address import Address
from resqued.protocol import keys

HERE = Path(__file__).resolve().parent
WORKERS = 2
PATIENCE = 30.0  # s for anything that should take less than one
PROMPT = "input text: "
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


class Trouble(Exception):
    """Why the demonstration ended early."""


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    try:
        with TemporaryDirectory(prefix="resqued-demo-") as directory:
            demonstrate(Path(directory))
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except (Trouble, ResquedError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


def demonstrate(directory: Path) -> None:
    file = directory / "resqued.toml"
    file.write_text(configuration(directory))
    server = places.redis_address(config.parse(file.read_text(), str(file)), file)
    say(f"starting a Redis of our own, and resqued with {WORKERS} workers")
    with resqued(file) as daemon, Resque(server) as resque:
        until(lambda: len(resque.workers()) == WORKERS, daemon, "the workers are not ready")
        count = enqueue_lines(resque, daemon)
        until(lambda: is_idle(resque), daemon, "there are still jobs to do")
        say(f"{count} {'job' if count == 1 else 'jobs'} done. This is what Redis knows now:")
        show_keys(server)
        failed = resque.info().failed
    if failed:
        raise Trouble(f"{failed} of the jobs failed")
    say("stopped; nothing is left")


def configuration(directory: Path) -> str:
    """`resqued.toml` of this example with an embedded Redis, all of it in `directory`."""
    return f"""
        [redis]
        embedded = true
        [jobs]
        path = [{json.dumps(str(HERE))}]
        modules = ["jobs"]
        names = {{ "MyTask::Echo" = "jobs:Echo" }}
        [pools.echo]
        queues = ["echo"]
        workers = {WORKERS}
        [log]
        format = "console"
        [daemon]
        state_dir = {json.dumps(str(directory))}
    """


# --- the daemon ---


@contextmanager
def resqued(file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The daemon, which ends with the block, in whatever way that is left, or with this process."""
    command = [sys.executable, "-m", "resqued", "-c", str(file)]
    daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)  # noqa: PLW1509, S603  one thread
    try:
        yield daemon
    except BaseException:
        stop(daemon)
        raise
    if status := stop(daemon):
        raise Trouble(f"resqued ended with status {status}")


def die_with_parent() -> None:
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def stop(daemon: subprocess.Popen[bytes]) -> int:
    """Ask the daemon to stop, and insist in the end. Its exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # what Ctrl-C asks for is being done
    daemon.terminate()
    try:
        return daemon.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        daemon.kill()
        return daemon.wait()


def until(done: Callable[[], bool], daemon: subprocess.Popen[bytes], complaint: str) -> None:
    """Wait for something to become true. Redis may still be starting."""
    deadline = time.monotonic() + PATIENCE
    while not now(done):
        if (status := daemon.poll()) is not None:
            raise Trouble(f"resqued ended with status {status}; it says why above")
        if time.monotonic() > deadline:
            raise Trouble(f"{complaint} after {PATIENCE:g} s")
        time.sleep(0.02)


def now(done: Callable[[], bool]) -> bool:
    try:
        return done()
    except StoreUnavailable:
        return False


# --- its work ---


def enqueue_lines(resque: Resque, daemon: subprocess.Popen[bytes]) -> int:
    """Put each line of the standard input on the queue; how many there were."""
    count = 0
    for text in lines():
        resque.push("echo", {"class": "MyTask::Echo", "args": [text]})
        count += 1
        if sys.stdin.isatty():  # first the answer, then the next question
            until(lambda: is_idle(resque), daemon, "the line is not echoed")
    return count


def lines() -> Iterator[str]:
    if not sys.stdin.isatty():
        sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]  # nobody has replaced it
        yield from (line.rstrip("\r\n") for line in sys.stdin)
        return
    say("type something; Ctrl-D ends it")
    while True:
        try:
            yield input(PROMPT)
        except EOFError:
            print()
            return


def is_idle(resque: Resque) -> bool:
    info = resque.info()
    return info.pending == info.working == 0


# --- what it leaves in Redis ---


def show_keys(server: Address) -> None:
    """Every key with its type and purpose."""
    with Redis(unix_socket_path=server.path, decode_responses=True) as redis:
        found = sorted({key for pattern in keys.Keys().everything for key in redis.scan_iter(pattern)})
        width = max(map(len, found), default=0)
        for key in found:
            print(f"  {key:{width}}  {redis.type(key):6}  {purpose(key)}", flush=True)


def purpose(key: str) -> str:
    """What the documentation of the keys says of `key`; of two entries that fit, the one that says more of its name."""
    fitting = ((len(name), text) for name, text in documented() if re.fullmatch(pattern(name), key))
    return max(fitting, default=(0, "?"))[1]


def documented() -> Iterator[tuple[str, str]]:
    """Names with `<placeholders>`, and what each is for, from the table in `resqued.protocol.keys`."""
    for row in re.finditer(r"^\| (`.*) \| \w+ \| (.*) \|$", keys.__doc__ or "", re.MULTILINE):
        yield from ((name, row[2].replace("`", "")) for name in re.findall("`([^`]+)`", row[1]))


def pattern(name: str) -> str:
    return re.sub("<[^>]+>", ".+", name)


def say(text: str) -> None:
    print(f"--- {text}", flush=True)


def _end(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
