"""How many jobs may be taken from a queue in a time: `"100/minute"`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from resqued.queues import matches

RATE = re.compile(r"([1-9][0-9]{0,3}|10000)/(second|minute|hour|day)")
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `most` in any `seconds`."""

    most: int
    seconds: int


def rate(text: str) -> Rate:
    """What `text` means. Raises ValueError."""
    if found := RATE.fullmatch(text):
        return Rate(int(found[1]), SECONDS[found[2]])
    raise ValueError(f'not a rate such as "100/minute": {text!r}')


class Rates:
    """By queues' names and globs, of which the first that matches counts. Each queue has its rate for itself."""

    def __init__(self, stated: Mapping[str, str] = MappingProxyType({})) -> None:
        self._stated = {glob: rate(text) for glob, text in stated.items()}
        self._found: dict[str, Rate | None] = {}

    def among(self, queues: Sequence[str]) -> dict[str, Rate]:
        """Those of `queues` that have one."""
        if not self._stated:
            return {}
        return {queue: found for queue in queues if (found := self._of(queue))}

    def _of(self, queue: str) -> Rate | None:
        if queue not in self._found:
            self._found[queue] = next((one for glob, one in self._stated.items() if matches(glob, queue)), None)
        return self._found[queue]
