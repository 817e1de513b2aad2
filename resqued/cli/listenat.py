"""The types of arguments that say where to listen."""

from argparse import ArgumentTypeError

from resqued import listener
from resqued.listener import Listener


def anywhere(text: str) -> Listener:
    """Anything that the configuration takes."""
    try:
        return listener.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{error}, got {text!r}") from None


def closed(text: str) -> Listener:
    """Where nobody comes from another machine, as `metrics.listen` of the configuration."""
    place = anywhere(text)
    if problem := place.exposure:
        raise ArgumentTypeError(f"{problem}, not at {text}")
    return place
