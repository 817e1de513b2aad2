"""Moments as people write them, and as they read them: `2h`, `2026-11-23 07:00`, `… CET`."""

import re
from datetime import UTC, datetime, timedelta

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
AGO = re.compile(r"(?:[0-9]{1,9}[smhdw])+")
PART = re.compile(r"([0-9]+)([smhdw])")
EXPECTED = 'expected a time such as 2h, 1d12h, 2026-11-23, "2026-11-23 07:00" (UTC) or 2026-11-23T07:00:00+01:00'

# Written


def moment(text: str) -> datetime:
    """So long ago, or then; in UTC, unless it names another offset. Raises ValueError, which says what is expected."""
    try:
        if AGO.fullmatch(text):
            return datetime.now(UTC) - timedelta(seconds=seconds(text))
        then = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise ValueError(f"{EXPECTED}, got {text!r}") from None
    return then if then.tzinfo else then.replace(tzinfo=UTC)


def duration(text: str) -> float:
    """Seconds in a text such as `90s` or `1d12h`. Raises ValueError, which says what is expected."""
    if not AGO.fullmatch(text):
        raise ValueError(f"expected how long, such as 90s, 2h or 1d12h, got {text!r}")
    return seconds(text)


def seconds(text: str) -> float:
    return sum(int(number) * UNITS[unit] for number, unit in PART.findall(text))


def in_local_zone(text: str) -> datetime | None:
    """A date of Ruby's whose zone is a mere name, if it is the name of the zone here."""
    try:
        return datetime.strptime(text, "%Y/%m/%d %H:%M:%S %Z").astimezone()
    except ValueError:
        return None


# Read


def date(moment: datetime | None) -> str:
    """In UTC, so that those of several hosts can be compared; `-` if it is not known."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if moment else "-"


def ago(moment: datetime | None, now: datetime) -> str:
    """How long something has lasted; `-` if its beginning is not known."""
    return span((now - moment).total_seconds()) if moment else "-"


def iso(moment: datetime | None) -> str | None:
    """For programs: in UTC, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None


def span(seconds: float) -> str:
    """How long, in the largest unit of which there are two: `90s`, `90m`, `30h`, `12d`. Nothing is shorter than 0."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f}{unit}"
    return f"{max(0, seconds):.0f}s"
