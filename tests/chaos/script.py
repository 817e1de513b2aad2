"""What the adversary does, and what there is to do: all drawn from a seed, before anything runs.

The same seed gives the same script; a longer run begins like a shorter one. Which process an act meets depends on who
is there at that moment: `which`, a share, is the place in the line of those of its kind.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import count, takewhile
from random import Random

from resqued.protocol import ties
from resqued.protocol.ties import Ties
from resqued.unique import Identity, Scope, UniquePolicy

QUEUES = ("high", "low", "other")
KEPT = "kept"  # the queue of jobs that only workers may take that know their classes
BATCH = "b" * 32  # of which these are
GROUPS = 3  # of which no two jobs may run at once


class Whom(StrEnum):
    JOB = "job"
    WORKER = "worker"
    MASTER = "master"
    PRUNER = "pruner"
    SCHEDULER = "scheduler"
    REDIS = "Redis"
    NET = "network"


class What(StrEnum):
    """Acts on processes first, then those on Redis, then those on the network between."""

    KILL = "kill"
    STOP = "stop"  # SIGSTOP, and SIGCONT when it is over
    TERM = "term"
    INT = "int"
    QUIT = "quit"
    HUP = "hup"
    FLUSH = "forget the scripts of"
    DISCONNECT = "kick all clients out of"
    RESET = "reset"
    STALL = "stall"  # nothing passes, in either direction; it arrives when the stall is over
    DELAY = "delay a part of"  # the same for some connections only
    BEREAVE = (
        "bereave"  # the same, and a worker behind it is killed: what it had sent arrives when its slate is settled
    )
    CUT = "cut"  # connections break, and are refused until it is over
    LOSE = "lose answers in"  # commands are executed, and their connections break in place of the answers
    SILENCE = "swallow an answer in"  # the command is executed; neither answer nor end comes


@dataclass(frozen=True, slots=True)
class Act:
    at: float  # s from the beginning
    what: What
    whom: Whom
    which: float  # 0 ≤ which < 1
    lasts: float  # s; 0: it is over at once

    def __str__(self) -> str:
        where = f" at {self.which:.2f}" if self.whom in PROCESSES else ""
        how_long = f" for {self.lasts:.2f} s" if self.lasts else ""
        return f"{self.at:7.2f}  {self.what} {self.whom}{where}{how_long}"


PROCESSES = (Whom.JOB, Whom.WORKER, Whom.MASTER, Whom.PRUNER, Whom.SCHEDULER)

# weight, act, victim, the least and the most seconds that it lasts
MENU: tuple[tuple[int, What, Whom, float, float], ...] = (
    (20, What.KILL, Whom.WORKER, 0, 0),
    (12, What.KILL, Whom.JOB, 0, 0),
    (5, What.KILL, Whom.MASTER, 0, 0),
    (4, What.KILL, Whom.PRUNER, 0, 0),
    (4, What.KILL, Whom.SCHEDULER, 0, 0),
    (8, What.STOP, Whom.WORKER, 0.05, 1.5),
    (6, What.STOP, Whom.JOB, 0.05, 1.5),
    (3, What.STOP, Whom.MASTER, 0.05, 1.5),
    (2, What.STOP, Whom.PRUNER, 0.05, 1.5),
    (3, What.STOP, Whom.SCHEDULER, 0.05, 1.5),
    (5, What.TERM, Whom.WORKER, 0, 0),
    (3, What.TERM, Whom.JOB, 0, 0),
    (4, What.TERM, Whom.MASTER, 0, 0),
    (1, What.TERM, Whom.SCHEDULER, 0, 0),
    (1, What.INT, Whom.MASTER, 0, 0),
    (1, What.QUIT, Whom.WORKER, 0, 0),
    (1, What.QUIT, Whom.MASTER, 0, 0),
    (1, What.HUP, Whom.JOB, 0, 0),
    (1, What.HUP, Whom.WORKER, 0, 0),
    (2, What.HUP, Whom.MASTER, 0, 0),
    (2, What.TERM, Whom.REDIS, 0.05, 1.0),
    (3, What.KILL, Whom.REDIS, 0.05, 1.0),
    (1, What.FLUSH, Whom.REDIS, 0, 0),
    (2, What.DISCONNECT, Whom.REDIS, 0, 0),
    (5, What.RESET, Whom.NET, 0, 0),
    (3, What.STALL, Whom.NET, 0.05, 1.5),
    (5, What.DELAY, Whom.NET, 0.05, 1.5),
    (4, What.BEREAVE, Whom.NET, 0.1, 0.8),
    (2, What.CUT, Whom.NET, 0.05, 1.0),
    (10, What.LOSE, Whom.NET, 0, 0),
    (2, What.SILENCE, Whom.NET, 0, 0),
)
LONG = 0.08  # share of the lasting acts that last
TIMES = 5  # times longer, and so beyond the patience of a connection


def acts(seed: int, seconds: float, *, pause: float) -> list[Act]:
    """All acts of the first so many seconds, one in `pause` seconds on average."""
    return list(takewhile(lambda act: act.at < seconds, _acts(Random(seed), pause)))


def _acts(random: Random, pause: float) -> Iterator[Act]:
    weights, at = [line[0] for line in MENU], 0.0
    while True:
        at += random.expovariate(1 / pause)
        _, what, whom, least, most = random.choices(MENU, weights)[0]
        which, lasts = random.randrange(1000) / 1000, random.uniform(least, most)
        if random.random() < LONG:
            lasts *= TIMES
        yield Act(round(at, 3), what, whom, which, round(lasts, 3))


class Kind(StrEnum):
    """How a job behaves, if it is let."""

    QUICK = "quick"
    SLOW = "slow"
    RAISES = "raises"
    EXITS = "exits"  # with os._exit(3), without a verdict
    EQUAL = "equal"  # its payload is the same as that of all others of this kind
    POISON = "poison"  # no job at all
    AGAIN = "again"  # raises when it is tried for the first time, and is tried again; runs only when it is its turn
    ALONE = "alone"  # must not run beside another one of its group
    TURN = "turn"  # runs only when it is its turn
    DELAYED = "delayed"  # is put aside until a time
    ONCE = "once"  # is put aside with a lock, raises when it is tried for the first time, and is put aside again
    CALLBACK = "callback"  # of the batch of these three: nobody pushes it


OF_BATCH = (Kind.AGAIN, Kind.ALONE, Kind.TURN)
TRIED_AGAIN = (Kind.AGAIN, Kind.ONCE)
FOR_LATER = (Kind.DELAYED, Kind.ONCE)
LATEST = 2.0  # s for which a job is put aside
ONLY_ONE = UniquePolicy(Scope.UNFINISHED, (0,), "refuse")  # as the class of such jobs says
KINDS = {
    Kind.QUICK: 70,
    Kind.SLOW: 12,
    Kind.RAISES: 4,
    Kind.EXITS: 3,
    Kind.EQUAL: 8,
    Kind.POISON: 3,
    Kind.AGAIN: 8,
    Kind.ALONE: 8,
    Kind.TURN: 12,
    Kind.DELAYED: 8,
    Kind.ONCE: 8,
}
SECONDS = {Kind.QUICK: (0.0, 0.01), Kind.SLOW: (0.05, 0.6), Kind.RAISES: (0.0, 0.02), Kind.EXITS: (0.0, 0.02)}
EQUAL_ONE = b'{"class":"Perform","args":["equal",0.01,"return"]}'


@dataclass(frozen=True, slots=True)
class Pushed:
    """A job that is pushed. `name` is what the ledger calls it: its number, or `equal`."""

    at: float  # s from the beginning
    name: str
    kind: Kind
    queue: str
    payload: bytes
    aside: float = 0.0  # s for which it is put aside

    @property
    def identity(self) -> Identity | None:
        """If there may be only one of its kind."""
        if self.kind is not Kind.ONCE:
            return None
        said = json.loads(self.payload)
        return ONLY_ONE.identity(said["class"], said["args"])


def pushes(seed: int, number: int, seconds: float) -> list[Pushed]:
    """So many jobs, sorted by when they are pushed: in waves, so that workers are now idle and now behind."""
    random = Random(f"{seed} pushes")
    kinds, weights = list(KINDS), list(KINDS.values())
    chosen = random.choices(kinds, weights, k=number)
    times = sorted(_in_a_wave(random, seconds) for _ in range(number))
    jobs = [_pushed(random, place, kind, at) for place, (kind, at) in enumerate(zip(chosen, times, strict=True))]
    members = count()
    return [replace(job, payload=_member(job.payload, next(members))) if job.kind in OF_BATCH else job for job in jobs]


def callback() -> Pushed:
    payload = json.dumps({"class": "Perform", "args": ["callback", 0.0, "return"]}, separators=(",", ":"))
    return Pushed(0, "callback", Kind.CALLBACK, "other", payload.encode())


def _member(payload: bytes, number: int) -> bytes:
    tied = {ties.KEY: Ties(batch=BATCH, number=number).document()}
    return json.dumps(json.loads(payload) | tied, separators=(",", ":")).encode()


WAVE = 2.0  # s
SWELL = 0.6  # the share of a wave in which jobs are pushed


def _in_a_wave(random: Random, seconds: float) -> float:
    at = random.uniform(0, seconds)
    return at - at % WAVE * (1 - SWELL)


def _pushed(random: Random, number: int, kind: Kind, at: float) -> Pushed:
    queue, share = random.choice(QUEUES), random.random()
    match kind:
        case Kind.AGAIN | Kind.ALONE | Kind.TURN:
            return Pushed(at, str(number), kind, KEPT, _kept(number, kind, share))
        case Kind.ONCE:
            return Pushed(at, str(number), kind, KEPT, _kept(number, kind, share), share * LATEST)
        case Kind.DELAYED:
            return Pushed(at, str(number), kind, queue, _payload(number, Kind.QUICK, share), share * LATEST)
        case Kind.EQUAL:
            return Pushed(at, "equal", kind, queue, EQUAL_ONE)
        case Kind.POISON:
            return Pushed(at, str(number), kind, queue, b"poison %d \xff{" % number)
        case _:
            return Pushed(at, str(number), kind, queue, _payload(number, kind, share))


def _kept(number: int, kind: Kind, share: float) -> bytes:
    """The job of a class that states a policy."""
    facts = [number, round(share * 0.1, 4), number % GROUPS]
    return json.dumps({"class": kind.capitalize(), "args": facts}, separators=(",", ":")).encode()


def _payload(number: int, kind: Kind, share: float) -> bytes:
    least, most = SECONDS[kind]
    ending = {Kind.RAISES: "raise", Kind.EXITS: "exit"}.get(kind, "return")
    args = [number, round(least + share * (most - least), 4), ending]
    return json.dumps({"class": "Perform", "args": args}, separators=(",", ":")).encode()
