"""What a settlement has to do for those who ask to know how a job ended."""

from resqued.errors import InvalidPayload
from resqued.protocol import payloads, ties
from resqued.protocol.keys import Keys
from resqued.verdict import Outcome, Verdict
from resqued.work import Work

MARK = b'"resqued"'  # without it in its payload nobody asks, and that is not read again
LONGEST_ERROR = 4096  # characters that a result keeps; the failed list has all of it


def end_of(work: Work, verdict: Verdict, keys: Keys) -> str:
    """For `ending.lua`; empty if nobody asks. A job that is struck off, whatever its verdict, may be a failed one."""
    if MARK not in work.payload:
        return ""
    try:
        tied = ties.of(payloads.decode(work.payload).document)
    except InvalidPayload:
        return ""
    if tied is None:
        return ""
    done = verdict.result or ties.done()
    exception = verdict.exception if verdict.outcome is Outcome.FAILED else "JobError"
    return tied.end(keys, done=done, failed=ties.failed(exception, verdict.error[:LONGEST_ERROR]))
