"""What this machine tells of the workers that run on it: other hosts' memory nobody knows here."""

from functools import cache

from resqued import kin, procfs, whereabouts
from resqued.protocol.identity import Registration


def memory_of_job(worker: Registration | None) -> int | None:
    """Bytes that the processes of its job have (resident). None: it is elsewhere, or not of ours."""
    if worker is None or not _is_here(worker) or not whereabouts.is_alive(worker.pid, worker.born):
        return None
    return sum(map(procfs.resident, kin.descendants(worker.pid))) or None


def _is_here(worker: Registration) -> bool:
    here = _here()
    return bool(here.boot) and (worker.boot, worker.pids) == (here.boot, here.pids)


@cache
def _here() -> whereabouts.Whereabouts:
    return whereabouts.whereabouts()
