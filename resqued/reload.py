"""What becomes of a wish to reload. Times are seconds on the monotonic clock.

A wish (HUP) leads to a check in a process of its own; if that says yes, to becoming the new version of oneself, and
there to the last word. Wishes that come during a check lead to one more check after it: what was changed on disk before
a wish has been seen by the check that answers it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class State(StrEnum):
    CHECKING = "checking"
    STARTING = "starting"  # the new version has been started, and imports the application
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Record:
    """How far the last reload has come."""

    number: int
    asked_at: float
    began_at: float  # its check; what was on disk then is what it is about
    state: State
    at: float  # since when
    reason: tuple[str, ...] = ()
    refusals: int = 0  # of all reloads until now

    @property
    def acceptances(self) -> int:
        is_on_its_way = self.state in (State.CHECKING, State.STARTING)
        return self.number - self.refusals - is_on_its_way


class Step(StrEnum):
    CHECK = "check"
    STOP_CHECK = "stop check"  # it takes too long
    BECOME = "become"


class Reload:
    """`patience`: seconds that a check may take. `last`, `asked_at`: as the image before this one left them."""

    def __init__(self, patience: float, last: Record | None = None, asked_at: float | None = None) -> None:
        self._patience = patience
        self.last, self.asked_at = last, asked_at
        self.check: int | None = None  # pid
        self._approved = False
        self._given_up = False

    # facts

    def ask(self, now: float) -> None:
        self.asked_at = now if self.asked_at is None else self.asked_at

    def began(self, pid: int, now: float) -> None:
        asked_at, self.asked_at = self.asked_at, None
        self.check, self._given_up = pid, False
        number, refusals = (self.last.number, self.last.refusals) if self.last else (0, 0)
        self.last = Record(number + 1, asked_at or now, now, State.CHECKING, now, refusals=refusals)

    def checked(self, reason: Sequence[str], now: float) -> None:
        """The check has ended, with the reasons against a reload. Nobody cares any more if it was cancelled."""
        self.check = None
        if self.last is None or self.last.state is not State.CHECKING:
            return
        if self._given_up:
            reason = [f"the check did not end within {self._patience:g} s", *reason]
        self._approved = not reason
        self._come_to(State.REFUSED if reason else State.STARTING, now, reason)

    def refused(self, reason: Sequence[str], now: float) -> None:
        """It came to nothing: the check could not be started, or the new version."""
        self.check, self._approved = None, False
        self._come_to(State.REFUSED, now, reason)

    def accept(self, now: float) -> bool:
        """The new version works. Whether it has not been refused before."""
        if self.last is None or self.last.state is not State.STARTING:
            return False
        self._come_to(State.ACCEPTED, now)
        return True

    def cancel(self, reason: str, now: float) -> None:
        """There is something more important: a stop."""
        self.asked_at, self._approved = None, False
        self._given_up = True  # nobody waits for its check any more
        if self.last and self.last.state in (State.CHECKING, State.STARTING):
            self._come_to(State.REFUSED, now, [reason])

    def _come_to(self, state: State, now: float, reason: Sequence[str] = ()) -> None:
        if self.last:
            refusals = self.last.refusals + (state is State.REFUSED and self.last.state is not State.REFUSED)
            self.last = replace(self.last, state=state, at=now, reason=tuple(reason), refusals=refusals)

    # questions

    def step(self, now: float) -> Step | None:
        """What is to be done now. Whoever asks does it."""
        if self._approved:
            return Step.BECOME
        if self.check is None:
            return None if self.asked_at is None else Step.CHECK
        if not self._given_up and now >= self._gives_up_at():
            self._given_up = True
            return Step.STOP_CHECK
        return None

    def _gives_up_at(self) -> float:
        assert self.last is not None
        return self.last.began_at + self._patience

    def wakes_at(self) -> float | None:
        return None if self.check is None or self._given_up else self._gives_up_at()
