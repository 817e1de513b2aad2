"""Where an operator's wishes are granted: they come in by the control socket, a line each."""

import signal
from collections.abc import Callable

from resqued import processes, wishes
from resqued.boards import Boards
from resqued.errors import WishRefused
from resqued.fleet import Fleet, Slot, grants
from resqued.log import log
from resqued.scoreboard import Row
from resqued.wishes import KillJob, Pause, Paused, Refused, Resume, Scale, Scaled, Unwanted


class Desk:
    """`look`: find out what the workers do at this moment."""

    def __init__(self, fleet: Fleet, boards: Boards, *, look: Callable[[], None]) -> None:
        self._fleet, self._boards, self._look = fleet, boards, look

    def answer(self, text: bytes) -> bytes:
        try:
            return wishes.encode(self._grant(wishes.decode(text)))
        except WishRefused as error:
            return wishes.encode(Refused(refused=str(error)))

    def _grant(self, wish: wishes.Wish) -> wishes.Answer:
        match wish:
            case Pause(pool=pool):
                return self._pause(pool, to=True)
            case Resume(pool=pool):
                return self._pause(pool, to=False)
            case Scale():
                return self._scale(wish)
            case KillJob():
                return self._kill_job(wish)

    # pools

    def _pause(self, name: str | None, *, to: bool) -> Paused:
        changed = grants.pause(self._fleet, name, to=to)
        for pool in changed:
            if to:
                log.info("pool.paused", pool=pool)
            else:
                log.info("pool.resumed", pool=pool)
        return Paused(pools=list(self._fleet.pools) if name is None else [name], changed=changed)

    def _scale(self, wish: Scale) -> Scaled:
        by = grants.change(self._fleet, wish, self.room)
        pool = self._fleet.pools[wish.pool]
        was = pool.wanted
        if by:
            self.resize(wish.pool, by)
        return Scaled(pool=wish.pool, workers=pool.wanted, was=was, elastic=pool.size.is_elastic)

    @property
    def room(self) -> int:
        """How many more workers the scoreboard has a place for: who is to leave keeps his until then."""
        return self._boards.own_rows - len(self._fleet.workers)

    def resize(self, pool: str, by: int) -> None:
        self._look()  # who is idle goes first
        log.info("pool.resized", pool=pool, workers=self._fleet.resize(pool, by))

    # jobs

    def _kill_job(self, wish: KillJob) -> Unwanted:
        """Have the worker end that job. If it is over by then, nothing happens: the worker compares, too."""
        slot, row = self._performer_of(wish)
        job = row.job
        log.info("job.unwanted", slot=slot.name, pid=job)
        row.unwant(wish.turn)
        processes.send(wish.pid, signal.SIGCHLD)  # for no more than to wake it
        return Unwanted(worker=slot.name, pid=wish.pid, job_pid=job)

    def _performer_of(self, wish: KillJob) -> tuple[Slot, Row]:
        slot = self._fleet.slot_of(wish.pid)
        if slot is None or slot.process is None or slot not in self._fleet.workers:
            raise WishRefused(f"process {wish.pid} is no worker of this master; it may have left")
        row = self._boards.row(slot.process.generation, slot.process.row)
        if row is None or not wish.turn or row.turn != wish.turn:
            raise WishRefused(f"{slot.name} no longer performs that job: it has ended")
        return slot, row
