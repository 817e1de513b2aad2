"""All that wakes a worker: signals, the end of its master, and whatever it waits for."""

import select
import signal
from collections.abc import Callable
from time import monotonic

from resqued import signals
from resqued.duty import BEAT_EVERY, Duty
from resqued.escalation import Mood
from resqued.lifeline import Lifeline
from resqued.log import log
from resqued.signals import Inbox, milliseconds
from resqued.worker.pulse import Pulse

LONGEST_SLEEP = BEAT_EVERY  # s: a master takes a worker for stuck that has not shown itself for 120 s
MOST_AT_ONCE = 64  # descriptors that are readable; room is made for so many

READABLE = select.POLLIN  # which epoll calls EPOLLIN
ALONE = 1 << 28  # EPOLLEXCLUSIVE: of those who wait for the same, one is woken

MOODS: dict[int, Mood] = {
    signal.SIGQUIT: Mood.DRAINING,
    signal.SIGTERM: Mood.STOPPING,
    signals.HURRY: Mood.HURRYING,
    signals.KILL: Mood.KILLING,
}
WISHES: dict[int, Callable[[Duty], None]] = {
    signal.SIGUSR1: Duty.stop_job,
    signal.SIGUSR2: Duty.pause,
    signal.SIGCONT: Duty.resume,
}


class Poll:
    """Where there is no epoll (macOS), all are woken who wait for the same."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self.unregister = self._poll.unregister

    def register(self, source: int | Inbox | Lifeline, events: int) -> None:
        self._poll.register(source, events & ~ALONE)

    def poll(self, seconds: float, _most: int) -> list[tuple[int, int]]:
        return self._poll.poll(milliseconds(monotonic() + seconds))


class Ears:
    """`pulse` tells others whenever these ears wake."""

    def __init__(self, duty: Duty, inbox: Inbox, lifeline: Lifeline | None, pulse: Pulse | None = None) -> None:
        self._duty, self._inbox, self._lifeline, self._pulse = duty, inbox, lifeline, pulse
        self._poll = select.epoll() if hasattr(select, "epoll") else Poll()
        self._poll.register(inbox, READABLE)
        if lifeline:
            self._poll.register(lifeline, READABLE)

    def mine(self) -> list[int]:
        """Descriptors that a job has to close."""
        return [] if isinstance(self._poll, Poll) else [self._poll.fileno()]

    def wait(self, until: float | None, *descriptors: int) -> set[int]:
        """Sleep until a signal comes, one of `descriptors` is readable, or it is `until` (monotonic; None: for ever).

        Sometimes for less, for nobody shows himself who sleeps. Returns the descriptors that are readable. What the
        signals wish for is passed on to `duty`. Of the processes that wait for the same descriptor one is woken.
        """
        longest = monotonic() + LONGEST_SLEEP
        until = longest if until is None else min(until, longest)
        for descriptor in descriptors:
            self._poll.register(descriptor, READABLE | ALONE)
        try:
            ready = {descriptor for descriptor, _ in self._poll.poll(max(0.0, until - monotonic()), MOST_AT_ONCE)}
        finally:
            for descriptor in descriptors:
                self._poll.unregister(descriptor)
        if self._pulse:
            self._pulse.beat()
        if self._inbox.fileno() in ready:
            self.hear()
        if self._lifeline and self._lifeline.fileno() in ready:
            self._master_is_gone(self._lifeline)
        return ready

    def hear(self) -> None:
        """Take in what has come without waiting."""
        for number in self._inbox.read():
            if wish := WISHES.get(number):
                log.debug("signal.heard", signal=signals.name(number))
                wish(self._duty)
            elif (mood := self._mood(number)) is not None:
                log.debug("signal.heard", signal=signals.name(number))
                self._duty.shut(mood)

    def _mood(self, number: int) -> Mood | None:
        """A terminal's signals go to the whole group: under a master it is he who decides what they mean."""
        if self._lifeline or number not in (signal.SIGINT, signal.SIGHUP):
            return MOODS.get(number)
        if number == signal.SIGHUP:
            return Mood.STOPPING if self._inbox.is_hung_up() else None
        return Mood.KILLING if self._duty.mood >= Mood.HURRYING else Mood.HURRYING

    def _master_is_gone(self, lifeline: Lifeline) -> None:
        log.warning("master.gone", then="leave, as on TERM")
        self._poll.unregister(lifeline)
        self._lifeline = None
        self._duty.shut(Mood.STOPPING)
