"""Which queues a worker looks at, in which order: names, `*`, globs and `!skip`; strict, round-robin or random.

A glob means what it means to a Ruby worker (resque 3.0.0, worker.rb; File.fnmatch of Ruby 3.1), so that both look at
the same queues: `*`, `?`, `[a-c]`, `[!a]` or `[^a]`, and a backslash before what is to be taken literally, as braces
are without one. A glob that does not begin with a dot matches no name that does: `*` leaves `.hidden` alone.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Literal

Order = Literal["strict", "round-robin", "random"]
WILDCARDS = frozenset("*?[")


def is_glob(entry: str) -> bool:
    return not WILDCARDS.isdisjoint(entry)


def expand(entries: Sequence[str], known: Iterable[str]) -> list[str]:
    """The queues that `entries` stand for, in order, each once.

    A plain name stands for itself, whether or not such a queue exists; a glob for all `known` queues that match it,
    sorted. `!name` and `!glob` take away from both, wherever they stand.
    """
    existing = sorted(known)
    wanted = chain.from_iterable(_meant(entry, existing) for entry in entries if not entry.startswith("!"))
    skipped = [entry[1:] for entry in entries if entry.startswith("!")]
    return [name for name in dict.fromkeys(wanted) if not any(matches(skip, name) for skip in skipped)]


def _meant(entry: str, existing: Sequence[str]) -> Sequence[str]:
    return [name for name in existing if matches(entry, name)] if is_glob(entry) else [entry]


def matches(glob: str, name: str) -> bool:
    return _compiled(glob).fullmatch(name) is not None


# A glob as a regular expression, piece by piece.

NOTHING = "(?!)"  # matches nowhere
MEMBER = r"(?:\\.|[^\\\]])"
PIECE = re.compile(
    rf"""  (?P<star> \*+ )
        |  (?P<any> \? )
        |  \[ (?P<but> [!^]? ) (?P<set> (?: {MEMBER} (?: -{MEMBER} )? )*+ ) \]
        |  (?P<unclosed> \[ )
        |  \\?+ (?P<plain> . )
        |  \\  # the last character: it stands for nothing
    """,
    re.DOTALL | re.VERBOSE,
)
RANGE = re.compile(r"\\?(.)(?:-\\?(.))?", re.DOTALL)


@cache
def _compiled(glob: str) -> re.Pattern[str]:
    """Between two stars the first match is as good as any: atomic groups spare the search for others."""
    first, *rest = _between_stars(glob)
    atoms = "".join(f"(?>.*?{pieces})" for pieces in rest[:-1])
    last = f".*{rest[-1]}" if rest else ""
    hidden = "" if glob.startswith((".", r"\.")) else r"(?!\.)"
    return re.compile(hidden + first + atoms + last, re.DOTALL)


def _between_stars(glob: str) -> list[str]:
    runs = [""]
    for piece in PIECE.finditer(glob):
        if piece.lastgroup == "star":
            runs.append("")
        else:
            runs[-1] += _translated(piece)
    return runs


def _translated(piece: re.Match[str]) -> str:
    match piece.lastgroup:
        case "any":
            return "."
        case "plain":
            return re.escape(piece["plain"])
        case "set":
            return _set(piece["but"], piece["set"])
        case "unclosed":
            return NOTHING
        case _:
            return ""


def _set(but: str, members: str) -> str:
    ranges = "".join(_range(low, high or low) for low, high in RANGE.findall(members))
    if but:
        return f"[^{ranges}]" if ranges else "."
    return f"[{ranges}]" if ranges else NOTHING


def _range(low: str, high: str) -> str:
    """Of a range from high to low Ruby takes the two ends."""
    between = "-" if low <= high else ""
    return f"{re.escape(low)}{between}{re.escape(high)}"


class QueueSet:
    """A pool's queues as one worker sees them."""

    def __init__(self, entries: Sequence[str], order: Order, shuffle: Callable[[list[str]], None]) -> None:
        self.entries = tuple(entries)
        self.is_fixed = not any(is_glob(entry) for entry in entries if not entry.startswith("!"))
        self._order = order
        self._shuffle = shuffle
        self._names = expand(entries, ())
        self._served: str | None = None
        self._held: frozenset[str] = frozenset()

    def know(self, existing: Iterable[str]) -> None:
        """Which queues exist in Redis now. Of no interest to a set that `is_fixed`."""
        self._names = expand(self.entries, existing)
        self._take_turns()

    def in_order(self) -> list[str]:
        """The queues to ask, the first one first. Not to be changed."""
        if self._order == "random":
            self._names = list(self._names)
            self._shuffle(self._names)
        return self._names

    def hold(self, names: Iterable[str]) -> None:
        """These have jobs, but nobody may take them now."""
        self._held = frozenset(names)

    def to_wait_on(self) -> Sequence[str]:
        """Those of the queues in order on which a job is something to wake for. Not to be changed."""
        names = self.in_order()
        return [name for name in names if name not in self._held] if self._held else names

    def served(self, name: str) -> None:
        """A job came from queue `name`: in round-robin order it is the last to be asked next time."""
        self._served = name
        self._take_turns()

    def _take_turns(self) -> None:
        if self._order == "round-robin" and self._served in self._names:
            turn = self._names.index(self._served) + 1
            self._names = self._names[turn:] + self._names[:turn]
