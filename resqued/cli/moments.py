"""Moments as an operator writes them, and as the machines of one place do: `2h`, `2026-11-23 07:00`, `… CET`."""

import re
from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
AGO = re.compile(r"(?:[0-9]{1,9}[smhdw])+")
PART = re.compile(r"([0-9]+)([smhdw])")
EXPECTED = 'expected a time such as 2h, 1d12h, 2026-11-23, "2026-11-23 07:00" (UTC) or 2026-11-23T07:00:00+01:00'


def moment(text: str) -> datetime:
    """So long ago, or then; in UTC, unless it names another offset. Raises ArgumentTypeError."""
    try:
        if AGO.fullmatch(text):
            return datetime.now(UTC) - timedelta(seconds=seconds(text))
        then = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise ArgumentTypeError(f"{EXPECTED}, got {text!r}") from None
    return then if then.tzinfo else then.replace(tzinfo=UTC)


def duration(text: str) -> float:
    """Seconds in a text such as `90s` or `1d12h`. Raises ArgumentTypeError."""
    if not AGO.fullmatch(text):
        raise ArgumentTypeError(f"expected how long, such as 90s, 2h or 1d12h, got {text!r}")
    return seconds(text)


def seconds(text: str) -> float:
    return sum(int(number) * UNITS[unit] for number, unit in PART.findall(text))


def in_local_zone(text: str) -> datetime | None:
    """A date of Ruby's whose zone is a mere name, if it is the name of the zone here."""
    try:
        return datetime.strptime(text, "%Y/%m/%d %H:%M:%S %Z").astimezone()
    except ValueError:
        return None
