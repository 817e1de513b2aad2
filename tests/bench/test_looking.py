"""Pushes at random moments, to a worker of resqued that is taken for one that only looks now and then."""

from collections.abc import Iterator

import pytest

from bench.contestants import at_work
from bench.contestants.ours import Resqued
from bench.field import Field
from bench.measures import looking
from bench.stage import Stage, prepared


@pytest.fixture(scope="module", name="stage")
def prepared_stage() -> Iterator[Stage]:
    with prepared() as stage:
        yield stage


def test_each_has_as_many_probes_as_it_is_to_have(stage: Stage) -> None:
    often, seldom = Resqued(stage), Resqued(stage)

    with at_work(stage, often, 1), at_work(stage, seldom, 1):
        probes = looking.probe(stage, Field([often], [often]), {often: 3, seldom: 1})

    assert {one: len(found) for one, found in probes.items()} == {often: 3, seldom: 1}
    assert all(call > 0 and latency > 0 for found in probes.values() for latency, call in found)  # a job may be faster


def test_who_does_not_begin_its_job_is_given_up(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "PATIENCE", 0.05)
    ours, dead = Resqued(stage), Resqued(stage, "dead")
    field = Field([ours], [ours, dead])

    assert looking.probe(stage, field, {dead: 1}) == {}
    assert "dead has not begun its job" in field.withdrawn["dead"]
