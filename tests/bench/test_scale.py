"""Dimensions of growth, with small numbers: whether they measure what they say. What they find is not judged here."""

from collections.abc import Iterator

import pytest

from bench.scale import crowd, endurance
from bench.scale.dimensions import ALL, Dimension, Fleet, Queues
from bench.stage import Stage, prepared

WINDOW = 0.25  # s: on a busy machine a job may take a tenth


@pytest.fixture(scope="module", name="stage")
def prepared_stage() -> Iterator[Stage]:
    with prepared() as stage:
        yield stage


def test_jobs_come_from_many_queues(stage: Stage) -> None:
    dimension = Queues(stage)

    assert dimension.rate(50, WINDOW) > 0
    assert stage.client(dimension.ours.database).scard(dimension.keys.queues) == 50


def test_strangers_are_registered_and_stay_so(stage: Stage) -> None:
    dimension = Fleet(stage)

    assert dimension.rate(30, WINDOW) > 0
    assert dimension.redis.hlen(dimension.keys.heartbeats) == 30


@pytest.mark.parametrize("make", ALL)
def test_the_large_value_is_larger_however_quick_the_run(make: type[Dimension]) -> None:
    assert make.small < make.sizes(make, 0.0001)[1] <= make.sizes(make, 1.0)[1]  # type: ignore[arg-type]  # no instance


def test_a_push_costs_something(stage: Stage) -> None:
    latency, _ = crowd.cost(stage, Queues(stage).ours, 2, pushes=2)

    assert latency > 0


def test_a_worker_is_weighed_twice(stage: Stage) -> None:
    early, late = endurance.weights(stage, Queues(stage).ours, endurance.EARLY)

    assert 0 < early <= late * 2
