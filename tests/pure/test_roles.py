"""Processes beside the workers, one of each kind: started, replaced, ended."""

from collections.abc import Sequence

import pytest

from resqued.escalation import Mood
from tests.pure.history import History

STOPS = [Mood.DRAINING, Mood.STOPPING, Mood.HURRYING, Mood.KILLING]
PATIENCE = 10.0


def running(workers: int = 1, services: Sequence[str] = ()) -> History:
    history = History({"mail": workers}, services, roles=["scheduler"])
    history.act()
    return history


def test_a_role_is_filled_beside_the_workers() -> None:
    assert History({"mail": 1}, ["redis"], roles=["scheduler"]).act() == [
        "spawn redis",
        "spawn scheduler",
        "spawn mail.0",
    ]


def test_a_role_is_filled_again_when_its_process_has_died() -> None:
    history = running()

    assert history.exits("scheduler", lived=60) == ["spawn scheduler"]
    assert history.slot("scheduler").restarts == 1


def test_one_that_dies_again_and_again_is_filled_after_a_while() -> None:
    history = running()
    history.exits("scheduler")
    history.exits("scheduler")

    assert history.exits("scheduler") == []
    assert history.wake() == ["spawn scheduler"]


@pytest.mark.parametrize("mood", STOPS)
def test_a_role_is_told_of_a_stop_with_the_workers(mood: Mood) -> None:
    assert running().shut(mood) == [f"tell mail.0 {mood.name}", f"tell scheduler {mood.name}"]


def test_a_stop_waits_for_it_and_a_service_for_both() -> None:
    history = running(services=["redis"])
    history.shut(Mood.DRAINING)

    assert history.leaves("mail.0") == []
    assert history.leaves("scheduler") == ["tell redis DRAINING"]
    history.leaves("redis")
    assert history.fleet.done


def test_one_that_has_ended_in_a_stop_is_not_filled_again() -> None:
    history = running()
    history.shut(Mood.DRAINING)

    assert history.exits("scheduler") == []


def test_one_that_does_not_end_is_killed() -> None:
    history = running()
    history.shut(Mood.DRAINING)

    assert history.sleep() == PATIENCE
    assert history.wait(PATIENCE) == ["kill scheduler"]


def test_a_new_image_of_the_master_replaces_its_process_at_once() -> None:
    history = running()

    assert "tell scheduler DRAINING" in history.reload({"mail": 1})
    assert "spawn scheduler" in history.exits("scheduler", well=True)
    assert history.slot("scheduler").restarts == 0
    assert "tell scheduler DRAINING" not in history.live(60)


def test_one_of_an_earlier_image_that_does_not_end_is_killed() -> None:
    history = running()
    history.reload({"mail": 1})

    assert "kill scheduler" in history.live(PATIENCE)


def test_a_role_that_is_not_configured_any_more_ends() -> None:
    history = running()
    history.roles = []

    assert "tell scheduler DRAINING" in history.reload({"mail": 1})
    assert "spawn scheduler" not in history.exits("scheduler", well=True)
    assert "scheduler" not in [slot.name for slot in history.fleet.slots]


def test_a_role_that_is_configured_by_a_reload_begins() -> None:
    history = History({"mail": 1})
    history.act()
    history.roles = ["scheduler"]

    assert "spawn scheduler" in history.reload({"mail": 1})


def test_without_an_application_it_goes_on() -> None:
    assert "tell scheduler DRAINING" in (history := running()).reload({"mail": 1}, halted="no application")
    assert "spawn scheduler" in history.exits("scheduler", well=True)


def test_a_pool_may_be_called_as_a_role() -> None:
    history = History({"scheduler": 1}, roles=["scheduler"])
    history.act()

    assert history.exits("scheduler.0", lived=60) == ["spawn scheduler.0"]
    assert history.reload({"scheduler": 1})[-1] == "tell scheduler DRAINING"
