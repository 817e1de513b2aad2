"""How processes are born: forks of this one, and programs."""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import NoReturn

from resqued import oom, prctl, signals, streams
from resqued.processes.ends import CRASHED


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


def leave(code: int) -> NoReturn:
    """Exit now, whatever threads there are."""
    streams.flush()
    os._exit(code)


def be_a_worker() -> None:
    """Jobs inherit what is done here once, so that it costs nothing for each: no standard input, and a loaded libc."""
    oom.be_a_worker()
    prctl.adopt_orphans()
    streams.use_null_as_input()
