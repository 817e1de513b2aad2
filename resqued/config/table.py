"""What a table of the file is."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

Given = Mapping[str, object]  # a table as it stands in the file: nothing in it need be of the right kind
Contradiction = tuple[str, str]  # the key to blame, and why


class Table(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file."""

    @staticmethod
    def contradictions(given: Given) -> Iterator[Contradiction]:  # noqa: ARG004  most tables have none
        """What is wrong with the values of this table although each of them is of its kind."""
        yield from ()

    @staticmethod
    def wanting(given: Given) -> Iterator[str]:  # noqa: ARG004  as above
        """Keys that have a default, and have to be there nevertheless because of what the table says, or does not."""
        yield from ()
