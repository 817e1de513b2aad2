"""Waiting for a push without taking it, one worker a pool.

`BLMOVE q q LEFT LEFT` blocks until q has a job and leaves it where it is: nothing is in flight, so a wait may be
dropped at any instant. It wakes everybody who waits on q, so of a pool's idle workers only one does, the leader; the
others wait for its token.
"""

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress

from resqued.errors import CommandRefused, StoreUnavailable
from resqued.protocol.keys import Keys
from resqued.wire import PENDING, Wire

LONGEST_WAIT = 20.0  # s; a heartbeat must never be late for it
SHORTEST_WAIT = 0.05  # s; to BLMOVE, 0 means for ever
LATE = 5.0  # s after the end of a wait: an answer that has not come by then never will
MOST_WAITS = 32  # connections; what a pattern names beyond them is found by looking


class Token:
    """A byte in a pipe: whoever holds it leads its pool.

    A worker that dies with it takes it along, and its master puts one back. Two may then be about: harmless, and
    whoever reads takes all that lie there.
    """

    def __init__(self, inherited: tuple[int, int] | None = None) -> None:
        self.pipe = self._read, self._write = inherited or os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        if inherited is None:
            self.put()

    def fileno(self) -> int:
        """Readable when the token is to be had. All wait for it, but one at a time is woken (`worker.ears`)."""
        return self._read

    def take(self) -> bool:
        try:
            return bool(os.read(self._read, 64))
        except BlockingIOError:
            return False

    def put(self) -> None:
        with suppress(BlockingIOError):  # the pipe is full of them
            os.write(self._write, b"t")

    def forget(self) -> None:
        os.close(self._read)
        os.close(self._write)


class Vigil:
    """One worker's part in its pool's waiting."""

    def __init__(self, token: Token, connect: Callable[[], Wire], keys: Keys) -> None:
        self.leads = False
        self._token, self._connect, self._keys = token, connect, keys
        self._wires: dict[str, Wire] = {}
        self._ends: dict[str, float] = {}  # when each wait is over; a refused one, which has no wire, is over then too

    def begin(self, queues: Sequence[str], now: float, until: float) -> None:
        """Wait for a job on any of `queues`, no longer than `until`. Waits that are under way go on.

        Raises StoreUnavailable if Redis cannot be asked.
        """
        if not (self.leads or self._token.take()):
            return
        if not self.leads:
            self.leads = True
            self._answered(self._under_way())  # to waits from an earlier time in the lead
        self._drop(self._outdated(queues, now))
        seconds = min(LONGEST_WAIT, max(SHORTEST_WAIT, until - now))
        for queue in self._unwatched(queues):
            self._ask(queue, seconds)
            self._ends[queue] = now + seconds

    def _outdated(self, queues: Sequence[str], now: float) -> list[str]:
        wanted = set(queues)
        return [
            queue
            for queue in self._wires.keys() | self._ends.keys()
            if queue not in wanted or now > self._ends.get(queue, now) + LATE
        ]

    def _unwatched(self, queues: Sequence[str]) -> list[str]:
        """Those to wait on from now. Who has a connection comes first: in a random order others would take turns."""
        candidates = [queue for queue in queues if queue not in self._ends]
        candidates.sort(key=lambda queue: queue not in self._wires)
        return candidates[: max(0, MOST_WAITS - len(self._ends))]

    def _ask(self, queue: str, seconds: float) -> None:
        if queue not in self._wires:
            self._wires[queue] = self._connect()
        key = self._keys.queue(queue)
        try:
            self._wires[queue].ask("BLMOVE", key, key, "LEFT", "LEFT", f"{seconds:.3f}")
        except CommandRefused as refused:  # the connection was: no such database
            raise StoreUnavailable(str(refused)) from refused

    def watched(self) -> list[int]:
        """Descriptors of which one becomes readable when there is something to do."""
        if not self.leads:
            return [self._token.fileno()]
        return [self._wires[queue].fileno() for queue in self._under_way()]

    def woken(self, ready: Collection[int]) -> bool:
        """Whether one of `watched` was a job. The token is then passed on, for there may be more jobs than one.

        Raises StoreUnavailable if a connection was lost.
        """
        if not self.leads:
            return False
        found = self._answered(queue for queue in self._under_way() if self._wires[queue].fileno() in ready)
        if found:
            self._pass_on()
        return found

    def _under_way(self) -> list[str]:
        return [queue for queue in self._ends if queue in self._wires]

    def _answered(self, queues: Iterable[str]) -> bool:
        """Take in what answers there are, all of them. Whether one of them was a job."""
        return any([self._is_job(queue) for queue in queues])  # noqa: C419  without the list it would stop at the first

    def _is_job(self, queue: str) -> bool:
        try:
            answer = self._wires[queue].answer()
        except CommandRefused:  # not a list: looking will say the same, and to ask again at once would be to spin
            self._wires.pop(queue).close()
            return False
        if answer is PENDING:
            return False
        del self._ends[queue]
        return answer is not None

    def end(self) -> None:
        """This worker has something better to do."""
        if self.leads:
            self._pass_on()

    def leave(self) -> None:
        """This worker waits no more. A token wakes only one: it may have been this one, and is then for another."""
        if self.leads or self._token.take():
            self._pass_on()
        self.lost()

    def _pass_on(self) -> None:
        """Waits on other queues end by themselves: closing their connections would cost more than their answers."""
        self.leads = False
        self._token.put()

    def _drop(self, queues: Iterable[str]) -> None:
        for queue in queues:
            self._ends.pop(queue, None)
            if wire := self._wires.pop(queue, None):
                wire.close()

    def lost(self) -> None:
        """Redis is away: nobody waits until it is back."""
        for wire in self._wires.values():
            wire.close()
        self._wires.clear()
        self._ends.clear()

    @property
    def descriptors(self) -> list[int]:
        """What a child must close."""
        return [*self._token.pipe, *(wire.fileno() for wire in self._wires.values())]
