"""Processes: fork, reap, kill, title. Nothing else in resqued forks, kills or waits."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from time import monotonic, sleep
from typing import NoReturn

import setproctitle

from resqued import atfork, oom, prctl, signals, streams
from resqued.verdict import Verdict, decode

CRASHED = 1  # exit status of a process of ours whose own code failed
LARGEST_VERDICT = 1 << 20

set_title = setproctitle.setproctitle
adopt_orphans = prctl.adopt_orphans


@dataclass(frozen=True, slots=True)
class Exit:
    pid: int
    code: int | None  # None if a signal ended it
    signal: int | None

    def __str__(self) -> str:
        if self.signal is None:
            return f"status {self.code}"
        return f"{signals.name(self.signal)} (signal {self.signal})"


def exists(pid: int) -> bool:
    """Whether there is such a process, or what is left of one, whosever it is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def spawn(main: Callable[[], int]) -> int:
    """Fork a child that runs `main` and exits with what it returns. Returns the child's pid.

    `main` starts with signals blocked and must make an Inbox of its own.
    Raises OSError if there can be no more processes.
    """
    streams.flush()
    signals.block()
    try:
        pid = os.fork()
        if pid == 0:
            _run_and_exit(main)
        return pid
    finally:
        signals.unblock()


def _run_and_exit(main: Callable[[], int]) -> NoReturn:
    code = CRASHED
    try:
        code = main()
    except BaseException:  # noqa: BLE001  whatever it was, this process must not return into its parent's code
        sys.excepthook(*sys.exc_info())
    finally:
        leave(code)


def spawn_program(command: list[str], *, keep: int) -> int:
    """Fork and execute a program in a process group of its own, with the descriptor `keep`.

    It is sent TERM when this process dies.
    """

    def main() -> int:
        os.set_inheritable(keep, True)  # noqa: FBT003  as Python has it
        _turn_into(command, os.environ, dies_by=signal.SIGTERM)

    return spawn(main)


def spawn_check(command: list[str], environment: Mapping[str, str], output: int) -> int:
    """As `spawn_program`, but it is killed; whatever it says goes to the descriptor `output`."""

    def main() -> int:
        os.dup2(output, 1)
        os.dup2(output, 2)
        try:
            _turn_into(command, environment, dies_by=signal.SIGKILL)
        except OSError as error:
            print(f"{command[0]} cannot be executed: {error.strerror}", file=sys.stderr)  # noqa: T201  as a check does
            return CRASHED

    return spawn(main)


def _turn_into(command: list[str], environment: Mapping[str, str], *, dies_by: int) -> NoReturn:
    os.setpgid(0, 0)
    prctl.end_with_parent(dies_by)
    streams.use_null_as_input()
    for number in signals.EVERY:
        signal.signal(number, signal.SIG_DFL)
    signals.unblock()
    os.execve(command[0], command, environment)  # noqa: S606  without a shell is how it is meant


def execute(command: list[str], environment: Mapping[str, str]) -> OSError:
    """Let a program take the place of this process. Returns only if that fails, and why."""
    streams.flush()
    try:
        os.execve(command[0], command, environment)  # noqa: S606  as above
    except OSError as error:
        return error


class Child:
    """A job's process, as its worker sees it: a pid, and a pipe that will bring one verdict."""

    def __init__(self, pid: int, pipe: int) -> None:
        self.pid = pid
        self.exit: Exit | None = None
        self._pipe: int | None = pipe
        self._said = bytearray()

    def fileno(self) -> int:
        """Readable when there is something to `listen` to; -1 after the end of the pipe."""
        return -1 if self._pipe is None else self._pipe

    def listen(self) -> None:
        """Take in what the child has written so far."""
        while self._pipe is not None:
            try:
                said = os.read(self._pipe, 65536)
            except BlockingIOError:
                return
            self._said += said
            if not said or len(self._said) > LARGEST_VERDICT:
                self._hang_up()

    def _hang_up(self) -> None:
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None

    def has_ended(self) -> bool:
        """Reaps the process if it has. Its last words are taken in first."""
        if self.exit is None and (ended := _wait_for(self.pid)) is not None:
            self.exit = ended
            self.listen()
            self._hang_up()  # a grandchild may hold the other end for ever
        return self.exit is not None

    def verdict(self) -> Verdict | None:
        """None if the process ended without one."""
        return decode(bytes(self._said)) if self._said else None


def start_job(perform: Callable[[], Verdict], mine: Iterable[int]) -> Child:
    """Fork a job's process: it has its own session, dies with its worker, and writes the verdict of `perform`.

    `mine`: descriptors of the worker, which the child closes.
    Raises OSError if there can be no more processes or files.
    """
    read, write = os.pipe()
    os.set_blocking(read, False)
    worker = os.getpid()
    signals.block()
    atfork.spare()
    try:
        pid = os.fork()
    except OSError:
        os.close(read)
        os.close(write)
        raise
    else:
        if pid == 0:
            os.close(read)
            _be_job(perform, mine, write, worker)
        os.close(write)
        return Child(pid, read)
    finally:
        atfork.spare_no_more()
        signals.unblock()


def _be_job(perform: Callable[[], Verdict], mine: Iterable[int], pipe: int, worker: int) -> NoReturn:
    """Each page that is touched here for the first time costs 2 µs, as long as the worker has it, too."""
    try:
        atfork.spare_no_more()
        os.setsid()
        oom.be_a_job()
        end_with_worker(worker)
        for descriptor in mine:
            os.close(descriptor)
        signals.enter_job()
        signals.unblock()
        verdict = perform()
        _write(pipe, verdict.encode())
        streams.flush()
    finally:
        os._exit(0)


def end_with_worker(worker: int) -> None:
    """In a job: be killed when its worker dies. To be called again after a change of user, which ends that."""
    prctl.end_with_parent(signal.SIGKILL)
    if os.getppid() != worker:  # it died before it could take us with it
        os._exit(CRASHED)


def _write(pipe: int, text: bytes) -> None:
    while text:
        text = text[os.write(pipe, text) :]


def _wait_for(pid: int) -> Exit | None:
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:  # somebody else reaped it
        return Exit(pid, CRASHED, None)
    return _exit(found, status) if found else None


def _exit(pid: int, status: int) -> Exit:
    code = os.waitstatus_to_exitcode(status)
    return Exit(pid, None, -code) if code < 0 else Exit(pid, code, None)


def reap() -> list[Exit]:
    """Every child that has ended, adopted ones included."""
    exits = []
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            exits.append(_exit(*found))
    return exits


def send(pid: int, number: int) -> None:
    """Signal a process; one that is gone has no need of it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def ask(child: Child) -> None:
    send(child.pid, signals.ASK)


def kill_job(child: Child, others: Iterable[int]) -> None:
    """Kill a job that has not been reaped, with everything that stayed in its process group, and these `others`."""
    kill_group(child.pid)
    kill_each([child.pid, *others])  # it may not have come to setsid yet


def kill_each(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def kill_group(leader: int) -> None:
    """Kill what is left of a job's process group; the leader itself may have been reaped."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def wait_until_gone(leaders: Iterable[int], *, within: float) -> None:
    """Until these killed sessions have nobody left in them: a KILL takes a moment. `within`: seconds, at most."""
    deadline = monotonic() + within
    for leader in leaders:
        while _has_members(leader) and monotonic() < deadline:
            sleep(0.002)


def _has_members(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def leave(code: int) -> NoReturn:
    """Exit now, whatever threads there are."""
    streams.flush()
    os._exit(code)


def be_a_worker() -> None:
    """Jobs inherit what is done here once, so that it costs nothing for each: no standard input, and a loaded libc."""
    oom.be_a_worker()
    adopt_orphans()
    streams.use_null_as_input()
