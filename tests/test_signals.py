"""What signals mean: the document says what the code's table says, and processes do what the table says."""

import fcntl
import json
import os
import pty
import signal
import sys
import termios
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from resqued import signals
from resqued.signals import DUMP, HEARD, Inbox
from resqued.signaltable import DEFAULT, NOTHING, TABLE, UNCATCHABLE, Meaning
from tests.support.daemon import Daemon, Daemons, daemons, failures, popped, push
from tests.support.lone import PROGRAM, lone, wait_until_registered
from tests.support.status import deliver, is_at_work, signals_in, spray, status
from tests.support.waiting import eventually

DOCUMENT = Path(__file__).parent.parent / "docs" / "signals.md"
PROCESSES = [field.name for field in fields(Meaning)]
CATCHABLE = [name for name in TABLE if name not in UNCATCHABLE]


def meaning(name: str, process: str) -> str:
    return str(getattr(TABLE[name], process))


def that_mean(what: str, process: str) -> list[int]:
    """The numbers of the signals that mean this to such a process."""
    return [signals.number(name) or 0 for name in CATCHABLE if meaning(name, process).startswith(what)]


# The document


def table() -> list[str]:
    """TABLE as the document shows it: signals of the same meaning, if they stand together, share a line."""
    lines = ["| signal | master | worker | standalone worker | job |", "|---|---|---|---|---|"]
    for cells, names in groupby(TABLE, lambda name: astuple(TABLE[name])):
        signs = ", ".join(name.removeprefix("SIG") for name in names)
        lines.append(f"| {' | '.join([signs, *cells])} |")
    return lines


def test_the_document_shows_the_table() -> None:
    assert [line for line in DOCUMENT.read_text().splitlines() if line.startswith("|")] == table()


# Numbers


def test_every_signal_of_the_table_is_one_of_this_system() -> None:
    numbers = [signals.number(name) for name in TABLE]

    assert None not in numbers
    assert len(set(numbers)) == len(TABLE)


def test_every_signal_that_would_kill_or_stop_is_in_the_table_unless_it_tells_of_a_fault() -> None:
    faults = {"SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGSEGV", "SIGSYS", "SIGSTKFLT"}
    harmless = {"SIGURG"}  # by default

    every = {one.name for one in signal.Signals if one.value < 32}
    assert every - faults - harmless - set(TABLE) == set()


# The inbox


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    yield inbox
    inbox.close()


def test_what_is_heard_is_read_once_in_order_of_arrival(inbox: Inbox) -> None:
    for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP):
        signal.raise_signal(number)

    assert inbox.read() == [signal.SIGUSR1, signal.SIGTERM, signal.SIGHUP]
    assert inbox.read() == []


def test_of_what_has_come_together_cont_is_read_last(inbox: Inbox) -> None:
    for number in (signal.SIGCONT, signal.SIGUSR2, signal.SIGTERM):
        signal.raise_signal(number)

    assert inbox.read() == [signal.SIGUSR2, signal.SIGTERM, signal.SIGCONT]


def test_who_closes_the_inbox_finds_signals_as_they_were() -> None:
    def mine(*_: object) -> None: ...

    found = signal.signal(signal.SIGUSR1, mine), signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    try:
        Inbox().close()
        assert (signal.getsignal(signal.SIGUSR1), signal.getsignal(signal.SIGUSR2)) == (mine, signal.SIG_IGN)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGUSR1, found[0])
        signal.signal(signal.SIGUSR2, found[1])


# What processes do


@dataclass
class Cast:
    """One process of each kind: a master, its worker, that one's job, which waits for `test:go`."""

    daemon: Daemon
    worker: int
    job: int


@pytest.fixture
def cast(tmp_path: Path, redis: Redis, redis_url: str) -> Iterator[Cast]:
    with daemons(tmp_path, redis, redis_url) as started:
        yield busy(started, redis)


def busy(daemons: Daemons, redis: Redis, **settings: Any) -> Cast:
    daemon = daemons.start(**settings)
    push(redis, "Meet")
    job = int(popped(redis, "test:met"))
    return Cast(daemon, daemon.workers()[0].pid, job)


def unharmed(redis: Redis) -> None:
    """The job goes on to its end, and its worker to the next."""
    redis.rpush("test:go", "on")
    assert popped(redis, "test:done") == "meet"
    push(redis, "Say", "next")
    assert popped(redis, "test:said") == "next"
    assert not failures(redis)


def harmless(pid: int, process: str) -> list[str]:
    """Send whatever means nothing to such a process; what it does not survive ends the test."""
    numbers = that_mean(NOTHING, process)
    for number in numbers:
        deliver(pid, number)
        assert is_at_work(pid), f"{signals.name(number)} has ended or stopped the {process}"
    return [signals.name(number) for number in numbers]


@pytest.mark.parametrize("process", ["master", "worker", "job"])
def test_what_means_nothing_to_a_process_does_nothing_to_it(cast: Cast, redis: Redis, process: str) -> None:
    pid = {"master": cast.daemon.pid, "worker": cast.worker, "job": cast.job}[process]
    assert {"SIGTSTP", "SIGPIPE", "SIGPWR"} <= set(harmless(pid, process))

    unharmed(redis)
    assert [worker.pid for worker in cast.daemon.workers()] == [cast.worker]


def test_what_means_nothing_to_a_standalone_worker_does_nothing_to_it(
    tmp_path: Path, redis: Redis, redis_url: str
) -> None:
    with lone(tmp_path, redis, redis_url) as worker:
        push(redis, "Meet")
        popped(redis, "test:met")
        assert "SIGHUP" in harmless(worker.pid, "standalone")

        unharmed(redis)
        assert worker.stop() == 0


@pytest.mark.parametrize("number", that_mean(DEFAULT, "job"))
def test_what_is_as_always_to_a_job_ends_it(cast: Cast, redis: Redis, number: int) -> None:
    os.kill(cast.job, number)

    eventually(lambda: len(failures(redis)) == 1)
    assert signals.name(number) in failures(redis)[0]["error"]


@pytest.mark.parametrize("process", ["worker", "job"])
def test_a_spray_of_signals_at_the_very_same_time_does_no_harm(cast: Cast, redis: Redis, process: str) -> None:
    """Handlers that interrupt each other pile up on one stack, and it must have room for all of them."""
    asks = {number for name in ("SIGTERM", "SIGQUIT", "SIGUSR1") if (number := signals.number(name))}
    meant = {*asks, signals.HURRY, signals.KILL} if process == "worker" else {*that_mean(DEFAULT, "job")}
    spray(getattr(cast, process), [*({*HEARD} - meant), DUMP])

    unharmed(redis)


def test_a_master_is_proof_against_a_spray_too(cast: Cast, redis: Redis) -> None:
    spray(cast.daemon.pid, [*that_mean(NOTHING, "master"), signal.SIGCHLD, DUMP])

    unharmed(redis)
    assert is_at_work(cast.daemon.pid)


# What a process looks like to the kernel


def ours_in(mask: str) -> set[int]:
    """Those of the table; the C library uses some for itself (32, 33)."""
    return signals_in(mask) & {signals.number(name) for name in TABLE}


@pytest.mark.parametrize("process", PROCESSES)
def test_no_process_ignores_or_blocks_a_signal(
    cast: Cast, tmp_path: Path, redis: Redis, redis_url: str, process: str
) -> None:
    """What a process ignores or blocks the programs inherit that it starts."""
    if process == "standalone":
        redis.delete("resque:workers")
        with lone(tmp_path, redis, redis_url) as worker:
            wait_until_registered(redis)
            seen = status(worker.pid)
    else:
        seen = status({"master": cast.daemon.pid, "worker": cast.worker, "job": cast.job}[process])

    assert ours_in(seen["SigIgn"]) == ours_in(seen["SigBlk"]) == set()
    heard = {signals.number(name) for name in CATCHABLE if meaning(name, process) != DEFAULT}
    assert ours_in(seen["SigCgt"]) == heard


def test_a_program_that_a_job_starts_has_all_signals_as_always(daemons_under_nohup: Daemon, redis: Redis) -> None:
    push(redis, "Program", ["cat", "/proc/self/status"])

    seen = dict(line.partition(":")[::2] for line in json.loads(popped(redis, "test:program")).splitlines())
    assert [ours_in(seen[field]) for field in ("SigIgn", "SigBlk", "SigCgt")] == [set(), set(), set()]


@pytest.fixture
def daemons_under_nohup(tmp_path: Path, redis: Redis, redis_url: str) -> Iterator[Daemon]:
    """A daemon that was started with HUP, PIPE and TERM ignored, and with INT blocked."""
    program = (
        "import os, signal, sys\n"
        "for name in ('HUP', 'PIPE', 'TERM'): signal.signal(getattr(signal, f'SIG{name}'), signal.SIG_IGN)\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'resqued', *sys.argv[1:]])\n"
    )
    with daemons(tmp_path, redis, redis_url) as started:
        yield started.start(program=[sys.executable, "-c", program])


# All stacks


@pytest.mark.parametrize("process", ["master", "worker", "job"])
def test_a_process_writes_its_stacks_and_goes_on(cast: Cast, redis: Redis, process: str) -> None:
    pid, place = {
        "master": (cast.daemon.pid, "cli/resqued.py"),
        "worker": (cast.worker, "ears.py"),
        "job": (cast.job, "tracked.py"),
    }[process]
    os.kill(pid, DUMP)

    eventually(lambda: place in cast.daemon.output())
    unharmed(redis)


def test_stacks_are_written_to_the_log_file_if_there_is_one(tmp_path: Path, redis: Redis, redis_url: str) -> None:
    file = tmp_path / "log"
    with daemons(tmp_path, redis, redis_url) as started:
        cast = busy(started, redis, more=f'[log]\nfile = "{file}"')
        os.kill(cast.job, DUMP)

        eventually(lambda: "tracked.py" in file.read_text())
        unharmed(redis)


# A terminal that goes away


@dataclass
class Terminal:
    """`inner` is a process's end, `outer` the window's."""

    inner: int
    outer: int

    def take(self) -> None:
        """In a new session: make it the terminal of this process."""
        fcntl.ioctl(self.inner, termios.TIOCSCTTY, 0)

    def close(self) -> None:
        os.close(self.inner)
        os.close(self.outer)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    outer, inner = pty.openpty()
    terminal = Terminal(inner, outer)
    yield terminal
    with pytest.raises(OSError, match="Bad file descriptor"):
        terminal.close()


def test_a_standalone_worker_leaves_with_its_terminal(
    tmp_path: Path, redis: Redis, redis_url: str, terminal: Terminal
) -> None:
    with lone(
        tmp_path, redis, redis_url, stdin=terminal.inner, start_new_session=True, preexec_fn=terminal.take
    ) as worker:
        wait_until_registered(redis)
        deliver(worker.pid, signal.SIGHUP)  # from somebody else
        push(redis, "Say", "here")
        assert popped(redis, "test:said") == "here"
        terminal.close()

        assert worker.wait() == 0
        assert redis.scard("resque:workers") == 0


def test_under_nohup_a_standalone_worker_outlives_its_terminal(
    tmp_path: Path, redis: Redis, redis_url: str, terminal: Terminal
) -> None:
    ignoring = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    with lone(
        tmp_path,
        redis,
        redis_url,
        program=ignoring + PROGRAM,
        stdin=terminal.inner,
        start_new_session=True,
        preexec_fn=terminal.take,
    ) as worker:
        wait_until_registered(redis)
        terminal.close()
        deliver(worker.pid, signal.SIGHUP)
        push(redis, "Say", "still here")

        assert popped(redis, "test:said") == "still here"
        assert worker.stop() == 0
