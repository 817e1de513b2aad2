"""What a master adds up of its workers: they come and go, and no counter ever goes back."""

from pathlib import Path

import pytest

from resqued.boards import Boards
from resqued.fleet import Fleet, Limits, Process, Size, Slot
from resqued.handover import Totals
from resqued.master.figures import AWAY, OUTAGES, TALLY, Figures
from resqued.metrics import tally
from resqued.scoreboard import Row, Scoreboard, now
from resqued.verdict import DONE, REQUEUED, Outcome, Verdict
from resqued.work import Job
from resqued.worker.meter import Meter

QUEUES = {"mail": ["critical", "mail", "batch-*"]}


class Machine:
    """A fleet of one pool, with a board; its workers are rows."""

    def __init__(self, directory: Path | None = None, before: Totals | None = None, generation: int = 0) -> None:
        limits = Limits(20.0, 4.0, 5.0)
        self.fleet = Fleet({"mail": Size(2, 2)}, limits, generation=generation, chance=lambda: 0.5)
        self.boards = Boards(generation, Scoreboard(2, directory, generation), {})
        self.figures = Figures(QUEUES, before)
        for number, slot in enumerate(self.fleet.workers):
            self.fleet.spawned(slot, Process(100 + number, generation, 0.0, row=number, ready_at=1.0))

    @property
    def slots(self) -> list[Slot]:
        return self.fleet.workers

    def row(self, number: int) -> Row:
        row = self.boards.row(self.fleet.generation, number)
        assert row
        return row

    def meter(self, number: int) -> Meter:
        return Meter(self.row(number), self.figures.places["mail"])

    def leaves(self, number: int, *, well: bool = True) -> None:
        slot = self.slots[number]
        assert slot.process
        self.figures.left("mail", slot.process, self.row(number), well=well)
        self.fleet.exited(slot, 2.0, well=well)
        self.row(number).clear()

    def jobs(self) -> dict[tuple[str, str], int]:
        """Those that there are."""
        cells = self.figures.counted(self.fleet, self.boards)["mail"][TALLY:]
        return {(queue, outcome): n for queue, outcome, n in tally.jobs(cells, self.figures.places["mail"]) if n}


def job(queue: str, **payload: object) -> Job:
    return Job("Mail", (), queue, {"class": "Mail", "args": [], **payload})


def performed(meter: Meter, queue: str, verdict: Verdict = DONE) -> None:
    meter.begin(job(queue))
    meter.count(queue, verdict, 0.1)


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_the_jobs_of_all_workers_are_added_up(machine: Machine) -> None:
    performed(machine.meter(0), "mail")
    performed(machine.meter(1), "mail")
    performed(machine.meter(1), "critical", Verdict(Outcome.FAILED))
    performed(machine.meter(1), "batch-7", REQUEUED)

    assert machine.jobs() == {("mail", "done"): 2, ("critical", "failed"): 1, ("*", "requeued"): 1}


def test_what_a_worker_has_counted_stays_when_it_has_gone(machine: Machine) -> None:
    performed(machine.meter(0), "mail")
    machine.leaves(0)
    assert machine.jobs() == {("mail", "done"): 1}
    machine.fleet.spawned(machine.slots[0], Process(200, 0, 3.0, row=0))
    performed(machine.meter(0), "mail")

    assert machine.jobs() == {("mail", "done"): 2}


def test_a_job_whose_worker_died_is_lost_from_its_queue(machine: Machine) -> None:
    machine.meter(0).begin(job("critical"))
    machine.row(0).turn = 3
    machine.leaves(0, well=False)

    assert machine.jobs() == {("critical", "lost"): 1}


def test_a_job_that_had_ended_is_not_lost(machine: Machine) -> None:
    performed(machine.meter(0), "mail")
    machine.leaves(0, well=False)

    assert machine.jobs() == {("mail", "done"): 1}


def test_an_image_goes_on_where_the_one_before_it_was(tmp_path: Path) -> None:
    first = Machine(tmp_path)
    performed(first.meter(0), "mail")
    performed(first.meter(1), "critical")
    first.leaves(0)
    second = Machine(tmp_path, first.figures.bequeathed(first.fleet, first.boards), generation=1)
    second.boards = Boards(1, Scoreboard(2, tmp_path, 1), {0: Scoreboard.open(first.boards.files[0])})
    second.fleet.adopt("mail", 1, Process(101, 0, 0.0, row=1, ready_at=1.0))

    assert second.jobs() == {("mail", "done"): 1, ("critical", "done"): 1}
    assert second.figures.exits("mail")["recycled"] == 1


def test_what_stands_in_memory_alone_is_written_down_for_the_next_image(machine: Machine) -> None:
    performed(machine.meter(0), "mail")
    second = Machine(before=machine.figures.bequeathed(machine.fleet, machine.boards), generation=1)

    assert second.jobs() == {("mail", "done"): 1}


def test_places_are_those_of_the_first_image(machine: Machine) -> None:
    performed(machine.meter(0), "mail")
    machine.leaves(0)
    later = Figures({"mail": ["reports", "mail"]}, machine.figures.totals)

    assert later.places["mail"] == ["*", "critical", "mail", "reports"]


def test_a_pool_that_is_gone_keeps_what_it_has_counted(machine: Machine) -> None:
    performed(machine.meter(0), "mail")
    machine.leaves(0)
    later = Figures({"web": ["web"]}, machine.figures.totals)
    counted = later.counted(Fleet({"web": Size(0, 0)}, Limits(1, 1, 1), chance=lambda: 0.5), machine.boards)

    assert counted["mail"][TALLY + 2 * len(tally.OUTCOMES)] == 1
    assert set(counted) == {"mail", "web"}


def test_totals_of_a_version_that_counted_less_are_taken_over() -> None:
    later = Figures(QUEUES, Totals(places={}, left={"mail": [1, 2000, 7]}))
    counted = later.counted(Machine().fleet, Machine().boards)["mail"]

    assert counted[:4] == [1, 2000, 7, 0]
    assert len(counted) == TALLY + tally.SIZE


def test_outages_are_counted_when_they_are_over(machine: Machine) -> None:
    row = machine.row(0)
    row.lost_redis()
    row.severed -= 1500
    assert machine.figures.counted(machine.fleet, machine.boards)["mail"][:2] == [0, 0]
    row.found_redis()
    counted = machine.figures.counted(machine.fleet, machine.boards)["mail"]

    assert (counted[OUTAGES], row.severed) == (1, 0)
    assert counted[AWAY] >= 1500


def test_an_outage_that_outlives_its_worker_is_over_with_it(machine: Machine) -> None:
    machine.row(0).severed = now() - 2500
    machine.leaves(0)
    counted = machine.figures.counted(machine.fleet, machine.boards)["mail"]

    assert counted[OUTAGES] == 1
    assert counted[AWAY] >= 2500


@pytest.mark.parametrize(
    ("facts", "well", "reason"),
    [
        ({}, True, "recycled"),
        ({}, False, "died"),
        ({"ready_at": None}, False, "stillborn"),
        ({"ready_at": None}, True, "stillborn"),
        ({"retired": True}, True, "reload"),
        ({"retired": True}, False, "died"),
        ({"told": 1}, True, "asked"),
        ({"told": 2, "killed": True}, False, "killed"),
        ({"dumped_at": 5.0, "killed": True}, False, "stuck"),
    ],
)
def test_every_end_has_a_reason(machine: Machine, facts: dict[str, object], well: bool, reason: str) -> None:
    process = machine.slots[0].process
    assert process
    for name, value in facts.items():
        setattr(process, name, value)
    machine.leaves(0, well=well)

    assert {why: n for why, n in machine.figures.exits("mail").items() if n} == {reason: 1}
