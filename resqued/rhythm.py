"""When a job that comes again and again is due. Times are whole seconds since 1970.

A tick is a moment, not a passing of time: every host works out the same ones, whenever it asks, and whatever has
happened before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from itertools import takewhile
from typing import Protocol

LATE = 60  # s: by so much a tick may come late, as when a scheduler dies; later, it is missed
BACK = 3600  # s: by more than this no clock is set back but one that was wrong

WORDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@noon": "0 12 * * *",
    "@hourly": "0 * * * *",
}


class Rhythm(Protocol):
    def after(self, epoch: int) -> int | None:
        """The first tick that is later; None: there is none in our lifetime."""


@dataclass(frozen=True, slots=True)
class Every:
    """So many seconds, counted from 1970, and not from when somebody began to count: no start or stop shifts it."""

    seconds: int

    def after(self, epoch: int) -> int:
        return (epoch // self.seconds + 1) * self.seconds


@dataclass(frozen=True, slots=True)
class Cron:
    """A line of a crontab, perhaps with a field for seconds before it, and the time zone that it is meant in.

    Where clocks are set forward, what would fall into the gap comes at its end; where they are set back, a fixed time
    comes once, the first time, and what is said by the hour or the minute goes on coming (as Debian's cron has it).
    """

    line: str
    zone: tzinfo

    def after(self, epoch: int) -> int | None:
        moments = map(_epoch, _moments(self.line, datetime.fromtimestamp(epoch, self.zone)))
        return next((moment for moment in moments if moment > epoch), None)  # the same hour may come twice


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())


def _moments(line: str, after: datetime) -> Iterator[datetime]:
    from cronsim import CronSim  # noqa: PLC0415  the daemon forks: only a scheduler has it

    return CronSim(line, after)


def cron(line: str, zone: str) -> Cron:
    """Raises ValueError: what is wrong with either, as the rest of a sentence."""
    from cronsim import CronSimError  # noqa: PLC0415

    plain = WORDS.get(line.strip().lower(), line)
    where = zone_of(zone)
    try:
        rhythm = Cron(plain, where)
        never = rhythm.after(0) is None
    except (CronSimError, ValueError, OverflowError) as error:
        raise ValueError(f"is no line of a crontab: {str(error)[:1].lower()}{str(error)[1:]}") from None
    if never:
        raise ValueError("is a time that never comes")
    return rhythm


def zone_of(name: str) -> tzinfo:
    """Raises ValueError if this machine knows no such time zone."""
    if name.upper() in ("UTC", "Z"):
        return UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        known = 'such as "UTC" or "Europe/Paris"'
        raise ValueError(f'"{name[:60]}" is no time zone that this machine knows, {known}') from None


class Missed(StrEnum):
    """What becomes of ticks for which nobody was there."""

    SKIP = "skip"
    ONCE = "once"  # all of them together are made up for by one


@dataclass(frozen=True, slots=True)
class Beat:
    """What is to be done now: so many `ticks`, and it is done until `until`. `missed`: since when there were others."""

    ticks: int
    until: int
    missed: int | None = None


def beat(rhythm: Rhythm, until: int, now: int, missed: Missed) -> Beat | None:
    """What has come due since `until`, the last tick that somebody has dealt with; None: nothing.

    A tick that is at most a minute late comes, each by itself. After a longer time without anybody only the last one
    can come, if it is not late, or in the place of all that were missed.
    """
    if until > now + BACK:
        return Beat(0, now)  # the clock that was believed then was wrong, and would be for a long time
    first = rhythm.after(until)
    if first is None or first > now:
        return None
    if first >= now - LATE:
        ticks = list(_between(rhythm, until, now))
        return Beat(len(ticks), ticks[-1])
    punctual = list(_between(rhythm, now - LATE - 1, now))
    if punctual:
        return Beat(1, punctual[-1], missed=first)
    return Beat(1 if missed is Missed.ONCE else 0, now, missed=first)


def _between(rhythm: Rhythm, after: int, now: int) -> Iterator[int]:
    return takewhile(lambda tick: tick <= now, _from(rhythm, after))


def _from(rhythm: Rhythm, epoch: int) -> Iterator[int]:
    tick = rhythm.after(epoch)
    while tick is not None:
        yield tick
        tick = rhythm.after(tick)
