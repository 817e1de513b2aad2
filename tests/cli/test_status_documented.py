"""docs/status.md names what `resquectl status --json` says."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from resqued.cli.commands.status import MOODS, STATES, document
from resqued.cli.report import PoolReport, Report, RowReport, WorkerReport
from resqued.status import PoolStatus, ReloadStatus, RoleStatus, RolloutStatus, Status, WorkerStatus

TEXT = (Path(__file__).parents[2] / "docs" / "status.md").read_text()
FULL = Report(
    Path("/run/resqued/resqued-1"),
    Status(
        pid=1,
        born=1,
        boot="",
        pids="",
        version="",
        config="",
        generation=1,
        started_at=1.0,
        reload=ReloadStatus(number=1, asked_at_ms=1, began_ms=1, state="checking", at=1.0),
        rollout=RolloutStatus(old=1, state="probing"),
        roles=(RoleStatus(name="scheduler"),),
    ),
    alive=True,
    elsewhere=False,
    pools={"mail": PoolReport(PoolStatus(workers=1, min=1, max=1), {})},
    workers=[WorkerReport(WorkerStatus(slot="", pool="", generation=1, board=0, row=0), RowReport("idle"), 1)],
    now=datetime.now(UTC),
)


def words() -> set[str]:
    return set(re.findall(r"`(\w+)`", TEXT))


def keys(found: object) -> Iterator[str]:
    match found:
        case dict():
            yield from found
            for value in found.values():
                yield from keys(value)
        case list():
            for value in found:
                yield from keys(value)


def test_every_key_is_documented() -> None:
    assert set(keys(document(FULL))) - words() == set()


def test_every_state_and_mood_is_documented() -> None:
    assert {*STATES, *MOODS, "running"} - words() == set()
