"""What the jobs have written down themselves (`application/chaotic.py`)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Attempt:
    """One process that began to perform a job."""

    pid: int
    worker: str
    run: int
    began: int = field(compare=False)  # ns, monotonic

    @property
    def workers_pid(self) -> int:
        return int(self.worker.split(":")[1])


@dataclass
class Page:
    """All attempts at one job, in the order in which they began, and what they said further on."""

    attempts: list[Attempt] = field(default_factory=list)
    ended: dict[Attempt, int] = field(default_factory=dict)  # ns: got to the end, whatever came of that
    asked: set[Attempt] = field(default_factory=set)  # our own stop cut them short
    twice: set[Attempt] = field(default_factory=set)  # began while another one was at it
    crowded: bool = False  # began while as many of its kind as may were running

    def successions(self) -> Iterator[tuple[Attempt, Attempt]]:
        """Each attempt but the last, with the next one."""
        return pairwise(self.attempts)

    def overlaps(self) -> bool:
        """Whether two attempts were at it at the same time: by the kernel's word, or by the clock."""
        return bool(self.twice) or any(self.ended.get(one, 0) > other.began for one, other in self.successions())


Ledger = dict[str, Page]


def read(file: Path) -> Ledger:
    return entered(file.read_text().splitlines())


def entered(lines: Iterable[str]) -> Ledger:
    ledger: Ledger = defaultdict(Page)
    for line in lines:
        what, name, pid, at, worker, run = line.split(" ")
        _enter(ledger[name], what, Attempt(int(pid), worker, int(run), int(at)))
    return dict(ledger)


def _enter(page: Page, what: str, attempt: Attempt) -> None:
    match what:
        case "start":
            page.attempts.append(attempt)
        case "end":
            page.ended[attempt] = attempt.began
        case "asked":
            page.asked.add(attempt)
        case "twice":
            page.twice.add(attempt)
        case "crowded":
            page.crowded = True
        case _:
            raise ValueError(what)
