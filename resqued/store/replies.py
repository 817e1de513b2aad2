"""What replies are: names as text that can be turned back, numbers, texts. Nothing that others wrote is trusted."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from resqued.wire import Command, Reply, Wire

T = TypeVar("T")

AT_ONCE = 500  # commands in one pipeline: others are served in between


def name_of(raw_name: bytes) -> str:
    """Of a queue or worker. What is not UTF-8 in it is kept as `os.listdir` does, for `raw`."""
    return raw_name.decode(errors="surrogateescape")


def raw(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def integer(reply: Reply) -> int:
    assert isinstance(reply, int)
    return reply


def count(reply: Reply) -> int:
    """A counter; 0 if it is absent, or holds something that no peer could count on either."""
    try:
        return int(reply) if isinstance(reply, bytes) else 0
    except ValueError:
        return 0


def texts(reply: Reply) -> list[bytes]:
    assert isinstance(reply, list)
    return [item for item in reply if isinstance(item, bytes)]


def values(reply: Reply) -> list[bytes | None]:
    assert isinstance(reply, list)
    return [item if isinstance(item, bytes) else None for item in reply]


def portions(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while portion := list(islice(rest, size)):
        yield portion


def pipelined(wire: Wire, commands: Iterable[Command]) -> list[Reply]:
    """The replies to any number of commands."""
    return [reply for portion in portions(commands, AT_ONCE) for reply in wire.pipeline(portion)]
