"""A walk through a failed list that retries or removes what somebody has chosen.

Nothing is ever removed or marked by its index alone: between two commands anybody may push, and remove. What was read
goes to a script, which finds it again by its text, and does everything with it at once: whoever is killed leaves
nothing half done, and whoever begins again finds only what is still to be done.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

from resqued.errors import NotRetryable
from resqued.protocol.failed import Entry
from resqued.protocol.keys import Keys
from resqued.protocol.moves import Move, move
from resqued.store.failures import FIRST, MOST, Failures, Portion
from resqued.store.replies import raw
from resqued.store.scripts import execute
from resqued.wire import Argument

MOST_WALKS = 20
NODE = 8192  # bytes: Redis keeps a list in nodes of this size, and goes from one to the next
MOST_NODES = 10_000_000  # to be passed on the way to the entries of one portion: some 50 ms, in which nobody is served
FEWEST = 100  # orders of one portion, however far that is: to clear the tombstones away takes as long for few
RETRIED = "it has been retried before"
NO_QUEUE = "the key of its queue holds something that is no list"
DONE, GONE, REFUSED = 1, 0, -1  # what the scripts say


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done with one entry. `mark` takes its place; empty: it leaves the list."""

    entry: Entry
    arguments: Sequence[Argument]
    mark: bytes = b""


class Action(Protocol):
    """What is done with entries: how one is ordered, and which script carries a portion of orders out."""

    @property
    def script(self) -> Move: ...

    def order(self, entry: Entry) -> Order:
        """Raises NotRetryable."""

    def request(self, orders: Sequence[Order]) -> tuple[list[str], list[Argument]]:
        """Further keys and arguments of the script (`remove.lua`, `retry.lua`)."""


class Removal:
    script = move("remove")

    def order(self, entry: Entry) -> Order:
        return Order(entry, (entry.raw,))

    def request(self, orders: Sequence[Order]) -> tuple[list[str], list[Argument]]:
        return [], [argument for order in orders for argument in order.arguments]


class Retrial:
    """`to`: the queue that all jobs go to; empty: each to its own. `mark`: a date; empty: entries leave the list.

    What stands there still although it has been retried is refused, but not `again`.
    """

    script = move("retry")

    def __init__(self, keys: Keys, *, to: str = "", mark: str = "", again: bool = False) -> None:
        self._keys, self._to, self._mark, self._again = keys, to, mark, again

    def order(self, entry: Entry) -> Order:
        if entry.retried_at and not self._again:
            raise NotRetryable(RETRIED)
        queue, payload = entry.job(self._to)
        return Order(entry, (queue, payload), entry.retried(self._mark) if self._mark else b"")

    def request(self, orders: Sequence[Order]) -> tuple[list[str], list[Argument]]:
        names = list(dict.fromkeys(str(order.arguments[0]) for order in orders))
        first = 3  # of KEYS that is a queue
        places = {name: place for place, name in enumerate(names, first)}
        arguments: list[Argument] = []
        for order in orders:
            queue, payload = order.arguments
            arguments += (order.entry.raw, places[str(queue)], queue, payload, order.mark)
        return [self._keys.queues, *map(self._keys.queue, names)], arguments


@dataclass(slots=True)
class _Walk:
    """One way through the list. Before `place` stands only what has been looked at and stays."""

    bound: int  # how many entries to look at: what is pushed after the beginning is left alone
    place: int = 0
    removed: int = 0
    last: bytes = b""  # the text before `place`
    is_calm: bool = True  # nobody else has removed anything before `place`, so that nothing was missed

    def passed(self, left: Sequence[bytes], read: int, *, gone: int) -> None:
        """Of so many entries `left` stand there still, and `gone` had been removed by somebody else."""
        self.place += len(left)
        self.removed += read - len(left) - gone
        self.last = left[-1] if left else self.last
        self.is_calm &= not gone


class Sweep:
    """`seen` of `whole` entries were looked at, `done` so many, `refused` these, by reason.

    Walks again while others remove entries on its way, for what they move may be missed; `is_complete` if in the end it
    was alone. What workers push meanwhile is left alone: a job that fails again is not retried again.
    """

    def __init__(
        self, failures: Failures, name: str, action: Action, chosen: Callable[[Entry], bool], *, at_once: int = MOST
    ) -> None:
        """`at_once`: how many to act on between two yields of `run`."""
        self._failures, self._name, self._action, self._chosen, self._at_once = failures, name, action, chosen, at_once
        self._portion = Portion()
        self.whole = failures.size(name)
        self.seen = self.done = 0
        self.refused = Counter[str]()
        self.is_complete = False

    def run(self) -> Generator[None]:
        bound = self.whole
        for _ in range(MOST_WALKS):
            walk = _Walk(bound)
            self.refused.clear()
            yield from self._along(walk)
            bound -= walk.removed
            if walk.is_calm:
                self.is_complete = True
                return

    def _along(self, walk: _Walk) -> Generator[None]:
        while entries := self._next(walk):
            self._see_to(entries, walk, self._most_orders(walk))
            self.seen = max(self.seen, walk.place + walk.removed)
            yield

    def _next(self, walk: _Walk) -> list[Entry]:
        """The next entries, read with the one before them, by which it is seen whether the place is still the same."""
        useful = max(FIRST, 4 * self._most_orders(walk))
        count = min(self._portion.count, useful, walk.bound - walk.removed - walk.place)
        if count <= 0:
            return []
        known = 1 if walk.place else 0
        found = self._failures.read(self._name, walk.place - known, count + known)
        walk.is_calm &= [entry.raw for entry in found[:known]] == [walk.last] * known
        self._portion.saw(found[known:])
        return found[known:]

    def _most_orders(self, walk: _Walk) -> int:
        """That can be carried out at once. The middle of a long list is far from either end."""
        distance = min(walk.place, max(0, self.whole - self.done - walk.place))
        nodes = distance * min(self._portion.size, NODE) // NODE
        return min(self._at_once, max(FEWEST, MOST_NODES // (nodes + 1)))

    def _see_to(self, entries: list[Entry], walk: _Walk, most: int) -> None:
        orders = self._orders(entries, most)
        if len(orders) == most:
            entries = entries[: max(orders) + 1]  # the rest is read again
        answers = self._carried_out(list(orders.values()), walk.place, len(entries)) if orders else []
        self.done += answers.count(DONE)
        if REFUSED in answers:
            self.refused[NO_QUEUE] += answers.count(REFUSED)
        fates = dict(zip(orders, answers, strict=True))
        left = [_left_by(entry, orders.get(index), fates.get(index)) for index, entry in enumerate(entries)]
        walk.passed([text for text in left if text is not None], len(entries), gone=answers.count(GONE))

    def _orders(self, entries: list[Entry], most: int) -> dict[int, Order]:
        """By index in `entries`; those that cannot be carried out are refused."""
        orders = dict[int, Order]()
        for index, entry in enumerate(entries):
            if len(orders) == most:
                break
            if self._chosen(entry):
                try:
                    orders[index] = self._action.order(entry)
                except NotRetryable as why:
                    self.refused[str(why)] += 1
        return orders

    def _carried_out(self, orders: Sequence[Order], start: int, count: int) -> list[int]:
        return carry_out(self._failures, self._name, self._action, orders, start=start, count=count)


def carry_out(
    failures: Failures, name: str, action: Action, orders: Sequence[Order], *, start: int, count: int
) -> list[int]:
    """Of each order DONE, GONE or REFUSED. Their entries are looked for where `count` were read from `start` on."""
    keys, arguments = action.request(orders)
    tombstone = f"taken out by resqued {secrets.token_hex(16)}"
    every: list[Argument] = [raw(failures.keys.failed_list(name)), *keys]
    reply = execute(failures.wire, action.script, every, [start, count, tombstone, *arguments])
    assert isinstance(reply, list)
    return [answer for answer in reply if isinstance(answer, int)]


def _left_by(entry: Entry, order: Order | None, fate: int | None) -> bytes | None:
    """What stands in the entry's place now; None if the place is gone, too."""
    if order is None or fate == REFUSED:
        return entry.raw
    return (order.mark or None) if fate == DONE else None
