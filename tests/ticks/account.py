"""What has become of every job, and through whose hands it went: from the commands that Redis carried out."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.ticks.recording import Step

OURS = "ours"
NAMES = {"resqued:scheduler": OURS}
PLACE, QUEUE, FAILED = b"resque:delayed:", b"resque:queue:", b"resque:failed"
SCHEDULE, TICKS = b"resque:delayed_queue_schedule", b"resqued:resque:ticks"
TOKEN = re.compile(rb"(?:job|bad|tick)-\d+|delayed:\d+")


@dataclass(slots=True)
class Hands:
    """What one kind of scheduler has done. What it takes and puts nowhere it has lost; and the other way round."""

    taken: Counter[str] = field(default_factory=Counter)
    put: Counter[str] = field(default_factory=Counter)
    early: list[str] = field(default_factory=list)

    @property
    def lost(self) -> list[str]:
        return list((self.taken - self.put).elements())

    @property
    def doubled(self) -> list[str]:
        return list((self.put - self.taken).elements())


@dataclass(slots=True)
class Account:
    hands: dict[str, Hands] = field(default_factory=lambda: defaultdict(Hands))
    put_aside: int = 0
    left: list[str] = field(default_factory=list)  # nobody took it
    waits: list[float] = field(default_factory=list)  # s that ours were late with a job
    leaders: set[bytes] = field(default_factory=set)  # of ours, who moved anything
    ticks: int = 0
    wrong_ticks: list[str] = field(default_factory=list)


def account_of(steps: Iterable[Step]) -> Account:
    return _Replay().account(steps)


@dataclass(slots=True)
class _Tick:
    """One script of a schedule: it deals with the ticks from `last` to `until`, and enqueues so many jobs."""

    name: str
    last: int | None
    until: int
    jobs: int = 0

    @property
    def is_right(self) -> bool:
        return self.jobs == (0 if self.last is None else self.until - self.last)


class _Replay:
    """Does again what Redis did."""

    def __init__(self) -> None:
        self._account = Account()
        self._places: dict[bytes, list[bytes] | None] = {}  # None: a text, where a list should be
        self._due: dict[str, tuple[float, int]] = {}  # when it was put aside, and until when
        self._last: dict[str, int] = {}
        self._ticks: dict[int, _Tick] = {}

    def account(self, steps: Iterable[Step]) -> Account:
        for step in steps:
            self._obey(step)
        account = self._account
        account.left = [_token(item) for items in self._places.values() for item in items or ()]
        account.left += [_text(place) for place, items in self._places.items() if items is None]
        account.wrong_ticks = [str(tick) for tick in self._ticks.values() if not tick.is_right]
        account.ticks = sum(tick.jobs for tick in self._ticks.values())
        return account

    def _obey(self, step: Step) -> None:
        match step.words:
            case [b"RPUSH", key, *items] if key.startswith(PLACE):
                self._put_aside(step, key, items)
            case [b"RPUSH", key, *items] if key.startswith(QUEUE) or key == FAILED:
                for item in items:
                    self._put(step, _token(item))
            case [b"SET", key, _] if key.startswith(PLACE):
                self._places[key] = None
            case [b"LPOP" | b"LTRIM" | b"DEL", key, *_] if key in self._places:
                self._take(step, key)
            case [b"ZREM", _, epoch] if self._places.get(PLACE + epoch, ()) is None:
                self._places[PLACE + epoch] = []
                self._hands(step).taken[_text(PLACE + epoch)] += 1
            case [b"HSET", key, name, until] if key == TICKS:
                self._tick(step, _text(name), int(until))
            case [b"EVALSHA", _, count, *words] if SCHEDULE in words and len(words) > int(count) + 6:
                self._account.leaders.add(words[int(count)])

    def _hands(self, step: Step) -> Hands:
        return self._account.hands[NAMES.get(step.who, step.who)]

    def _put_aside(self, step: Step, key: bytes, items: Sequence[bytes]) -> None:
        there = self._places.setdefault(key, [])
        assert there is not None
        there += items
        self._account.put_aside += len(items)
        self._due |= {_token(item): (step.at, int(key.removeprefix(PLACE))) for item in items}

    def _take(self, step: Step, key: bytes) -> None:
        there = self._places[key] or []
        count = len(there)
        match step.words:
            case [b"LPOP", _]:
                count = 1
            case [b"LTRIM", _, start, b"-1"]:
                count = int(start)
        self._hands(step).taken.update(map(_token, there[:count]))
        del there[:count]

    def _put(self, step: Step, token: str) -> None:
        if token.startswith("tick-"):
            self._ticks[step.script].jobs += 1
            return
        hands = self._hands(step)
        hands.put[token] += 1
        if token in self._due:
            put_aside, due = self._due[token]
            if step.at < due:
                hands.early.append(token)
            if hands is self._account.hands[OURS]:
                self._account.waits.append(step.at - max(put_aside, due))

    def _tick(self, step: Step, name: str, until: int) -> None:
        self._ticks[step.script] = _Tick(name, self._last.get(name), until)
        self._last[name] = until


def _token(text: bytes) -> str:
    found = TOKEN.search(text)
    assert found, text
    return found[0].decode()


def _text(name: bytes) -> str:
    return name.removeprefix(b"resque:").decode()


def wrongs(account: Account, trouble: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """What must not be, by name."""
    ours = account.hands[OURS]
    yield "lost by ours", ours.lost
    yield "doubled by ours", ours.doubled
    yield "before its time by ours", ours.early
    yield "left behind", account.left
    yield "ticks lost or doubled", account.wrong_ticks
    yield "trouble", trouble
