"""All checks, and what comes of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from resqued.cli.doctor import about_disk, about_fleet, about_later, about_master, about_redis
from resqued.cli.doctor.facts import Facts
from resqued.cli.doctor.findings import Check, Finding, NotChecked, Weight

CHECKS: Mapping[str, Check] = {
    "configuration": about_master.configuration,
    "redis": about_redis.reachable,
    "redis-version": about_redis.version,
    "redis-latency": about_redis.latency,
    "redis-eviction": about_redis.eviction,
    "redis-memory": about_redis.fullness,
    "redis-persistence": about_redis.persistence,
    "redis-clients": about_redis.clients,
    "clock": about_redis.clock,
    "worker-clocks": about_fleet.clocks,
    "key-types": about_fleet.key_types,
    "pause": about_fleet.pause,
    "paused-queues": about_fleet.held,
    "unserved-queues": about_fleet.unserved,
    "unfilled-queues": about_fleet.unfilled,
    "dead-workers": about_fleet.dead,
    "slow-jobs": about_fleet.slow,
    "schedulers": about_later.schedulers,
    "delayed-jobs": about_later.delayed,
    "bad-delayed-jobs": about_later.bad,
    "retries": about_later.retries,
    "versions": about_fleet.versions,
    "master": about_master.master,
    "reload": about_master.reload,
    "paused-pools": about_master.pauses,
    "overdue-jobs": about_master.overdue,
    "titles": about_master.titles,
    "sockets": about_master.sockets,
    "open-files": about_master.open_files,
    "stop-time": about_master.stop_time,
    "directories": about_disk.directories,
    "passwords": about_disk.passwords,
}


@dataclass(slots=True)
class Diagnosis:
    """By the names of checks. A check may find much, and be in `unchecked` too: it could not see everything."""

    findings: list[tuple[str, Finding]] = field(default_factory=list)
    unchecked: dict[str, str] = field(default_factory=dict)  # → why

    def of(self, weight: Weight) -> list[tuple[str, Finding]]:
        return [found for found in self.findings if found[1].weight is weight]


def diagnosis(facts: Facts) -> Diagnosis:
    found = Diagnosis()
    for name, check in CHECKS.items():
        try:
            for finding in check(facts):
                found.findings.append((name, finding))
        except NotChecked as why:
            found.unchecked[name] = str(why)
    return found
