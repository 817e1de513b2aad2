"""What processes used between two looks at a machine: processor time, and jobs a second."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic

import psutil

from resqued.cli.machine import Master
from resqued.cli.report import Report, WorkerReport, report


@dataclass(frozen=True, slots=True)
class Look:
    """A report, and the totals until then by the process of a worker."""

    report: Report
    at: float = field(default_factory=monotonic)
    busy: Mapping[int, float] = field(default_factory=dict)  # s of processor time, of the worker and all its jobs
    jobs: Mapping[int, int] = field(default_factory=dict)


def look(master: Master) -> Look:
    found = report(master)
    here = [] if found.elsewhere else [worker for worker in found.workers if worker.facts.pid]
    return Look(
        found,
        busy={worker.facts.pid or 0: _seconds_of(worker) for worker in here},
        jobs={worker.facts.pid or 0: (worker.row.done or 0) + (worker.row.failed or 0) for worker in found.workers},
    )


def _seconds_of(worker: WorkerReport) -> float:
    """A job's time counts as its own while it runs, and as that of its worker's children when it has ended."""
    pids = [pid for pid in (worker.facts.pid, worker.row.job_pid) if pid]
    return sum(map(_seconds, pids))


def _seconds(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


@dataclass(frozen=True, slots=True)
class Usage:
    """Between two looks. Where there was none before, nothing is known."""

    before: Look | None
    now: Look

    @property
    def _seconds(self) -> float:
        return max(0.001, self.now.at - self.before.at) if self.before else 0.001

    def processor(self, worker: WorkerReport) -> float | None:
        """Percent of one processor."""
        pid = worker.facts.pid or 0
        if self.before is None or pid not in self.before.busy or pid not in self.now.busy:
            return None
        return 100 * max(0.0, self.now.busy[pid] - self.before.busy[pid]) / self._seconds

    @property
    def jobs_per_second(self) -> float | None:
        """Of the workers that were there before."""
        if self.before is None:
            return None
        return sum(done - self.before.jobs.get(pid, done) for pid, done in self.now.jobs.items()) / self._seconds
