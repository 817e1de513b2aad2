"""Taking the way of a job before there is one."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from resqued import hooks
from resqued.entry.rehearsal import rehearse, rehearse_enough
from resqued.performance import Nobody
from resqued.work import Job

said: list[str] = []


@pytest.fixture(autouse=True)
def _nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    said.clear()
    for name in hooks.registered:
        monkeypatch.setitem(hooks.registered, name, [])


def test_it_goes_from_the_payload_to_the_end_of_perform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Nobody, "perform", staticmethod(lambda: said.append("performed")))
    rehearse_enough()
    before = len(said)
    rehearse()

    assert before > 0
    assert said == ["performed"] * (before + 1)


@contextmanager
def around(_job: Job) -> Iterator[None]:
    said.append("around")
    yield


def test_the_application_is_told_nothing_of_it() -> None:
    hooks.around_job(around)
    hooks.after_fork(lambda _job: said.append("after"))
    rehearse()

    assert said == []


def test_the_application_is_told_nothing_of_one_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def perform() -> None:
        raise MemoryError

    monkeypatch.setattr(Nobody, "perform", perform)
    hooks.on_failure(lambda _job, error: said.append(repr(error)))
    rehearse()

    assert said == []
