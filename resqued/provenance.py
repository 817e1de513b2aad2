"""Where the jobs of this process come from, if it is a worker's: what they enqueue goes there, too."""

from typing import NamedTuple

from resqued.address import Address


class Place(NamedTuple):
    server: Address
    namespace: str


_place: Place | None = None


def place() -> Place | None:
    """None in a process that is no worker's."""
    return _place


def set_place(place: Place) -> None:
    global _place  # noqa: PLW0603  it is a fact about the process
    _place = place
