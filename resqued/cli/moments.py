"""Moments as options of a command: what is wrong with one is said as argparse wants it."""

from argparse import ArgumentTypeError
from datetime import datetime

from resqued.telling import times


def moment(text: str) -> datetime:
    """See `times.moment`. Raises ArgumentTypeError."""
    try:
        return times.moment(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def duration(text: str) -> float:
    """See `times.duration`. Raises ArgumentTypeError."""
    try:
        return times.duration(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
