"""A worker as a row of a table, and as a document."""

from datetime import datetime

from resqued.cli.terminal import Problem, ago, iso
from resqued.protocol.records import WorkerView
from resqued.telling.workers import is_stale

ALL_PAUSED = "all workers are paused: resquectl queue resume --all"
HEADING = "WORKER", "POOL", "VERSION", "UP", "HEARTBEAT", "FOR", "JOB"


def row(view: WorkerView, now: datetime) -> list[object]:
    ours, working = view.registration, view.working
    beat = ago(view.heartbeat, now)
    return [
        view.id,
        f"{ours.pool}.{ours.slot}" if ours else "-",
        ours.version if ours else "-",
        ago(view.started, now),
        Problem(f"{beat}, stale") if is_stale(view, now) else beat,
        ago(working.since, now) if working else "-",
        f"{working.name or '?'} of {working.queue or '?'}" if working else "-",
    ]


def document(view: WorkerView, now: datetime) -> dict[str, object]:
    """For programs: docs/fleet.md. `working` is null for one that is idle, `pool` … for one that is not of ours."""
    ours, working = view.registration, view.working
    return {
        "id": view.id,
        "host": view.host,
        "pid": view.pid,
        "queues": list(view.queues),
        "pool": ours and ours.pool,
        "slot": ours and ours.slot,
        "version": ours and ours.version,
        "started": iso(view.started),
        "heartbeat": iso(view.heartbeat),
        "stale": is_stale(view, now),
        "working": working
        and {
            "queue": working.queue,
            "name": working.name,
            "payload": dict(working.payload),
            "since": iso(working.since),
        },
    }
