"""Facts of a machine of which nothing is known but what a test says."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from resqued.cli.doctor.facts import Facts, Fleet, Unknown
from resqued.cli.doctor.findings import Check, Finding
from resqued.protocol.records import WorkerView, Working

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
NOBODY_KNOWS = Unknown("nobody knows")


def facts(**known: Any) -> Facts:
    unknown: Mapping[str, Any] = dict.fromkeys(
        ("config", "server", "fleet", "report", "family", "unit", "secrets"), NOBODY_KNOWS
    )
    rest: Mapping[str, Any] = {
        "file": Path("/etc/resqued.toml"),
        "mistakes": (),
        "trouble": "",
        "places": (),
    }
    return Facts(**{**unknown, **rest, **known})


def fleet(*workers: WorkerView, **known: Any) -> Fleet:
    rest: Mapping[str, Any] = {
        "queues": {},
        "held": {},
        "lifeless": {},
        "versions": {},
        "is_paused": False,
        "misfits": (),
        "later": NOBODY_KNOWS,
    }
    return Fleet(**{"now": NOW, "workers": workers, **rest, **known})


def worker(name: str, *queues: str, working: Working | None = None, **dates: datetime) -> WorkerView:
    about: Mapping[str, Any] = {"started": None, "heartbeat": None, **dates}
    return WorkerView(f"{name}:1:{','.join(queues)}", name, 1, queues, working=working, **about)


def said(check: Check, of: Facts) -> Sequence[Finding]:
    return list(check(of))
