"""Single entries of a failed list, found again near where somebody has seen them, and retried or removed."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from resqued.errors import NotRetryable
from resqued.protocol.failed import Entry
from resqued.store.failures import Failures
from resqued.store.sweep import DONE, GONE, NO_QUEUE, REFUSED, Action, carry_out

AS_FAR = 2000  # entries that are looked at on either side of where one is expected
TRIES = 5  # at an entry that others push to and fro


class Pick(NamedTuple):
    """An entry by its id, whole or its beginning, and the index at which it was seen."""

    at: int
    id: str


@dataclass(slots=True)
class Outcome:
    done: int = 0
    gone: int = 0  # somebody else was faster
    refused: Counter[str] = field(default_factory=Counter)  # by reason


class Picking:
    """In one failed list. Raises as `Failures` does."""

    def __init__(self, failures: Failures, name: str) -> None:
        self._failures, self._name = failures, name

    def find(self, pick: Pick) -> tuple[int, Entry] | None:
        """Where it stands now. None: not there, nor near: whoever removes older entries moves it towards the head."""
        near = islice(self._around(pick.at), AS_FAR)
        return next(((at, entry) for at, entry in near if entry.whole_id.startswith(pick.id)), None)

    def _around(self, at: int) -> Iterator[tuple[int, Entry]]:
        yield from ((at, entry) for entry in self._failures.read(self._name, at, 1))
        yield from self._failures.backwards(self._name, at)

    def act(self, action: Action, picks: Iterable[Pick]) -> Outcome:
        """The newest first: so none of the others changes its place."""
        outcome = Outcome()
        for pick in sorted(set(picks), reverse=True):
            try:
                fate = self._act(action, pick)
            except NotRetryable as why:
                outcome.refused[str(why)] += 1
                continue
            outcome.done += fate == DONE
            outcome.gone += fate == GONE
            if fate == REFUSED:
                outcome.refused[NO_QUEUE] += 1
        return outcome

    def _act(self, action: Action, pick: Pick) -> int:
        for _ in range(TRIES):
            if (found := self.find(pick)) is None:
                return GONE
            at, entry = found
            (fate,) = carry_out(self._failures, self._name, action, [action.order(entry)], start=at, count=1)
            if fate != GONE:
                return fate
        return GONE
