"""What a job's process tells its worker over a pipe, and what a worker makes of it."""

import json
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    DONE = "done"
    FAILED = "failed"
    REQUEUED = "requeued"  # back at the head of its queue: only a worker can know


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    exception: str = ""  # name of the exception's class, as the failed list shows it
    error: str = ""  # its message
    backtrace: tuple[str, ...] = ()  # outermost frame first, one line an entry

    def encode(self) -> bytes:
        """One JSON array. The end of the pipe is the end of the text."""
        if self.outcome is Outcome.DONE:
            return ENCODED_DONE
        return json.dumps([self.outcome, self.exception, self.error, self.backtrace]).encode()


DONE = Verdict(Outcome.DONE)
REQUEUED = Verdict(Outcome.REQUEUED)
ENCODED_DONE = b'["done"]'


def decode(raw: bytes) -> Verdict | None:
    """What `raw` says, DONE or FAILED; None if that is nothing.

    The process may have died while it wrote, or its job may have written into the pipe.
    """
    if raw == ENCODED_DONE:
        return DONE
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    match said:
        case [Outcome.FAILED.value, str(exception), str(error), [*lines]] if all(
            isinstance(line, str) for line in lines
        ):
            return Verdict(Outcome.FAILED, exception, error, tuple(lines))
        case _:
            return None
