"""The ways in which Resque writes a date, each the one form that every peer parses.

Tried on Ruby's `Time.parse` and `DateTime.parse`, Perl's DateTime::Format and JavaScript's `Date.parse`: an epoch
number kills Ruby workers, a date without zone is read as local time, and `T…Z` in `started` kills Perl's.
"""

from datetime import UTC, datetime
from functools import lru_cache


def started(epoch: float) -> str:
    """For `worker:<id>:started`: `2026-11-23 07:00:00 +0000`."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%S +0000")


def recorded(epoch: float) -> str:
    """For `run_at`, `failed_at` and `retried_at`: `2026/11/23 07:00:00 UTC`."""
    return _recorded(int(epoch))


@lru_cache(maxsize=1)  # jobs come many in a second
def _recorded(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y/%m/%d %H:%M:%S UTC")
