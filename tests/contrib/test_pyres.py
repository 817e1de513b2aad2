"""Classes that were written for pyres run as they are."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from redis import Redis

from resqued import performer
from resqued.contrib import pyres
from resqued.protocol import payloads
from resqued.registry import Registry
from resqued.verdict import DONE, Verdict
from resqued.work import Job
from tests.golden import seen
from tests.support.daemon import APPS, texts

Performed = Callable[..., Verdict]
moment = partial(datetime, 2026, 11, 23, 7)  # without a zone, as pyres has it


@pytest.fixture(name="theirs")
def module_of_pyres_jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(APPS)
    module = importlib.import_module("pyres_app.jobs")
    module.HISTORY.clear()
    yield module
    for name in ("pyres_app.jobs", "pyres_app"):
        sys.modules.pop(name, None)


@pytest.fixture(name="registry")
def registry_with_the_shim(theirs: ModuleType, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """As a module of three lines makes it."""
    shim = ModuleType("shim")
    monkeypatch.setitem(sys.modules, "shim", shim)
    pyres.adopt("shim", theirs, redis=redis_url)
    registry = Registry(["shim"], {})
    registry.load()
    return registry


@pytest.fixture(name="performed")
def perform_a_payload(registry: Registry) -> Performed:
    """Perform a payload as pyres writes it."""

    def performed(name: str, *args: object, **more: object) -> Verdict:
        document = payloads.decode(json.dumps({"class": name, "args": args, **more}).encode())
        job = Job(document.name, document.args, "spam", document.document)
        return performer.perform(registry.find(document.name), job, forked=False)

    return performed


def test_a_class_goes_by_the_name_that_pyres_writes(registry: Registry, theirs: ModuleType) -> None:
    found: Any = registry.find("pyres_app.jobs.Comment")

    assert found.pyres_class is theirs.Comment
    assert (found.queue, found.timeout) == ("spam", 60)


def test_a_class_without_perform_is_no_job(registry: Registry) -> None:
    assert not any("NoJob" in name for name in registry.jobs)


def test_it_performs(performed: Performed, theirs: ModuleType) -> None:
    assert performed("pyres_app.jobs.Comment", 7) == DONE
    assert theirs.HISTORY == [("perform", 7, "nothing")]


def test_its_hooks_are_told_what_pyres_tells(performed: Performed, theirs: ModuleType) -> None:
    performed("pyres_app.jobs.Told", "well", enqueue_timestamp=1795418618.8)
    (_, before), performing, (_, after) = theirs.HISTORY

    assert performing == ("perform", "well")
    assert before == after
    assert {key: before[key] for key in ("args", "failed", "enqueue_timestamp")} == {
        "args": ["well"],
        "failed": False,
        "enqueue_timestamp": 1795418618.8,
    }
    assert isinstance(before["perform_timestamp"], float)


def test_after_perform_is_told_of_a_failure(performed: Performed, theirs: ModuleType) -> None:
    verdict = performed("pyres_app.jobs.Told", "raise")
    _, after = theirs.HISTORY[-1]

    assert (verdict.exception, verdict.error) == ("ValueError", "raise")
    assert (after["failed"], after["retried"], str(after["exception"])) == (True, False, "raise")


@pytest.mark.parametrize(("how", "exception"), [("exit0", ""), ("exit3", "SystemExit")])
def test_only_an_exit_with_0_is_no_failure(performed: Performed, how: str, exception: str) -> None:
    assert performed("pyres_app.jobs.Told", how).exception == exception


def test_a_job_enqueues_by_its_resq(performed: Performed, theirs: ModuleType, redis: Redis) -> None:
    performed("pyres_app.jobs.Told", "enqueue")
    (text,) = texts(redis, "resque:queue:spam")

    assert json.loads(text).keys() == {"class", "args", "enqueue_timestamp"}
    assert performed("pyres_app.jobs.Comment", *json.loads(text)["args"]) == DONE
    assert theirs.HISTORY[-1] == ("perform", 8, "nothing")
    assert not hasattr(theirs.Told, "resq")


def test_a_date_arrives_as_one(performed: Performed, theirs: ModuleType) -> None:
    performed("pyres_app.jobs.Dated", "@D:2026-11-23T07:00:00", {"k": ["@D:2026-11-23T07:00:01", "@D:soon"]})

    assert [
        (moment(), {"k": [moment(0, 1), "@D:soon"]}),
    ] == theirs.HISTORY


def test_a_date_is_written_as_pyres_does(redis: Redis, redis_url: str) -> None:
    pyres.ResQ(redis_url).enqueue_from_string("a.B", "spam", moment(), {"k": [1]})
    (text,) = texts(redis, "resque:queue:spam")

    assert json.loads(text)["args"] == ["@D:2026-11-23T07:00:00", {"k": [1]}]


def test_what_pyres_itself_wrote_is_found_and_performed(performed: Performed, theirs: ModuleType) -> None:
    (text,) = seen("pyres", "after enqueue")["resque:queue:ok"]["value"]
    payload = json.loads(text)

    assert (
        performed("pyres_app.jobs.Dated", *payload["args"][:2], enqueue_timestamp=payload["enqueue_timestamp"]) == DONE
    )


def test_classes_of_one_name_in_two_modules_are_two_jobs(
    theirs: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, shim = ModuleType("other"), ModuleType("shim")
    exec("class Comment:\n def perform(): ...", vars(other))
    monkeypatch.setitem(sys.modules, "shim", shim)
    pyres.adopt("shim", theirs, other)
    registry = Registry(["shim"], {})
    registry.load()

    assert registry.find("other.Comment") is not registry.find("pyres_app.jobs.Comment")
