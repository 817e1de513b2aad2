"""When a master has a pruner at work."""

import pytest

from resqued.escalation import Mood
from resqued.fleet import Fleet, Limits, Process, Spawn, Tell
from resqued.fleet.slots import Sight, Size

NOW = 1000.0
PRUNER = 99  # pid
SOON = NOW + 2


@pytest.fixture
def fleet() -> Fleet:
    """One worker, which is ready."""
    fleet = Fleet({"work": Size(1, 1)}, Limits(grace=20, term_timeout=4, redis_timeout=5), chance=lambda: 0.5)
    for slot in fleet.workers:
        fleet.spawned(slot, Process(slot.number + 1, 0, NOW))
        fleet.seen(slot, Sight(is_ready=True), NOW)
    return fleet


def prunes(fleet: Fleet, now: float) -> bool:
    return Spawn(fleet.pruner) in fleet.plan(now)


def prune(fleet: Fleet, *, well: bool = True) -> None:
    """One comes and goes."""
    fleet.spawned(fleet.pruner, Process(PRUNER, 0, NOW))
    fleet.exited(fleet.pruner, NOW, well=well)


def test_when_all_is_settled_nobody_looks(fleet: Fleet) -> None:
    prune(fleet)

    assert not prunes(fleet, NOW + 3600)


def test_what_somebody_may_leave_later_is_looked_after_then(fleet: Fleet) -> None:
    prune(fleet)
    fleet.left_work(SOON)

    assert [prunes(fleet, at) for at in (NOW, SOON - 0.1, SOON)] == [False, False, True]
    assert fleet.wakes_at() == SOON


@pytest.mark.parametrize("times", [(0.0, SOON), (SOON, 0.0)])
def test_a_death_does_not_wait_for_a_later_look(fleet: Fleet, times: tuple[float, float]) -> None:
    prune(fleet)
    for at in times:
        fleet.left_work(at)

    assert prunes(fleet, NOW)


def test_a_death_does_not_hurry_a_pruner_that_has_failed(fleet: Fleet) -> None:
    prune(fleet, well=False)
    fleet.left_work()

    assert not prunes(fleet, NOW)
    assert prunes(fleet, NOW + 1)


def test_a_pruner_that_is_needed_during_a_stop_is_told_of_it_at_once(fleet: Fleet) -> None:
    """It may not find Redis; and nobody else has anything to say that would wake the master."""
    fleet.shut(Mood.DRAINING, NOW)
    fleet.exited(fleet.workers[0], NOW, well=False)
    fleet.left_work()
    assert fleet.plan(NOW) == [Spawn(fleet.pruner)]
    fleet.spawned(fleet.pruner, Process(PRUNER, 0, NOW))

    assert (fleet.wakes_at() or 0) <= NOW
    assert fleet.plan(NOW) == [Tell(fleet.pruner, Mood.DRAINING)]
    assert fleet.wakes_at() == NOW + 15
