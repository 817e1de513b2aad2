"""What is put aside, and what the adversary does: all drawn from a seed, before anything runs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile
from random import Random

QUEUES = ("mail", "reports", "é ü")
WRONG_QUEUE = "wrong"  # there is something else at its key
BURSTS, LARGE = 0.002, 600  # the share of seconds with many jobs; how many these are
FUTURE = 10.0  # jobs a second that are due soon


@dataclass(frozen=True, slots=True)
class Put:
    """A job that is put aside at a moment of the run (s). `due`: s from the second in which the run begins."""

    at: float
    due: int
    item: bytes
    is_in_place: bool = True  # False: a text stands where the list of that second should be


def puts(seed: int, seconds: float, *, hour: int, poison: float) -> list[Put]:
    """Sorted by when they are put there: for `hour` seconds that are over, and for some to come.

    `poison`: the share of the seconds that have something that can go nowhere.
    """
    random = Random(f"{seed} puts")
    return sorted([*_past(random, seconds, hour, poison), *_future(random, seconds)], key=lambda put: put.at)


def _past(random: Random, seconds: float, hour: int, poison: float) -> Iterator[Put]:
    number = 0
    for second in range(hour):
        at, due = second * seconds / hour, second - hour
        for _ in range(LARGE if random.random() < BURSTS else random.randint(1, 3)):
            number += 1
            yield Put(at, due, _job(random, f"job-{number}"))
        if random.random() < poison:
            yield Put(at, due, random.choice(_bad(f"bad-{second}")))
        if random.random() < poison / 10:
            yield Put(at, due - hour, b"", is_in_place=False)


def _future(random: Random, seconds: float) -> Iterator[Put]:
    for number in range(int(FUTURE * seconds)):
        at = random.uniform(0, seconds)
        yield Put(at, int(at) + random.randint(1, 3), _job(random, f"job-{10**6 + number}"))


def _job(random: Random, token: str) -> bytes:
    """As Ruby writes it, or node."""
    queue, args = random.choice(QUEUES), [token, "é😀", {"k": []}]
    document = {"class": "Job", "args": args, "queue": queue}
    if random.random() < 0.3:
        document = {"class": "Job", "queue": queue, "args": args}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _bad(token: str) -> list[bytes]:
    return [
        f"{token} is no JSON".encode(),
        f'["{token}"]'.encode(),
        f'{{"class":"Job","args":["{token}"]}}'.encode(),
        f'{{"class":"Job","args":["{token}"],"queue":"{WRONG_QUEUE}"}}'.encode(),
        f'{{"class":"{token}'.encode() + b'\xff","args":[],"queue":"mail"}',
    ]


def schedules() -> dict[str, str]:
    """As Ruby keeps them in Redis, by name: whoever leads enqueues their jobs."""
    schedule = {"every": "1s", "class": "Tick", "queue": "ticks"}
    return {f"kept-{number}": json.dumps(schedule | {"args": [f"tick-{1000 + number}"]}) for number in range(10)}


class Whom(StrEnum):
    LEADER = "leader"  # who holds the lock of one kind or the other
    ONE = "scheduler"
    MASTER = "master"


class What(StrEnum):
    KILL = "kill"
    STOP = "stop"  # SIGSTOP, and SIGCONT when it is over
    TERM = "term"
    HUP = "hup"
    DISCONNECT = "disconnect"  # by Redis


@dataclass(frozen=True, slots=True)
class Act:
    at: float
    what: What
    whom: Whom
    which: float  # 0 ≤ which < 1: the place in the line of those that there are
    lasts: float

    def __str__(self) -> str:
        how_long = f" for {self.lasts:.2f} s" if self.lasts else ""
        return f"{self.at:7.2f}  {self.what} {self.whom} at {self.which:.2f}{how_long}"


MENU: tuple[tuple[int, What, Whom, float, float], ...] = (  # weight, act, victim, the least and the most seconds
    (25, What.KILL, Whom.LEADER, 0, 0),
    (8, What.KILL, Whom.ONE, 0, 0),
    (25, What.STOP, Whom.LEADER, 0.05, 4),
    (8, What.STOP, Whom.ONE, 0.05, 4),
    (4, What.TERM, Whom.LEADER, 0, 0),
    (4, What.KILL, Whom.MASTER, 0, 0),
    (3, What.TERM, Whom.MASTER, 0, 0),
    (3, What.HUP, Whom.MASTER, 0, 0),
    (12, What.DISCONNECT, Whom.LEADER, 0, 0),
)


def acts(seed: int, seconds: float, *, pause: float) -> list[Act]:
    """All acts of the first so many seconds, one in `pause` seconds on average."""
    return list(takewhile(lambda act: act.at < seconds, _acts(Random(f"{seed} acts"), pause)))


def _acts(random: Random, pause: float) -> Iterator[Act]:
    weights, at = [line[0] for line in MENU], 0.0
    while True:
        at += random.expovariate(1 / pause)
        _, what, whom, least, most = random.choices(MENU, weights)[0]
        yield Act(round(at, 3), what, whom, random.randrange(1000) / 1000, round(random.uniform(least, most), 3))
