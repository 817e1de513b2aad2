"""What a master answers to machines: its figures, and whether it is well."""

import os
from collections.abc import Callable, Iterator, Mapping
from sys import version_info
from time import monotonic

from resqued import procfs
from resqued.boards import Boards
from resqued.fleet import Fleet, Phase
from resqued.master.census import Crew, crews
from resqued.master.figures import AWAY, OUTAGES, TALLY, Figures
from resqued.master.health import Healer
from resqued.metrics import asking, tally
from resqued.metrics.asking import Answer, Page
from resqued.metrics.exposition import Family, Format, render
from resqued.reload import Reload
from resqued.version import __version__

STAYS_FOR = 1.0  # s that figures are shown again: however many ask, adding them up costs the loop no more than that


class Pages:
    """`started_at`: epoch; of the first image."""

    def __init__(self, fleet: Fleet, boards: Boards, reload: Reload, figures: Figures, *, started_at: float) -> None:
        self._fleet, self._boards, self._reload, self._figures = fleet, boards, reload, figures
        self._started_at = started_at
        self._healer = Healer(fleet, boards, was_up=fleet.generation > 0)
        self._shown: dict[Format, tuple[float, bytes]] = {}
        self._pages: Mapping[str, Page] = {
            "/metrics": lambda format_: Answer(200, format_.value, self._figures_in(format_)),
            "/healthz": lambda _: self._healer.alive().answer(),
            "/readyz": lambda _: self._healer.ready().answer(),
        }

    def answer(self, request: bytes) -> bytes:
        return asking.answer(self._pages, request)

    def look(self) -> None:
        self._healer.look()

    def text(self, config: str) -> bytes:
        """For a file that is read together with others: of other masters, and of who reads it."""
        return render(self._families(), Format.PROMETHEUS, {"config": config})

    def _figures_in(self, format_: Format) -> bytes:
        at, shown = self._shown.get(format_, (0.0, b""))
        if not shown or monotonic() >= at + STAYS_FOR:
            at, shown = self._shown[format_] = monotonic(), render(self._all_families(), format_)
        return shown

    def _all_families(self) -> Iterator[Family]:
        yield from _of_the_process(self._started_at)
        yield from self._families()

    def _families(self) -> Iterator[Family]:
        build = Family("resqued_build", "info", "Versions.")
        build.add(1, version=__version__, python=".".join(map(str, version_info[:3])))
        yield build
        yield from self._of_reloads()
        yield from self._of_pools()
        yield self._of_the_house()
        found = crews(self._fleet, self._boards)
        yield _states(found)
        yield from (_each(found, *gauge) for gauge in GAUGES)
        yield self._exits()
        counted = self._figures.counted(self._fleet, self._boards)
        yield from _outages(counted)
        yield from self._jobs({pool: cells[TALLY:] for pool, cells in counted.items()})

    def _of_reloads(self) -> Iterator[Family]:
        last = self._reload.last
        reloads = Family("resqued_reloads", "counter", "Reloads since the master was started, by verdict.")
        reloads.add(last.acceptances if last else 0, verdict="accepted")
        reloads.add(last.refusals if last else 0, verdict="refused")
        yield reloads
        yield _one("resqued_generation", "How often the master has become a new version.", self._fleet.generation)
        phase, old = self._fleet.rollout
        yield _one("resqued_rollout_stopped", "Whether the last roll-out stopped.", phase is Phase.STOPPED)
        yield _one("resqued_rollout_old_workers", "Workers of earlier generations.", old)

    def _of_pools(self) -> Iterator[Family]:
        pools = self._fleet.pools.values()
        wanted = Family("resqued_pool_wanted_workers", "gauge", "Workers that the pool should have now.")
        paused = Family("resqued_pool_paused", "gauge", "Whether the pool takes no jobs by wish of an operator.")
        degraded = Family("resqued_pool_degraded", "gauge", "Whether no worker of the pool gets ready.")
        for pool in pools:
            wanted.add(pool.wanted, pool=pool.name)
            paused.add(pool.paused, pool=pool.name)
            degraded.add(pool.degraded, pool=pool.name)
        yield from (wanted, paused, degraded)

    def _of_the_house(self) -> Family:
        up = Family("resqued_process_up", "gauge", "Whether a process beside the workers is there.")
        house = self._fleet.house
        for slot in (*house.services, *house.roles):
            if slot.wanted:
                up.add(slot.process is not None, process=slot.name)
        return up

    def _exits(self) -> Family:
        exits = Family("resqued_worker_exits", "counter", "Workers that have ended, by reason.")
        for pool in self._figures.places:
            for reason, number in self._figures.exits(pool).items():
                exits.add(number, pool=pool, reason=reason)
        return exits

    def _jobs(self, counted: Mapping[str, list[int]]) -> Iterator[Family]:
        jobs = Family("resqued_jobs", "counter", "Jobs that have ended. Queue *: of all without a place of their own.")
        run = Family("resqued_job_run_seconds", "histogram", "From a job's fork to its verdict.", "seconds")
        wait = Family("resqued_job_wait_seconds", "histogram", "From enqueueing to start, if that is told.", "seconds")
        for pool, cells in counted.items():
            for queue, outcome, number in tally.jobs(cells, self._figures.places.get(pool, [tally.ANY])):
                jobs.add(number, pool=pool, queue=queue, outcome=outcome)
            for family, which in ((run, tally.RUN), (wait, tally.WAIT)):
                up_to, total = tally.histogram(cells, which)
                family.add_histogram(up_to, tally.BOUNDS, total, pool=pool)
        yield from (jobs, run, wait)


GAUGES: tuple[tuple[str, str, str, Callable[[Crew], float]], ...] = (
    ("resqued_workers_without_redis", "", "Workers that Redis does not answer.", lambda crew: crew.without_redis),
    ("resqued_redis_away_seconds", "seconds", "For how long it has not answered one.", lambda crew: crew.redis_away),
    ("resqued_worker_tick_age_seconds", "seconds", "Since a worker's loop turned, at most.", lambda crew: crew.tick),
    ("resqued_job_age_seconds", "seconds", "For how long a job has been running, at most.", lambda crew: crew.job),
    ("resqued_worker_resident_bytes", "bytes", "Memory of the largest worker.", lambda crew: crew.resident),
)


def _of_the_process(started_at: float) -> Iterator[Family]:
    yield _one("process_start_time_seconds", "When the master was started.", started_at, unit="seconds")
    yield _one("process_resident_memory_bytes", "Memory of the master.", procfs.resident(os.getpid()), unit="bytes")
    cpu = Family("process_cpu_seconds", "counter", "Processor time of the master.", "seconds")
    cpu.add(sum(os.times()[:2]))
    yield cpu


def _states(found: Mapping[str, Crew]) -> Family:
    workers = Family("resqued_workers", "gauge", "Workers by pool and state.")
    for pool, crew in found.items():
        for state, number in crew.states.items():
            workers.add(number, pool=pool, state=state)
    return workers


def _outages(counted: Mapping[str, list[int]]) -> Iterator[Family]:
    outages = Family("resqued_redis_outages", "counter", "Outages of Redis that are over, as each worker saw them.")
    away = Family("resqued_redis_outage_seconds", "counter", "What they took, worker by worker.", "seconds")
    for pool, totals in counted.items():
        outages.add(totals[OUTAGES], pool=pool)
        away.add(totals[AWAY] / 1000, pool=pool)
    yield from (outages, away)


def _one(name: str, about: str, value: float, unit: str = "") -> Family:
    family = Family(name, "gauge", about, unit)
    family.add(value)
    return family


def _each(found: Mapping[str, Crew], name: str, unit: str, about: str, of: Callable[[Crew], float]) -> Family:
    family = Family(name, "gauge", about, unit)
    for pool, crew in found.items():
        family.add(of(crew), pool=pool)
    return family
