"""Which queues a worker looks at, in which order: names, `*`, globs and `!skip`; strict, round-robin or random."""

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Literal

Order = Literal["strict", "round-robin", "random"]
GLOB = frozenset("*?[")


def is_pattern(entry: str) -> bool:
    return entry.startswith("!") or not GLOB.isdisjoint(entry)


def expand(entries: Sequence[str], known: Iterable[str]) -> list[str]:
    """The queues that `entries` stand for, in order, each once.

    A plain name stands for itself, whether or not such a queue exists. A glob stands for all `known` queues that match it, sorted
    (resque 3.0.0, worker.rb). `!name` and `!glob` take away from what globs matched, wherever they stand; a plain name stays.
    """
    skipped = [entry[1:] for entry in entries if entry.startswith("!")]
    existing = sorted(name for name in known if not any(fnmatchcase(name, skip) for skip in skipped))
    found: dict[str, None] = {}
    for entry in entries:
        if not is_pattern(entry):
            found[entry] = None
        elif not entry.startswith("!"):
            found.update(dict.fromkeys(name for name in existing if fnmatchcase(name, entry)))
    return list(found)


class QueueSet:
    """A pool's queues as one worker sees them."""

    def __init__(self, entries: Sequence[str], order: Order, shuffle: Callable[[list[str]], None]) -> None:
        self.entries = tuple(entries)
        self.is_fixed = not any(is_pattern(entry) for entry in entries)  # nobody needs to ask Redis which queues exist
        self._order = order
        self._shuffle = shuffle
        self._names = expand(entries, ())

    def know(self, existing: Iterable[str]) -> None:
        """Which queues exist in Redis now."""
        self._names = expand(self.entries, existing)

    def in_order(self) -> list[str]:
        """The queues to ask, the first one first. Not to be changed."""
        if self._order == "random":
            self._names = list(self._names)
            self._shuffle(self._names)
        return self._names

    def served(self, name: str) -> None:
        """A job came from queue `name`: in round-robin order it is the last to be asked next time."""
        if self._order == "round-robin" and name in self._names:
            turn = self._names.index(name) + 1
            self._names = self._names[turn:] + self._names[:turn]
