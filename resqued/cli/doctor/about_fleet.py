"""Whether queues and workers fit together, and everybody lives."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from itertools import islice
from statistics import median

from resqued.cli.doctor.about_redis import SKEW
from resqued.cli.doctor.facts import Facts
from resqued.cli.doctor.findings import Finding, hint, known
from resqued.cli.terminal import ago, span
from resqued.queues import expand

NAMED, LENGTH = 5, 100  # of many, so many are named, by so many characters at most
LONG = 3600.0  # s; what is shorter is never called long
TIMES = 10  # the usual time of its class is far beyond it
ENOUGH = 3  # others of its class tell what is usual
DAY = 86400.0  # s; longer than this is worth a word even if nobody knows what is usual


def key_types(facts: Facts) -> Iterator[Finding]:
    for misfit in known(facts.fleet).misfits:
        yield Finding(
            f"the key {misfit.key} holds {misfit.found}, where Resque has a {misfit.wanted}: whoever needs it fails",
            "find out who wrote it (another application in the same database and namespace?); move it away with RENAME",
        )


def pause(facts: Facts) -> Iterator[Finding]:
    fleet = known(facts.fleet)
    if known(fleet.is_paused):
        yield Finding(
            "all workers of the whole fleet are told to pause, in Resque's own way: nobody takes a job",
            "if that is no longer wanted: resquectl queue resume --all",
        )


def held(facts: Facts) -> Iterator[Finding]:
    fleet = known(facts.fleet)
    if paused := known(fleet.held):
        since = (f"{queue} (for {ago(moment, fleet.now)})" for queue, moment in paused.items())
        yield hint(
            f"paused, so that no worker of resqued takes its jobs: {_listed(since)}",
            "if that is no longer wanted: resquectl queue resume, with its name",
        )


def unserved(facts: Facts) -> Iterator[Finding]:
    """Queues with jobs at which no worker looks."""
    fleet = known(facts.fleet)
    sizes, dead = known(fleet.queues), known(fleet.lifeless)
    served = _served({worker.queues for worker in known(fleet.workers) if worker.id not in dead}, sizes)
    alone = {queue: size for queue, size in sizes.items() if size and queue not in served}
    if alone:
        yield Finding(
            f"nobody serves {_listed(f'{queue} ({size} waiting)' for queue, size in alone.items())}",
            "start workers for it ([pools.*] queues), or, if nobody wants these jobs any more, remove the queue",
        )


def _served(patterns: Iterable[Sequence[str]], queues: Iterable[str]) -> set[str]:
    names = list(queues)
    return {queue for pattern in patterns for queue in expand(pattern, names)}


def unfilled(facts: Facts) -> Iterator[Finding]:
    """What pools serve and does not exist."""
    queues = list(known(known(facts.fleet).queues))
    for name, pool in known(facts.config).pools.items():
        entries = [entry for entry in pool.queues if entry != "*" and not entry.startswith("!")]
        missing = [entry for entry in entries if not set(expand([entry], queues)) & set(queues)]
        if missing:
            yield hint(
                f"pool {name} serves {_listed(missing)}, and nothing was ever put there",
                _perhaps(missing, queues)
                or "if jobs are expected there, see whether who enqueues them means this name",
            )


def _perhaps(missing: Sequence[str], queues: Sequence[str]) -> str:
    alike = [(entry, found) for entry in missing for found in get_close_matches(entry, queues, 1)]
    return "; ".join(f"is {found} meant, where there is {entry}?" for entry, found in alike)


def dead(facts: Facts) -> Iterator[Finding]:
    lifeless = known(known(facts.fleet).lifeless)
    if lifeless:
        yield Finding(
            f"seems dead, and may hold a job: {_listed(f'{worker} ({why})' for worker, why in lifeless.items())}",
            "any resqued that runs settles those of resqued, within minutes. Without one, or at once: resquectl prune; "
            "those of others if they are named, resquectl prune WORKER",
        )


def clocks(facts: Facts) -> Iterator[Finding]:
    """A worker's own dates, by the clock of Redis."""
    fleet = known(facts.fleet)
    ahead: dict[str, float] = defaultdict(float)
    for worker in known(fleet.workers):
        dates = [worker.started, worker.heartbeat, worker.working.since if worker.working else None]
        for moment in filter(None, dates):
            ahead[worker.host] = max(ahead[worker.host], _seconds(moment, fleet.now))
    wrong = {host: seconds for host, seconds in ahead.items() if seconds > SKEW}
    if wrong:
        yield Finding(
            f"what workers on {_listed(f'{host} ({span(seconds)})' for host, seconds in wrong.items())} write is of "
            "the future by the clock of Redis",
            "let the clocks of these hosts follow a time server",
        )


def _seconds(moment: datetime, since: datetime) -> float:
    return (moment - since).total_seconds()


def versions(facts: Facts) -> Iterator[Finding]:
    found = known(known(facts.fleet).versions)
    if len(found) > 1:
        count = _listed(f"{version} ({workers} workers)" for version, workers in sorted(found.items()))
        yield hint(
            f"the fleet runs different versions of resqued: {count}", "reload those that are behind, once upgraded"
        )


# Jobs that take long


@dataclass(frozen=True, slots=True)
class Running:
    worker: str
    name: str
    age: float  # s

    def __str__(self) -> str:
        return f"{self.name or 'a job'} of {self.worker} for {span(self.age)}"


def slow(facts: Facts) -> Iterator[Finding]:
    fleet = known(facts.fleet)
    running = [
        Running(worker.id, worker.working.name, _seconds(fleet.now, worker.working.since))
        for worker in known(fleet.workers)
        if worker.working and worker.working.since
    ]
    if long := list(_long(running)):
        yield Finding(
            f"runs far longer than usual: {_listed(long)}",
            "look where it is: kill -RTMIN+3 makes the process of a job write its stack to the log of resqued; USR1 to "
            "its worker ends it; [pools.*] timeout ends such jobs by itself",
        )


def _long(running: Sequence[Running]) -> Iterator[str]:
    """What is usual, the others of its class tell, that run now: nobody writes down how long jobs took."""
    of_class: Mapping[str, list[Running]] = defaultdict(list)
    for job in running:
        of_class[job.name].append(job)
    for job in running:
        others = [other.age for other in of_class[job.name] if other is not job]
        if len(others) < ENOUGH:
            if job.age > DAY:
                yield f"{job} (and nobody knows what is usual)"
        elif job.age > max(LONG, TIMES * median(others)):
            yield f"{job} (half of the others of its class: at most {span(median(others))})"


def _listed(names: Iterable[str]) -> str:
    every = [name if len(name) <= LENGTH else f"{name[:LENGTH]}…" for name in names]
    more = f" and {len(every) - NAMED} more" if len(every) > NAMED else ""
    return ", ".join(islice(every, NAMED)) + more
