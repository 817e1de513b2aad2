"""Where a job goes that is enqueued without a client: where the application says, else where a worker's come from."""

from typing import NamedTuple

from resqued.address import Address


class Place(NamedTuple):
    server: Address
    namespace: str


_stated: Place | None = None
_own: Place | None = None


def place() -> Place | None:
    """None in a process that is no worker's, and whose application has not said."""
    return _stated or _own


def state(place: Place) -> None:
    """The application says."""
    global _stated  # noqa: PLW0603  it is a fact about the process, as is the next
    _stated = place


def serve(place: Place) -> None:
    """This process is a worker's, and its jobs come from here."""
    global _own  # noqa: PLW0603
    _own = place
