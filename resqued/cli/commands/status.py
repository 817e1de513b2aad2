"""`resquectl status`: how a master and its workers on this machine are. It asks no Redis."""

from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime

from resqued.cli import subjects
from resqued.cli.commands import DONE, PROBLEM, Commands
from resqued.cli.machine import Machine
from resqued.cli.report import DOWN, LATE, UNKNOWN, PoolReport, Report, WorkerReport, report
from resqued.cli.terminal import date, say, say_json, size, span, table
from resqued.scoreboard import State
from resqued.status import ReloadStatus, RoleStatus

STATES = (*(state.name.lower() for state in State), DOWN, UNKNOWN)
OFFLINE = State.OFFLINE.name.lower()
POOLS = "POOL", "WANTED", "BUSY", "IDLE", "PAUSED", "OFFLINE", "STARTING", "DOWN", ""
MOODS = {
    "draining": "draining: each worker leaves after its present job, however long that takes",
    "stopping": "stopping",
    "hurrying": "stopping in a hurry",
    "killing": "killing what is left",
}


def add_to(commands: Commands) -> None:
    status = commands.add_parser(
        "status",
        help="show the master and the workers on this machine",
        description="Show the master and the workers of a configuration on this machine. Needs no Redis. "
        "Exit status 1: it does not run, or something is wrong with it.",
    )
    status.set_defaults(run=show_status, about=subjects.machine)


def show_status(machine: Machine, arguments: Namespace) -> int:
    found = report(machine.master())
    if arguments.json:
        say_json(document(found))
    else:
        say(*text(found))
    return PROBLEM if found.problems else DONE


# For people


def text(report: Report) -> Iterator[str]:
    yield from _head(report)
    if report.alive:
        yield ""
        yield from table(POOLS, pools(report))
        yield ""
        yield from _workers(report)
    if report.problems:
        yield ""
        yield from (f"problem: {line}" for problem in report.problems for line in problem.splitlines())


def _head(report: Report) -> Iterator[str]:
    status, now = report.status, report.now
    started = datetime.fromtimestamp(status.started_at, UTC)
    yield f"config    {status.config}"
    yield f"master    {status.pid}, resqued {status.version}, generation {status.generation}"
    yield f"started   {date(started)}, {span((now - started).total_seconds())} ago"
    yield f"state     {state(report)}"
    if report.memory is not None:
        yield f"memory    {_memory(report)}"
    yield from (f"{role.name:<9} {_role(role, now)}" for role in status.roles)
    if status.reload:
        yield from _reload(status.reload, now)
    if status.rollout:
        yield f"rollout   {status.rollout.state}; workers of earlier generations: {status.rollout.old}"


def _role(role: RoleStatus, now: datetime) -> str:
    facts = [f"process {role.pid}, for {span(now.timestamp() - (role.started_at or 0))}" if role.pid else "down"]
    if role.restarts:
        facts.append(_restarts(role.restarts))
    if not role.pid and role.restarts_at is not None:
        facts.append(f"again in {span(max(0.0, role.restarts_at - now.timestamp()))}")
    return ", ".join(facts)


def _restarts(count: int) -> str:
    return f"{count} restart{'s' if count > 1 else ''}"


def state(report: Report) -> str:
    status = report.status
    if not report.alive:
        return "not running"
    words = MOODS.get(status.mood, status.mood)
    if status.stops_by is not None:
        words += f", gone in {span(status.stops_by - report.now.timestamp())} at the latest"
    return words + (" (in another pid namespace: whether it lives is not known here)" if report.elsewhere else "")


def _memory(report: Report) -> str:
    own = size(report.memory)
    return own if report.memory_all is None else f"{own}; {size(report.memory_all)} with all its processes"


def _reload(reload: ReloadStatus, now: datetime) -> Iterator[str]:
    yield f"reload    no. {reload.number} {reload.state}, {span(now.timestamp() - reload.at)} ago"
    yield from (f"          {line}" for reason in reload.reason for line in reason.splitlines())


def pools(report: Report) -> Iterator[list[object]]:
    """Rows of a table."""
    return (_pool(name, pool) for name, pool in report.pools.items())


def _pool(name: str, pool: PoolReport) -> list[object]:
    facts = pool.facts
    bounds = f"{facts.min}-{facts.max}" if facts.min != facts.max else f"{facts.min}"
    wanted = f"{facts.workers}" if bounds == f"{facts.workers}" else f"{facts.workers} ({bounds})"
    counts = [pool.states.get(state, 0) or "-" for state in ("busy", "idle", "paused", OFFLINE, "starting", DOWN)]
    remarks = [word for word, so in (("paused", facts.paused), ("degraded", facts.degraded)) if so]
    return [name, wanted, *counts, ", ".join(remarks)]


def _workers(report: Report) -> Iterator[str]:
    heading = "WORKER", "PID", "STATE", "FOR", "DONE", "FAILED", "MEMORY", "JOB"
    return table(heading, (_worker(worker, report) for worker in report.workers))


def _worker(worker: WorkerReport, report: Report) -> list[object]:
    row, facts = worker.row, worker.facts
    remarks = ", ".join(_remarks(worker, report))
    job = row.job or ""
    return [
        facts.slot,
        facts.pid or "-",
        row.state,
        span((report.now - row.since).total_seconds()) if row.since else "-",
        _count(row.done),
        _count(row.failed),
        size(worker.memory),
        f"{job} ({remarks})" if job and remarks else job or remarks,
    ]


def _count(jobs: int | None) -> str:
    return "-" if jobs is None else str(jobs)


def _remarks(worker: WorkerReport, report: Report) -> Iterator[str]:
    facts, row, now = worker.facts, worker.row, report.now
    if row.job_pid:
        yield f"process {row.job_pid}"
    if row.ticked and (silent := (now - row.ticked).total_seconds()) > LATE:
        yield f"no tick for {span(silent)}"
    if row.redis_away and row.state != OFFLINE:
        yield f"no Redis for {span((now - row.redis_away).total_seconds())}"
    if facts.leaving and row.state != "leaving":
        yield "leaving"
    if facts.generation != report.status.generation:
        yield f"generation {facts.generation}"
    if facts.restarts:
        yield _restarts(facts.restarts)
    if facts.restarts_at is not None and facts.pid is None and (wait := facts.restarts_at - now.timestamp()) > 0:
        yield f"again in {span(wait)}"  # else it is not time that it waits for: another slot of its pool is tried


# For programs: docs/status.md


def document(report: Report) -> dict[str, object]:
    status, reload, rollout = report.status, report.status.reload, report.status.rollout
    return {
        "alive": report.alive,
        "problems": report.problems,
        "directory": str(report.directory),
        "config": status.config,
        "version": status.version,
        "pid": status.pid,
        "generation": status.generation,
        "started": _iso(status.started_at),
        "memory": report.memory,
        "memory_all": report.memory_all,
        "mood": status.mood,
        "stops_by": _iso(status.stops_by),
        "reload": reload
        and {"number": reload.number, "state": reload.state, "reason": reload.reason, "at": _iso(reload.at)},
        "rollout": rollout and {"state": rollout.state, "old": rollout.old},
        "pools": [_pool_document(name, pool) for name, pool in report.pools.items()],
        "workers": [worker_document(worker) for worker in report.workers],
        "roles": [_role_document(role) for role in status.roles],
    }


def _role_document(role: RoleStatus) -> dict[str, object]:
    return {
        "role": role.name,
        "pid": role.pid,
        "started": _iso(role.started_at),
        "restarts": role.restarts,
        "restarts_at": _iso(role.restarts_at),
    }


def _pool_document(name: str, pool: PoolReport) -> dict[str, object]:
    facts = pool.facts
    return {
        "pool": name,
        "workers": facts.workers,
        "min": facts.min,
        "max": facts.max,
        "paused": facts.paused,
        "degraded": facts.degraded,
        "reason": facts.reason,
        "states": {state: pool.states.get(state, 0) for state in STATES},
    }


def worker_document(worker: WorkerReport) -> dict[str, object]:
    facts, row = worker.facts, worker.row
    return {
        "worker": facts.slot,
        "pool": facts.pool,
        "pid": facts.pid,
        "generation": facts.generation,
        "state": row.state,
        "since": _iso(row.since),
        "job": row.job,
        "job_pid": row.job_pid,
        "job_memory": worker.job_memory,
        "turn": row.turn,
        "done": row.done,
        "failed": row.failed,
        "ticked": _iso(row.ticked),
        "redis_away": _iso(row.redis_away),
        "memory": worker.memory,
        "leaving": facts.leaving,
        "started": _iso(facts.started_at),
        "restarts": facts.restarts,
        "restarts_at": _iso(facts.restarts_at),
    }


def _iso(moment: datetime | float | None) -> str | None:
    """In UTC, to the second."""
    if isinstance(moment, float | int):
        moment = datetime.fromtimestamp(moment, UTC)
    return moment.isoformat(timespec="seconds") if moment else None
