"""All that wakes a worker: signals, the end of its master, and whatever it waits for."""

import select
import signal

from resqued import signals
from resqued.duty import Duty
from resqued.escalation import Mood
from resqued.lifeline import Lifeline
from resqued.log import log
from resqued.signals import Inbox, milliseconds

UNDER_A_MASTER: dict[int, Mood] = {
    signal.SIGQUIT: Mood.DRAINING,
    signal.SIGTERM: Mood.STOPPING,
    signals.HURRY: Mood.HURRYING,
    signals.KILL: Mood.KILLING,
}


class Ears:
    def __init__(self, duty: Duty, inbox: Inbox, lifeline: Lifeline | None) -> None:
        self._duty, self._inbox, self._lifeline = duty, inbox, lifeline
        self._poll = select.poll()
        self._poll.register(inbox, select.POLLIN)
        if lifeline:
            self._poll.register(lifeline, select.POLLIN)

    def wait(self, until: float | None, *descriptors: int) -> set[int]:
        """Sleep until a signal comes, one of `descriptors` is readable, or it is `until` (monotonic; None: for ever).

        Returns the descriptors that are readable. A wish to stop is passed on to `duty`.
        """
        for descriptor in descriptors:
            self._poll.register(descriptor, select.POLLIN)
        try:
            ready = {descriptor for descriptor, _ in self._poll.poll(milliseconds(until))}
        finally:
            for descriptor in descriptors:
                self._poll.unregister(descriptor)
        if self._inbox.fileno() in ready:
            self.hear()
        if self._lifeline and self._lifeline.fileno() in ready:
            self._master_is_gone(self._lifeline)
        return ready

    def hear(self) -> None:
        """Take in what has come without waiting."""
        for number in self._inbox.read():
            if (mood := self._meaning(number)) is not None:
                log.debug("signal.heard", signal=signals.name(number))
                self._duty.shut(mood)

    def _meaning(self, number: int) -> Mood | None:
        if number != signal.SIGINT:
            return UNDER_A_MASTER.get(number)
        if self._lifeline:  # a terminal sends it to the whole group; the master decides what it means
            return None
        return Mood.KILLING if self._duty.mood >= Mood.HURRYING else Mood.HURRYING

    def _master_is_gone(self, lifeline: Lifeline) -> None:
        log.warning("master.gone", then="finish the job and leave")
        self._poll.unregister(lifeline)
        self._lifeline = None
        self._duty.shut(Mood.STOPPING)
