"""The master: fork workers, restart those that die, pass on a wish to stop. It never talks to Redis."""

import select
import signal
from collections.abc import Callable, Mapping
from time import monotonic

from resqued import processes, signals
from resqued.escalation import Mood
from resqued.fleet import Action, Fleet, Kill, Slot, Spawn, Tell
from resqued.log import log
from resqued.processes import Exit
from resqued.scoreboard import Scoreboard, State
from resqued.signals import Inbox, milliseconds
from resqued.store.vigil import Token

STILL_REGISTERED = 69  # exit status of a worker that Redis did not let go: EX_UNAVAILABLE of sysexits.h
MOODS = {signal.SIGQUIT: Mood.DRAINING, signal.SIGTERM: Mood.STOPPING, signal.SIGINT: Mood.HURRYING}
SIGNALS: dict[Mood, int] = {
    Mood.DRAINING: signal.SIGQUIT,
    Mood.STOPPING: signal.SIGTERM,
    Mood.HURRYING: signals.HURRY,
    Mood.KILLING: signals.KILL,
}


class Master:
    """`spawn` forks the process for a slot and returns its pid; it raises OSError if there can be no more processes."""

    def __init__(
        self,
        fleet: Fleet,
        *,
        spawn: Callable[[Slot], int],
        inbox: Inbox,
        board: Scoreboard,
        tokens: Mapping[str, Token],
    ) -> None:
        self._fleet, self._spawn, self._inbox, self._board, self._tokens = fleet, spawn, inbox, board, tokens
        self.killed_jobs: set[int] = set()  # whose workers died: a pruner waits until they are gone
        self._poll = select.poll()
        self._poll.register(inbox, select.POLLIN)

    def run(self) -> None:
        """Until everybody has gone, after a wish to stop. Its first act is to have its predecessor's dead settled."""
        self._fleet.left_work()
        while not self._fleet.done:
            for action in self._fleet.plan(monotonic()):
                self._perform(action)
            for number in self._wait():
                self._hear(number)
            for ended in processes.reap():  # always: signals merge
                self._bury(ended)

    def _wait(self) -> list[int]:
        if self._fleet.done:
            return []
        wakes_at = self._fleet.wakes_at()
        self._poll.poll(milliseconds(wakes_at))
        return self._inbox.read()

    def _hear(self, number: int) -> None:
        mood = MOODS.get(signal.Signals(number)) if number in MOODS else None
        if mood is Mood.HURRYING and self._fleet.mood >= Mood.HURRYING:
            mood = Mood.KILLING
        if mood is not None and mood > self._fleet.mood:
            log.info("master.stopping", signal=signals.name(number))
            self._fleet.shut(mood, monotonic())

    def _perform(self, action: Action) -> None:
        match action:
            case Spawn(slot):
                self._fill(slot)
            case Tell(slot, mood):
                assert slot.pid is not None
                processes.send(slot.pid, SIGNALS[mood] if slot in self._fleet.workers else signal.SIGTERM)
            case Kill(slot):
                self._kill(slot)

    def _fill(self, slot: Slot) -> None:
        if slot.row >= 0:
            self._board.row(slot.row).clear()
        try:
            pid = self._spawn(slot)
        except OSError as error:
            log.error("worker.not_forked", slot=slot.name, error=str(error))
            self._fleet.not_spawned(slot, monotonic())
        else:
            self._fleet.spawned(slot, pid, monotonic())
            if slot in self._fleet.services:
                log.info("redis.started", pid=pid)
            elif slot is self._fleet.pruner:
                self.killed_jobs.clear()
            else:
                log.info("worker.started", slot=slot.name, pid=pid)

    def _kill(self, slot: Slot) -> None:
        assert slot.pid is not None
        log.error("worker.killed", slot=slot.name, pid=slot.pid)
        processes.send(slot.pid, signal.SIGKILL)

    def _bury(self, ended: Exit) -> None:
        slot = self._fleet.exited(ended.pid, monotonic(), was_ready=lambda slot: self._was_well(slot, ended))
        if slot in self._fleet.services:
            self._report_service(ended)
        elif slot is self._fleet.pruner and ended.code != 0:
            log.warning("pruner.failed", pid=ended.pid, by=str(ended))
        elif slot in self._fleet.workers:
            self._report(slot, ended)
            self._clear_up_after(slot, ended)

    def _was_well(self, slot: Slot, ended: Exit) -> bool:
        if slot is self._fleet.pruner:
            return ended.code == 0
        return slot in self._fleet.services or self._board.row(slot.row).state is not State.STARTING

    def _report(self, slot: Slot, ended: Exit) -> None:
        facts = {"slot": slot.name, "pid": ended.pid, "lived_s": round(monotonic() - slot.spawned_at, 3)}
        if ended.code == 0:
            log.info("worker.stopped", **facts)
        elif self._fleet.mood is Mood.RUNNING:
            log.warning(
                "worker.died", **facts, by=str(ended), restart_in_s=round(max(0, slot.spawns_at - monotonic()), 3)
            )
        else:
            log.warning("worker.died", **facts, by=str(ended))

    def _report_service(self, ended: Exit) -> None:
        if self._fleet.mood is Mood.RUNNING:
            log.error("redis.died", pid=ended.pid, by=str(ended))
        else:
            log.info("redis.stopped", pid=ended.pid)

    def _clear_up_after(self, slot: Slot, ended: Exit) -> None:
        """A worker that was killed leaves its job behind, and perhaps took its pool's token along.

        Its job is killed before its slate is settled: nothing runs twice at the same time.
        """
        row = self._board.row(slot.row)
        if row.job:
            processes.kill_group(row.job)
            self.killed_jobs.add(row.job)
        if row.leads or ended.code != 0:  # it may have been killed in the moment of taking it; two do no harm
            self._tokens[slot.pool].put()
        row.clear()
        if ended.code != 0 and not (ended.code == STILL_REGISTERED and self._fleet.mood is not Mood.RUNNING):
            self._fleet.left_work()  # in a stop it was Redis that would not answer: a pruner would have no better luck
