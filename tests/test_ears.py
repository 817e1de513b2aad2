"""All that wakes a worker, and how it shows that it is awake."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Queue
from threading import Thread
from time import monotonic

import psutil
import pytest

from resqued import signals
from resqued.backoff import Backoff
from resqued.duty import BEAT_EVERY, Duty
from resqued.escalation import Mood
from resqued.lifeline import Lifeline
from resqued.scoreboard import Row, Scoreboard, now
from resqued.signals import Inbox
from resqued.store.vigil import Token
from resqued.worker import ears as module
from resqued.worker.ears import Ears
from resqued.worker.pulse import Pulse
from tests.support.hours import sleeps
from tests.support.waiting import eventually


@dataclass
class Worker:
    ears: Ears
    duty: Duty
    row: Row


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    yield inbox
    inbox.close()


def made(inbox: Inbox, lifeline: Lifeline | None) -> Worker:
    duty = Duty(interval=1.0, backoff=Backoff(first=1.0, most=1.0, chance=lambda: 0.5))
    row = Scoreboard(1).row(0)
    return Worker(Ears(duty, inbox, lifeline, Pulse(row)), duty, row)


@pytest.fixture
def standalone(inbox: Inbox) -> Worker:
    return made(inbox, None)


@pytest.fixture
def worker(inbox: Inbox) -> Iterator[Worker]:
    """One with a master."""
    lifeline = Lifeline()
    yield made(inbox, lifeline)
    lifeline.hold()
    os.close(lifeline.fileno())


def heard(worker: Worker, *numbers: int) -> Duty:
    for number in numbers:
        signal.raise_signal(number)
        worker.ears.wait(None)
    return worker.duty


# Signals


@pytest.mark.parametrize(
    ("number", "mood"),
    [
        (signal.SIGQUIT, Mood.DRAINING),
        (signal.SIGTERM, Mood.STOPPING),
        (signals.HURRY, Mood.HURRYING),
        (signals.KILL, Mood.KILLING),
        (signal.SIGINT, Mood.RUNNING),
        (signal.SIGHUP, Mood.RUNNING),
        (signal.SIGTTIN, Mood.RUNNING),
    ],
)
def test_how_firmly_a_signal_ends_a_worker(worker: Worker, number: int, mood: Mood) -> None:
    assert heard(worker, number).mood is mood


def test_a_terminal_ends_a_standalone_worker_and_the_second_time_at_once(standalone: Worker) -> None:
    assert heard(standalone, signal.SIGINT).mood is Mood.HURRYING
    assert heard(standalone, signal.SIGINT).mood is Mood.KILLING


def test_usr1_wants_the_job_stopped_and_nothing_else(worker: Worker) -> None:
    duty = heard(worker, signal.SIGUSR1)

    assert duty.wants_job_stopped
    assert duty.takes_jobs


def test_usr2_pauses_and_cont_resumes(worker: Worker) -> None:
    assert heard(worker, signal.SIGUSR2).paused
    assert not heard(worker, signal.SIGCONT).paused


# Showing itself


def test_whoever_wakes_shows_itself(worker: Worker) -> None:
    before = now()
    worker.ears.wait(0.0)

    assert before <= worker.row.tick <= now()


def test_nobody_sleeps_longer_than_a_heartbeat_whatever_it_waits_for(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert module.LONGEST_SLEEP == BEAT_EVERY == 30.0
    monkeypatch.setattr(module, "LONGEST_SLEEP", 0.02)
    for until in (None, monotonic() + 1000):
        worker.row.tick = 0
        assert worker.ears.wait(until) == set()
        assert worker.row.tick > 0


def test_who_is_to_wake_before_that_wakes_before_that(worker: Worker) -> None:
    began = monotonic()
    worker.ears.wait(began + 0.05)

    assert 0.05 <= monotonic() - began < module.LONGEST_SLEEP


def test_where_there_is_no_epoll_all_is_as_elsewhere(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("select.epoll")
    worker = made(inbox, None)
    reader, writer = os.pipe()
    os.write(writer, b"!")

    assert worker.ears.wait(None, reader) == {reader}
    assert worker.ears.wait(monotonic() + 0.01) == set()
    assert heard(worker, signal.SIGTERM).mood is Mood.STOPPING
    assert worker.ears.mine() == []
    os.close(reader)
    os.close(writer)


def test_a_descriptor_wakes_who_waits_for_it(worker: Worker) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"!")

    assert worker.ears.wait(None, reader) == {reader}
    os.close(reader)
    os.close(writer)


def test_of_several_who_wait_for_one_descriptor_one_is_woken(inbox: Inbox) -> None:
    token, found = Token(), Queue[bool]()
    waiting = [Thread(target=take, args=(made(inbox, None).ears, token, found)) for _ in range(3)]
    token.take()
    for thread in waiting:
        thread.start()
    for _ in waiting:
        eventually(lambda: all(is_asleep(thread) for thread in waiting if thread.is_alive()))
        token.put()
        assert found.get(timeout=5)
    for thread in waiting:
        thread.join()
    token.forget()
    assert found.empty()


def is_asleep(thread: Thread) -> bool:
    try:
        return thread.native_id is not None and sleeps(thread.native_id)
    except OSError:  # it has just ended
        return False


def take(ears: Ears, token: Token, found: "Queue[bool]") -> None:
    ears.wait(None, token.fileno())
    found.put(token.take())


# Memory


def test_the_first_beat_weighs_and_the_next_ones_do_not(worker: Worker) -> None:
    pulse = Pulse(worker.row)
    pulse.beat()
    assert worker.row.rss > 1 << 20
    worker.row.rss = 0
    pulse.beat()

    assert worker.row.rss == 0


def test_a_weight_is_that_of_the_process(worker: Worker) -> None:
    weight = Pulse(worker.row).weigh()

    assert worker.row.rss == weight
    assert abs(weight - psutil.Process().memory_info().rss) < 16 << 20
