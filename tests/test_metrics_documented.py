"""The manual names every metric there is, and none that there is not."""

import re
from pathlib import Path

from tests.test_dashboards import EXPOSED

MANUAL = (Path(__file__).parents[1] / "docs/metrics.md").read_text(encoding="utf-8")
PARTS = re.compile(r"_(bucket|count|sum)\Z")
HISTOGRAMS = {"resqued_job_run_seconds", "resqued_job_wait_seconds"}


def exposed() -> set[str]:
    return {PARTS.sub("", name) if PARTS.sub("", name) in HISTOGRAMS else name for name in EXPOSED.names}


def documented() -> set[str]:
    rows = re.findall(r"(?m)^\| (`(?:resqued?|process)_[^|]*) \|", MANUAL)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_every_metric_is_documented() -> None:
    assert documented() == exposed()
