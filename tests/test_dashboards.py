"""The dashboard and the alerts that are shipped ask for what there is."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from resqued.boards import Boards
from resqued.cli.fleetfigures import FleetFigures
from resqued.fleet import Fleet, Limits, Process, Size
from resqued.master.figures import Figures
from resqued.master.pages import Pages
from resqued.metrics import asking
from resqued.reload import Reload
from resqued.scoreboard import Scoreboard
from resqued.store.stock import Queue
from resqued.store.survey import Later, Seen
from tests.support.metrics import Samples, understood

ROOT = Path(__file__).parents[1]
RULES = ROOT / "etc/prometheus/resqued.yml"
DASHBOARD = ROOT / "etc/grafana/resqued.json"
NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
SERIES = re.compile(r"\b(resqued?_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|=)\s*"([^"]*)"')
GROUPED = re.compile(r"\bby \(([\w, ]+)\)")
OF_THE_SCRAPER = {"instance", "job"}


def of_a_master() -> Samples:
    fleet = Fleet({"mail": Size(1, 1)}, Limits(1, 1, 1), chance=lambda: 0.5, roles=["scheduler"])
    fleet.spawned(fleet.workers[0], Process(100, 0, 0.0, row=0))
    boards = Boards(0, Scoreboard(1), {})
    pages = Pages(fleet, boards, Reload(60), Figures({"mail": ["mail"]}), started_at=1.0)
    return told(pages.answer(b"GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text"))


def of_an_exporter() -> Samples:
    queues = (Queue("mail", 1, NOW, paused=False, paused_since=None),)
    later = Later(leaders=("one:2", None), last={"nightly": NOW})
    seen = Seen(NOW, queues, (b"one:1:mail",), {("one", "stale"): 1}, 0, 0, 0, False, later)
    figures = FleetFigures(lambda: seen, stays_for=0)
    return told(figures.answer(b"GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text"))


def told(answer: bytes) -> Samples:
    return understood(answer.partition(asking.END)[2].decode())


EXPOSED = Samples({**of_a_master(), **of_an_exporter()})
LABELS = {
    name: {label for called, labels in EXPOSED if called == name for label, _ in labels} for name in EXPOSED.names
}
VALUES = {(name, label, value) for name, labels in EXPOSED for label, value in labels}


def rules() -> list[str]:
    """Without a YAML parser: an expression stands on one line."""
    return re.findall(r"(?m)^ +expr: (.*)$", RULES.read_text(encoding="utf-8"))


def dashboard() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return document


def panels() -> list[str]:
    return [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ())]


def variables() -> list[str]:
    return [one["definition"] for one in dashboard()["templating"]["list"] if "definition" in one]


def mistakes(query: str) -> Iterator[str]:
    names = [name for name, _ in SERIES.findall(query)]
    for name, matchers in SERIES.findall(query):
        if name not in LABELS:
            yield f"there is no {name}"
            continue
        for label, how, value in MATCHER.findall(matchers):
            if label not in LABELS[name] | OF_THE_SCRAPER:
                yield f"{name} has no label {label}"
                continue
            for one in value.split("|") if how == "=~" else [value]:
                if not one.startswith("$") and (name, label, one) not in VALUES:
                    yield f"{label} of {name} is never {one}"
    known = OF_THE_SCRAPER.union(*(LABELS.get(name, set()) for name in names))
    for grouped in GROUPED.findall(query):
        yield from (f"nothing has a label {label}" for label in grouped.split(", ") if label not in known)


@pytest.mark.parametrize("query", [*rules(), *panels(), *variables()])
def test_a_query_asks_for_what_there_is(query: str) -> None:
    assert SERIES.search(query)
    assert list(mistakes(query)) == []


@pytest.mark.parametrize(
    ("query", "mistake"),
    [
        ("sum(resqued_nothing)", "there is no resqued_nothing"),
        ('resqued_workers{host="a"}', "resqued_workers has no label host"),
        ('resqued_workers{state="dreaming"}', "state of resqued_workers is never dreaming"),
        ('resqued_workers{state=~"idle|dozing"}', "state of resqued_workers is never dozing"),
        ("sum by (queue) (resqued_workers)", "nothing has a label queue"),
    ],
)
def test_a_query_for_what_there_is_not_is_found(query: str, mistake: str) -> None:
    assert list(mistakes(query)) == [mistake]


def test_there_are_some_of_each() -> None:
    assert len(rules()) == RULES.read_text(encoding="utf-8").count("- alert: ") > 10
    assert len(panels()) > 20


def test_panels_do_not_lie_on_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken
        assert all(x < 24 for x, _ in cells)
        taken |= cells


@pytest.mark.skipif(not shutil.which("promtool"), reason="there is no promtool here")
def test_promtool_has_nothing_to_say_against_them() -> None:
    subprocess.run(["promtool", "check", "rules", str(RULES)], check=True, stdout=subprocess.DEVNULL)
