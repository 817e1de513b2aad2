"""Whether a master is well, and whether its workers are at work."""

from collections.abc import Sequence

import pytest

from resqued.boards import Boards
from resqued.escalation import Mood
from resqued.fleet import Fleet, Limits, Process, Sight, Size
from resqued.master.census import crews
from resqued.master.health import Healer
from resqued.metrics.asking import Health
from resqued.scoreboard import Row, Scoreboard, State

WELL = Health()


class Machine:
    def __init__(self, workers: int = 2, *, ready: bool = True, generation: int = 0, roles: Sequence[str] = ()) -> None:
        self.fleet = Fleet(
            {"mail": Size(workers, workers)},
            Limits(20.0, 4.0, 5.0),
            generation=generation,
            chance=lambda: 0.5,
            roles=roles,
        )
        self.boards = Boards(generation, Scoreboard(workers), {})
        for number, slot in enumerate(self.fleet.workers):
            self.fleet.spawned(slot, Process(100 + number, generation, 0.0, row=number))
        self.healer = Healer(self.fleet, self.boards, was_up=generation > 0)
        if ready:
            self.get_ready()

    def get_ready(self) -> None:
        for number, slot in enumerate(self.fleet.workers):
            self.row(number).state = State.IDLE
            self.fleet.seen(slot, Sight(is_ready=True), 1.0)

    def row(self, number: int) -> Row:
        row = self.boards.row(self.fleet.generation, number)
        assert row
        return row


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_all_is_well(machine: Machine) -> None:
    assert machine.healer.alive() == machine.healer.ready() == WELL


def test_it_is_alive_before_it_is_ready() -> None:
    machine = Machine(ready=False)

    assert machine.healer.ready().reasons == ("the first workers are not ready yet",)
    assert machine.healer.alive().reasons == ()
    machine.get_ready()
    assert machine.healer.ready() == WELL


def test_who_has_been_ready_stays_so_though_workers_come_and_go(machine: Machine) -> None:
    machine.healer.look()
    for slot in machine.fleet.workers:
        machine.fleet.exited(slot, 2.0, well=True)

    assert machine.healer.ready() == WELL


def test_the_next_image_is_ready_at_once() -> None:
    assert Machine(ready=False, generation=1).healer.ready() == WELL


def test_without_workers_to_wait_for_it_is_ready() -> None:
    assert Machine(workers=0).healer.ready() == WELL


def test_a_pool_that_cannot_work_is_neither_alive_nor_ready() -> None:
    machine = Machine(workers=1, ready=False)
    (slot,) = machine.fleet.workers
    for _ in range(3):
        machine.fleet.exited(slot, 1.0, well=False, by="status 78")
        machine.fleet.spawned(slot, Process(100, 0, 0.0, row=0))
    reason = "pool mail is degraded: 3 workers died before they were ready; the last: status 78"

    assert machine.healer.alive().reasons == (reason,)
    assert reason in machine.healer.ready().reasons


def test_without_redis_it_is_alive_but_not_ready(machine: Machine) -> None:
    machine.row(1).lost_redis()
    reason = "Redis does not answer 1 of 2 workers of mail, for 0 s"

    assert machine.healer.ready() == Health((reason,))
    assert machine.healer.alive() == Health((), (reason,))
    machine.row(1).found_redis()
    assert machine.healer.ready() == WELL


def test_who_waits_for_a_redis_that_is_away_counts_as_offline(machine: Machine) -> None:
    machine.row(1).lost_redis()
    states = crews(machine.fleet, machine.boards)["mail"].states

    assert (states["idle"], states["offline"]) == (1, 1)


def test_who_is_being_stopped_is_not_ready(machine: Machine) -> None:
    machine.fleet.shut(Mood.DRAINING, 2.0)

    assert machine.healer.ready().reasons == ("resqued is being stopped",)
    assert machine.healer.alive() == Health((), ("resqued is being stopped",))


def test_a_pause_is_no_illness(machine: Machine) -> None:
    machine.fleet.pause(to=True)

    assert machine.healer.alive() == machine.healer.ready() == Health((), ("pool mail is paused",))


def test_a_scheduler_that_is_not_there_is_told_until_it_is() -> None:
    machine = Machine(roles=["scheduler"])

    assert (
        machine.healer.alive() == machine.healer.ready() == Health((), ("the scheduler is not there; it is started",))
    )
    machine.fleet.spawned(machine.fleet.house.roles[0], Process(200, 0, 0.0))
    assert machine.healer.alive() == WELL
    machine.fleet.house.roles[0].process = None
    machine.fleet.shut(Mood.DRAINING, 2.0)
    assert machine.healer.ready() == Health(("resqued is being stopped",))


def test_an_application_that_does_not_import_any_more_is_no_reason_to_end_what_runs(machine: Machine) -> None:
    machine.fleet.halt("the application does not import; reload when it does")

    assert machine.healer.alive() == Health((), ("the application does not import; reload when it does",))
