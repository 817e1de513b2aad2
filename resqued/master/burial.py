"""What there is to do, and to say, when a process of the master has ended."""

from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING

from resqued import kin, processes
from resqued.boards import Boards
from resqued.escalation import Mood
from resqued.fleet import Fleet, Process, Slot, house
from resqued.log import log
from resqued.processes import Exit
from resqued.store.vigil import Token

if TYPE_CHECKING:
    from resqued.master.figures import Figures

ORPHANS = 3  # exit status of a pruner: all is settled, but workers of an earlier master still live
ORPHANS_EVERY = 2.0  # s from one look whether they have died to the next: no master will be told
STILL_REGISTERED = 69  # exit status of a worker that Redis did not let go: EX_UNAVAILABLE of sysexits.h


class Burial:
    def __init__(
        self, fleet: Fleet, boards: Boards, tokens: Mapping[str, Token], figures: "Figures | None" = None
    ) -> None:
        self._fleet, self._boards, self._tokens, self._figures = fleet, boards, tokens, figures
        self.killed_jobs: set[int] = set()  # whose workers died: a pruner waits until they are gone

    def of_service(self, slot: Slot, ended: Exit) -> None:
        was_asked = slot.process is not None and slot.process.is_leaving
        self._fleet.exited(slot, monotonic(), well=ended.code in (0, ORPHANS))
        if slot is self._fleet.pruner:
            self._report_pruner(ended)
        elif was_asked:
            log.say(house.SAID[slot.name].stopped, pid=ended.pid)
        else:
            log.say(house.SAID[slot.name].died, pid=ended.pid, by=str(ended))

    def _report_pruner(self, ended: Exit) -> None:
        if ended.code not in (0, ORPHANS):
            log.warning("pruner.failed", pid=ended.pid, by=str(ended))
        elif ended.code == ORPHANS and self._fleet.mood is Mood.RUNNING:  # a stop does not wait for them
            self._fleet.left_work(monotonic() + ORPHANS_EVERY)

    def of_worker(self, slot: Slot, ended: Exit) -> None:
        process = slot.process
        assert process is not None
        well = ended.code in (0, STILL_REGISTERED)
        if self._figures:
            row = self._boards.row(process.generation, process.row)
            self._figures.left(slot.pool, process, row, well=well)
        self._fleet.exited(slot, monotonic(), well=well, by=str(ended))
        self._report(slot, process, ended)
        self._clear_up_after(slot, process, ended)

    def _report(self, slot: Slot, process: Process, ended: Exit) -> None:
        facts: dict[str, object] = {"slot": slot.name, "pid": ended.pid}
        facts["lived_s"] = round(monotonic() - process.spawned_at, 3)
        if ended.code == 0:
            log.info("worker.stopped", **facts)
            return
        if self._fleet.mood is Mood.RUNNING and slot.wanted:
            facts["restart_in_s"] = round(max(0.0, slot.spawns_at - monotonic()), 3)
        log.warning("worker.died", **facts, by=str(ended))

    def _clear_up_after(self, slot: Slot, process: Process, ended: Exit) -> None:
        """A worker that was killed leaves its job behind, and perhaps took its pool's token along.

        Its job is killed before its slate is settled: nothing runs twice at the same time.
        """
        row = self._boards.row(process.generation, process.row)
        if row and row.job:
            processes.kill_group(row.job)
            processes.kill_each(kin.session(row.job))  # shells put what they start into groups of their own
            self.killed_jobs.add(row.job)
        if row is None or row.leads or ended.code != 0:  # it may have been killed in the moment of taking it
            self._tokens[slot.pool].put()
        if row:
            row.clear()
        if ended.code != 0 and not (ended.code == STILL_REGISTERED and self._fleet.mood is not Mood.RUNNING):
            self._fleet.left_work()  # in a stop it was Redis that would not answer: a pruner would have no better luck
