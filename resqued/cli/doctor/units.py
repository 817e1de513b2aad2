"""What systemd says of the unit in which a master runs."""

import os
import re
from math import inf
from pathlib import Path

from resqued.cli.doctor.facts import Known, Unit, Unknown
from resqued.cli.report import Report
from resqued.processes.programs import answer_of

ASKED = ("MainPID", "NotifyAccess", "TimeoutStopUSec")
PATIENCE = 5.0  # s
SPAN = re.compile(r"([0-9.]+)(y|month|w|d|h|min|s|ms|us)")
SECONDS = {
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1,
    "min": 60,
    "h": 3600,
    "d": 86400,
    "w": 7 * 86400,
    "month": 2629800,
    "y": 31557600,
}


def of(report: Known[Report]) -> Known[Unit]:
    if isinstance(report, Unknown):
        return report
    if not report.alive or report.elsewhere:
        return Unknown("the master has ended, or runs in a container")
    pid = report.status.pid
    try:
        group = Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        return Unknown(f"the cgroup of process {pid} cannot be seen: {error.strerror}")
    return _unit(pid, next((line.rpartition(":")[2] for line in group if line.endswith(".service")), ""))


def _unit(pid: int, path: str) -> Known[Unit]:
    if not path:
        return Unknown("the master does not run as a service of systemd")
    *_, name = path.split("/")
    answer = answer_of(["systemctl", *_whose(path), "show", "-p", ",".join(ASKED), "--", name], within=PATIENCE)
    if answer is None:
        return Unknown(f"systemctl does not answer for {name}")
    facts = dict(line.partition("=")[::2] for line in answer.splitlines())
    if facts.get("MainPID") != str(pid):
        return Unknown(f"the master is not the main process of {name}")
    return Unit(name, span(facts.get("TimeoutStopUSec", "")), facts.get("NotifyAccess", "none") != "none")


def _whose(path: str) -> list[str]:
    """The manager: that of the system, or that of a user, which answers to this user only."""
    return ["--user"] if f"/user@{os.geteuid()}.service/" in path else []


def span(text: str) -> float:
    """Seconds, of what systemctl shows: `1min 30s`, `infinity`."""
    if text == "infinity":
        return inf
    return sum(float(number) * SECONDS[unit] for number, unit in SPAN.findall(text))
