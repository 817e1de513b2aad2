"""The loop of the master."""

import errno
import select
import signal
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias

from resqued import processes, signals
from resqued.boards import Boards
from resqued.escalation import Mood
from resqued.fleet import Action, Dump, Fleet, Hold, Kill, Process, Release, Say, Sight, Slot, Spawn, Tell, house
from resqued.lifeline import Bell
from resqued.listening import Listener
from resqued.log import log
from resqued.master.burial import Burial
from resqued.master.desk import Desk
from resqued.master.hands import Hands
from resqued.master.reloading import Reloading
from resqued.processes import Exit
from resqued.reload import Reload
from resqued.scoreboard import Row, State
from resqued.signals import Inbox, milliseconds
from resqued.store.vigil import Token

if TYPE_CHECKING:
    from resqued.master.figures import Figures

Door: TypeAlias = tuple[Listener, Callable[[bytes], bytes]]  # where strangers ask, and who answers them

MOODS = {signal.SIGQUIT: Mood.DRAINING, signal.SIGTERM: Mood.STOPPING, signal.SIGINT: Mood.HURRYING}
SIGNALS: dict[Mood, int] = {
    Mood.DRAINING: signal.SIGQUIT,
    Mood.STOPPING: signal.SIGTERM,
    Mood.HURRYING: signals.HURRY,
    Mood.KILLING: signals.KILL,
}


class Next(Enum):
    """Why the loop has ended."""

    END = auto()  # everybody has gone
    BECOME = auto()  # the new version of ourselves


class Master:
    """`control`: where wishes come in. `doors`: what else it serves. `signal_pool`: whose size TTIN and TTOU change."""

    def __init__(
        self,
        fleet: Fleet,
        reload: Reload,
        hands: Hands,
        *,
        inbox: Inbox,
        bell: Bell,
        boards: Boards,
        tokens: Mapping[str, Token],
        control: Listener | None,
        signal_pool: str,
        doors: Sequence[Door] = (),
        figures: "Figures | None" = None,
    ) -> None:
        self._fleet, self._hands, self._signal_pool = fleet, hands, signal_pool
        self._inbox, self._bell, self._boards = inbox, bell, boards
        self._reloading, self._burial = Reloading(reload, hands), Burial(fleet, boards, tokens, figures)
        self._desk = Desk(fleet, boards, look=self._look)
        self._doors = [*([(control, self._desk.answer)] if control else []), *doors]
        self.killed_jobs = self._burial.killed_jobs
        self.is_hopeless = False
        self._poll = select.poll()
        for source in (inbox, bell):
            self._poll.register(source, select.POLLIN)
        for listener, _ in self._doors:
            listener.watch(self._poll)

    def run(self) -> Next:
        """Until everybody has gone, after a wish to stop; or until it is time to become the new version."""
        self._reap()  # an image before this one may have heard of the end of a process, and not come to it
        while not self._fleet.done:
            self._look()
            self._act()
            if self._fleet.mood is Mood.RUNNING and self._reloading.may_become():
                return Next.BECOME
            self._sleep()
            self.hear()
            self._serve()
            self._reap()  # always: signals merge
        self._act()  # there may be something left to say
        self._hands.tell()
        return Next.END

    def refuse_reload(self, reason: Sequence[str]) -> None:
        """The new version could not take over, or cannot be used: what there is goes on."""
        self._reloading.refuse(reason)

    def _look(self) -> None:
        self._bell.hush()
        for slot in self._fleet.workers:
            self._look_at(slot)
        self._boards.keep({process.generation for process in self._fleet.processes})

    def _look_at(self, slot: Slot) -> None:
        if process := slot.process:
            self._fleet.seen(slot, _sight(self._boards.row(process.generation, process.row)), monotonic())

    def _sleep(self) -> None:
        doors = (listener.wakes_at for listener, _ in self._doors)
        times = (self._hands.tell(), self._fleet.wakes_at(), self._reloading.wakes_at, *doors)
        if not self._fleet.done:
            self._poll.poll(milliseconds(min((at for at in times if at is not None), default=None)))

    # what is done

    def _act(self) -> None:
        for action in self._fleet.plan(monotonic()):
            self._perform(action)

    def _perform(self, action: Action) -> None:
        match action:
            case Spawn(slot):
                self._fill(slot)
            case Tell(slot, mood):
                _send(slot, SIGNALS[mood] if slot in self._fleet.workers else signal.SIGTERM)
            case Hold(slot):
                _send(slot, signal.SIGUSR2)
            case Release(slot):
                _send(slot, signal.SIGCONT)
            case Dump(slot):
                log.error("worker.stuck", slot=slot.name, pid=slot.pid)
                _send(slot, signals.DUMP)
            case Kill(slot):
                log.error("worker.killed", slot=slot.name, pid=slot.pid)
                _send(slot, signal.SIGKILL)
            case Say(event, facts):
                log.say(event, **facts)

    def _fill(self, slot: Slot) -> None:
        is_worker = slot in self._fleet.workers
        try:
            number = self._vacant_row() if is_worker else -1
            row = self._boards.row(self._fleet.generation, number) if is_worker else None
            if row:
                row.clear()
            pid = self._hands.spawn(slot, row)
        except OSError as error:
            log.error("worker.not_forked", slot=slot.name, error=str(error))
            self._fleet.not_spawned(slot, monotonic())
        else:
            paused = is_worker and self._fleet.pools[slot.pool].paused
            self._fleet.spawned(slot, Process(pid, self._fleet.generation, monotonic(), row=number, paused=paused))
            self._report_start(slot, pid)

    def _vacant_row(self) -> int:
        ours = self._fleet.generation
        number = self._boards.vacant({one.row for one in self._fleet.processes if one.generation == ours})
        if number is None:  # those who are to leave, but have a long job, keep theirs
            raise OSError(errno.ENOSPC, "the scoreboard has no room before somebody has left")
        return number

    def _report_start(self, slot: Slot, pid: int) -> None:
        if slot is self._fleet.pruner:
            self.killed_jobs.clear()
        elif slot in self._fleet.house.slots:
            log.say(house.SAID[slot.name].started, pid=pid)
        else:
            log.info("worker.started", slot=slot.name, pid=pid)

    # what is heard

    def hear(self) -> None:
        """Heed what has come until now."""
        for number in self._inbox.read():
            self._heed(number)

    def _serve(self) -> None:
        for listener, answer in self._doors:
            listener.serve(monotonic(), answer)

    def _heed(self, number: int) -> None:
        match number:
            case signal.SIGTERM | signal.SIGINT | signal.SIGQUIT:
                self._stop(number, MOODS[signal.Signals(number)])
            case signal.SIGHUP if self._inbox.is_hung_up():
                self._stop(number, Mood.STOPPING)
            case signal.SIGHUP:
                self._reloading.ask()
            case signal.SIGUSR1:
                self._reopen_logs()
            case signal.SIGUSR2 | signal.SIGCONT:
                self._pause(to=number == signal.SIGUSR2)
            case signal.SIGTTIN | signal.SIGTTOU:
                self._resize(1 if number == signal.SIGTTIN else -1)

    def _stop(self, number: int, mood: Mood) -> None:
        if mood is Mood.HURRYING and self._fleet.mood >= Mood.HURRYING:
            mood = Mood.KILLING
        if mood > self._fleet.mood:
            log.info("master.stopping", signal=signals.name(number))
            self._shut(mood)

    def _shut(self, mood: Mood) -> None:
        self._fleet.shut(mood, monotonic())
        self._reloading.cancel()

    def _reopen_logs(self) -> None:
        self._boards.reopen_logs()  # ours, too
        log.info("log.reopened")

    def _pause(self, *, to: bool) -> None:
        if to or any(pool.paused for pool in self._fleet.pools.values()):  # CONT comes for other reasons, too
            if to:
                log.info("master.paused")
            else:
                log.info("master.resumed")
            self._fleet.pause(to=to)

    def _resize(self, by: int) -> None:
        if by > max(0, self._desk.room):
            log.warning("pool.full", pool=self._signal_pool)
        elif self._signal_pool in self._fleet.pools:
            self._desk.resize(self._signal_pool, by)

    # who has ended

    def _reap(self) -> None:
        for ended in processes.reap():
            self._bury(ended)

    def _bury(self, ended: Exit) -> None:
        slot = self._fleet.slot_of(ended.pid)
        if self._reloading.is_check(ended):
            self._reloading.checked(ended)
        elif slot is None:  # a stranger, whom we adopted from a job
            pass
        elif slot in self._fleet.workers:
            self._look_at(slot)
            self._burial.of_worker(slot, ended)
            self._give_up_if_hopeless()
        else:
            self._burial.of_service(slot, ended)

    def _give_up_if_hopeless(self) -> None:
        if self._fleet.is_hopeless and not self.is_hopeless:
            self.is_hopeless = True
            log.error("master.hopeless")
            self._shut(Mood.STOPPING)


def _send(slot: Slot, number: int) -> None:
    assert slot.pid is not None
    processes.send(slot.pid, number)


def _sight(row: Row | None) -> Sight:
    if row is None:  # an image before this one has made it, in another layout
        return Sight(is_ready=True)
    return Sight(row.state is not State.STARTING, row.state is State.BUSY, since=row.since / 1000, tick=row.tick / 1000)
