"""Other people's code that may run for ever, in a process that must not."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import dedent

import pytest

from resqued import signals
from resqued.interruption import STOPS
from tests.support.python import run_python
from tests.support.waiting import readable

AROUND = """
    import os, select, signal
    from resqued import interruption
    from resqued.interruption import Interrupted, Stopped, interruptible

    def wait():
        os.write(1, b"!")  # from now on somebody may do something
        while True:
            select.select([], [], [], 0.05)
"""


@contextmanager
def waiting(code: str) -> Iterator[subprocess.Popen[str]]:
    """A process that runs `code`, and has come to its `wait()`."""
    program = [sys.executable, "-W", "error", "-c", dedent(AROUND) + dedent(code)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout
            assert readable(process.stdout, within=20)
            yield process
        finally:
            process.kill()


def what_it_says(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 0, said
    return said.lstrip("!").strip()


def said_by(code: str) -> str:
    return run_python(dedent(AROUND) + dedent(code)).lstrip("!").strip()


# What ends it


def test_what_ends_in_time_is_not_interrupted() -> None:
    code = """
        with interruptible(60):
            print("done")
        print("and on")
    """

    assert said_by(code).split("\n") == ["done", "and on"]


def test_what_takes_too_long_is_interrupted() -> None:
    code = """
        try:
            with interruptible(0.05):
                wait()
        except Stopped:
            print("stopped?")
        except Interrupted as error:
            print(error)
    """

    assert said_by(code) == "took longer than 0.05 s"


def test_without_seconds_it_may_take_as_long_as_it_likes() -> None:
    code = """
        with interruptible():
            print(signal.getitimer(signal.ITIMER_REAL))
    """

    assert said_by(code) == "(0.0, 0.0)"


@pytest.mark.parametrize("number", [pytest.param(one, id=signals.name(one)) for one in sorted(STOPS)])
def test_what_runs_is_stopped_when_its_process_is(number: int) -> None:
    code = """
        try:
            with interruptible(60):
                wait()
        except Stopped as error:
            print(error)
    """
    with waiting(code) as process:
        os.kill(process.pid, number)

        assert what_it_says(process) == "resqued is being stopped"


def test_the_signals_that_stop_are_those_that_a_master_or_a_worker_is_stopped_with() -> None:
    stops = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signals.HURRY, signals.KILL}

    assert stops == STOPS


def test_who_catches_exceptions_does_not_catch_this() -> None:
    code = """
        try:
            with interruptible(0.05):
                try:
                    wait()
                except Exception:
                    print("caught")
        except Interrupted:
            print("interrupted")
    """

    assert said_by(code) == "interrupted"


def test_who_catches_everything_is_interrupted_again() -> None:
    code = """
        interruption.AGAIN = 0.05
        caught = 0
        try:
            with interruptible(0.05):
                while caught < 3:
                    try:
                        wait()
                    except BaseException:
                        caught += 1
                wait()
        except Interrupted as error:
            print(caught, error)
    """

    assert said_by(code).lstrip("!") == "3 took longer than 0.05 s"


def test_who_has_been_stopped_and_catches_that_is_stopped_again() -> None:
    code = """
        interruption.AGAIN = 0.05
        try:
            with interruptible(60):
                try:
                    wait()
                except BaseException:
                    pass
                wait()
        except Stopped as error:
            print(error)
    """
    with waiting(code) as process:
        os.kill(process.pid, signal.SIGTERM)

        assert what_it_says(process).lstrip("!") == "resqued is being stopped"


@pytest.mark.parametrize("seconds", [0, 60])
def test_an_alarm_before_the_time_is_somebody_elses(seconds: int) -> None:
    code = f"""
        with interruptible({seconds}):
            signal.raise_signal(signal.SIGALRM)
        print("done")
    """

    assert said_by(code) == "done"


def test_what_raises_by_itself_is_let_through() -> None:
    code = """
        try:
            with interruptible(60):
                raise ValueError("mine")
        except ValueError as error:
            print(error)
    """

    assert said_by(code) == "mine"


# What is left behind


LEFT = """
    handlers = {number: (lambda *_: None) for number in (*interruption.STOPS, signal.SIGALRM)}
    for number, handler in handlers.items():
        signal.signal(number, handler)

    def left():
        print(all(signal.getsignal(number) is handler for number, handler in handlers.items()))
        print(signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0))
"""


@pytest.mark.parametrize(
    "body", ["pass", "raise ValueError", "wait()"], ids=["ends by itself", "raises", "is interrupted"]
)
def test_signals_mean_afterwards_what_they_did_before(body: str) -> None:
    code = f"""
        try:
            with interruptible(0.05 if {body!r} == "wait()" else 60):
                {body}
        except (ValueError, Interrupted):
            pass
        left()
    """

    assert said_by(dedent(LEFT) + dedent(code)).split("\n") == ["True", "True"]


def test_a_stop_that_comes_afterwards_interrupts_nothing() -> None:
    code = """
        heard = []
        signal.signal(signal.SIGTERM, lambda *_: heard.append("heard"))
        with interruptible(60):
            pass
        signal.raise_signal(signal.SIGTERM)
        print(*heard)
    """

    assert said_by(code) == "heard"


def test_the_time_of_one_is_not_the_time_of_the_next() -> None:
    code = """
        with interruptible(0.2):
            pass
        with interruptible(60):
            first, _ = signal.getitimer(signal.ITIMER_REAL)
            print(first > 50)
    """

    assert said_by(code) == "True"


def test_an_interruption_is_heard_by_who_reads_signals_too() -> None:
    code = """
        from resqued.signals import Inbox
        inbox = Inbox()
        try:
            with interruptible(60):
                wait()
        except Stopped:
            print(signal.SIGTERM in inbox.read())
    """
    with waiting(code) as process:
        os.kill(process.pid, signal.SIGTERM)

        assert what_it_says(process) == "True"
