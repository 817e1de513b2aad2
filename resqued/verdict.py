"""What a job's process tells its worker over a pipe, and what a worker makes of it."""

import json
from dataclasses import dataclass
from enum import StrEnum
from math import inf


class Outcome(StrEnum):
    DONE = "done"
    FAILED = "failed"
    REQUEUED = "requeued"  # back at the head of its queue: only a worker can know
    ASIDE = "aside"  # it did not begin, for there is another one of its kind; it is where it belongs already


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    exception: str = ""  # name of the exception's class, as the failed list shows it
    error: str = ""  # its message
    backtrace: tuple[str, ...] = ()  # outermost frame first, one line an entry
    again: float | None = None  # s until a job that has failed is tried again; None: it is not
    result: str = ""  # JSON, of a job that ended well, if somebody has asked for it

    def encode(self) -> bytes:
        """One JSON array. The end of the pipe is the end of the text."""
        if self.outcome is Outcome.DONE:
            return json.dumps([self.outcome, self.result]).encode() if self.result else ENCODED_DONE
        facts = [self.outcome, self.exception, self.error, self.backtrace]
        return json.dumps(facts if self.again is None else [*facts, self.again]).encode()


DONE = Verdict(Outcome.DONE)
REQUEUED = Verdict(Outcome.REQUEUED)
ASIDE = Verdict(Outcome.ASIDE)
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
        case [Outcome.DONE.value, str(result)]:
            return Verdict(Outcome.DONE, result=result)
        case [Outcome.FAILED.value, str(exception), str(error), [*lines]] if _are_text(lines):
            return Verdict(Outcome.FAILED, exception, error, tuple(lines))
        case [Outcome.FAILED.value, str(exception), str(error), [*lines], int() | float() as again] if (
            _are_text(lines) and 0 <= again < inf
        ):
            return Verdict(Outcome.FAILED, exception, error, tuple(lines), again)
        case _:
            return None


def _are_text(lines: list[object]) -> bool:
    return all(isinstance(line, str) for line in lines)
