"""How firmly something is brought to its end: ask politely, ask firmly, kill."""

from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum, auto


class Mood(IntEnum):
    """How a master or a worker wants to end. It only ever gets firmer."""

    RUNNING = 0
    DRAINING = 1  # QUIT: when the running jobs have ended, however long they take
    STOPPING = 2  # TERM: the same, but after `grace` seconds jobs are asked to stop
    HURRYING = 3  # INT: jobs are asked at once
    KILLING = 4  # a second INT: jobs are killed at once


class Step(Enum):
    WAIT = auto()
    ASK = auto()
    KILL = auto()


class Reason(StrEnum):
    STOP = auto()  # our own
    OPERATOR = auto()  # somebody wants this job to end
    TIMEOUT = auto()  # the job's own limit
    MEMORY = auto()  # the job's own limit
    UNSEEN = auto()  # nobody has heard of its worker for so long that somebody else may be about to run it


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds."""

    grace: float  # from TERM to asking
    term_timeout: float  # from asking to killing
    again: float = 1.0  # from asking to asking again


class Escalation:
    """One job's way to its end. Times are seconds on the monotonic clock."""

    def __init__(self, patience: Patience, *, times_out_at: float | None = None) -> None:
        self._patience = patience
        self._mood = Mood.RUNNING
        self._ask_at = times_out_at
        self._kill_at: float | None = None
        self.reason = Reason.TIMEOUT if times_out_at is not None else None
        self.asked = False

    def hear(self, mood: Mood, now: float) -> None:
        """A firmer mood brings the end nearer; nothing moves it away. Why a job was asked first remains the reason."""
        if mood <= self._mood:
            return
        self._mood = mood
        match mood:
            case Mood.STOPPING:
                self._ask_by(now + self._patience.grace, Reason.STOP)
            case Mood.HURRYING:
                self._ask_by(now, Reason.STOP)
            case Mood.KILLING:
                self._ask_by(now, Reason.STOP)
                self._kill_at = now

    def unwanted(self, now: float) -> None:
        """An operator wants the job to end; to want it again changes nothing."""
        self._ask_by(now, Reason.OPERATOR)

    def too_large(self, now: float) -> None:
        """The job has passed its memory cap: memory does not wait for a job that cleans up.

        If it is on its way to its end already, that remains the reason.
        """
        if self._kill_at is None:
            self.reason, self._kill_at = Reason.MEMORY, now
        self._kill_at = min(self._kill_at, now)

    def unseen(self, now: float) -> None:
        """The job must be gone at once: somebody else may be about to run it."""
        if self.reason is not Reason.UNSEEN:
            self.reason, self._kill_at = Reason.UNSEEN, now

    def _ask_by(self, at: float, reason: Reason) -> None:
        if not self.asked and (self._ask_at is None or at < self._ask_at):
            self._ask_at, self.reason = at, reason

    def step(self, now: float) -> Step:
        """What is to be done now; whoever asks does it.

        ASK comes again and again, for a job may swallow the first, and so does KILL, for good measure.
        """
        if self._kill_at is not None and now >= self._kill_at:
            self.asked, self._ask_at, self._kill_at = True, None, now + self._patience.again
            return Step.KILL
        if self._ask_at is None or now < self._ask_at:
            return Step.WAIT
        if self._kill_at is None:
            self._kill_at = now + self._patience.term_timeout
        self.asked, self._ask_at = True, now + self._patience.again
        return Step.ASK

    def wakes_at(self) -> float | None:
        """When `step` will have something new to say; None: not by the passing of time."""
        if self._ask_at is None or self._kill_at is None:
            return self._kill_at if self._ask_at is None else self._ask_at
        return min(self._ask_at, self._kill_at)
