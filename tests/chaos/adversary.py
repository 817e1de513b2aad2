"""Carries the script out: acts on whoever is there, ends what has lasted long enough, starts masters again."""

import heapq
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count

import psutil

from tests.chaos.script import PROCESSES, Act, What, Whom
from tests.chaos.stage import Stage

SIGNALS = {
    What.KILL: signal.SIGKILL,
    What.STOP: signal.SIGSTOP,
    What.TERM: signal.SIGTERM,
    What.INT: signal.SIGINT,
    What.QUIT: signal.SIGQUIT,
    What.HUP: signal.SIGHUP,
}
ANSWERS = 3  # that are lost in a row
BREATH = 0.3  # s for which a master that ended stays away


@dataclass
class Deeds:
    """What the adversary has really done, for some acts find nobody to meet."""

    acts: Counter[tuple[What, Whom]] = field(default_factory=Counter)
    killed: dict[int, int] = field(default_factory=dict)  # pid → ns, monotonic
    stopped: list[tuple[int, int]] = field(default_factory=list)  # pid, and when

    def note(self, act: Act, pid: int = 0) -> None:
        self.acts[act.what, act.whom] += 1
        if act.what is What.KILL and pid:
            self.killed[pid] = time.monotonic_ns()
        elif act.what is What.STOP:
            self.stopped.append((pid, time.monotonic_ns()))


class Adversary:
    """`perform` is told the time, in seconds from the beginning, and never waits but for Redis to end or to start."""

    def __init__(self, stage: Stage, acts: Sequence[Act], tell: Callable[[str], None]) -> None:
        self.deeds = Deeds()
        self._stage, self._tell = stage, tell
        self._order = count()
        self._agenda: list[tuple[float, int, Callable[[float], None]]] = []
        self._away: set[int] = set()  # masters that will be started in a moment
        for act in acts:
            self._plan(act.at, partial(self._act, act))

    def perform(self, now: float) -> None:
        """Whatever is due."""
        while self._agenda and self._agenda[0][0] <= now:
            heapq.heappop(self._agenda)[2](now)
        for master in self._stage.tend():
            if master.number not in self._away:
                self._away.add(master.number)
                self._plan(now + BREATH, partial(self._start_again, master.number))

    def _plan(self, at: float, deed: Callable[[float], None]) -> None:
        heapq.heappush(self._agenda, (at, next(self._order), deed))

    def _start_again(self, number: int, _now: float) -> None:
        self._away.discard(number)
        self._stage.masters[number].start()

    def _act(self, act: Act, now: float) -> None:
        if act.whom in PROCESSES:
            self._on_process(act, now)
        elif act.whom is Whom.REDIS:
            self._on_redis(act, now)
        else:
            self._on_network(act, now)

    def _on_process(self, act: Act, now: float) -> None:
        self._meet(act, now, self._stage.crowd()[act.whom])

    def _meet(self, act: Act, now: float, there: Sequence[psutil.Process]) -> None:
        if not there:
            return
        victim = there[int(act.which * len(there))]
        try:
            victim.send_signal(SIGNALS[act.what])
        except psutil.NoSuchProcess:
            return
        self._note(act, victim.pid)
        if act.what is What.STOP:
            self._plan(now + act.lasts, lambda _: _continue(victim))

    def _on_redis(self, act: Act, now: float) -> None:
        server = self._stage.server
        if not server.is_up:
            return
        self._note(act)
        match act.what:
            case What.FLUSH:
                server.client.script_flush()
            case What.DISCONNECT:
                server.client.client_kill_filter(_type="normal", skipme=True)
            case _:
                server.end(SIGNALS[act.what])
                self._plan(now + act.lasts, lambda _: server.start())

    def _on_network(self, act: Act, now: float) -> None:
        host = self._stage.masters[int(act.which * len(self._stage.masters))]
        net = host.proxy
        self._note(act)
        match act.what:
            case What.RESET:
                net.reset()
            case What.STALL:
                net.stall()
                self._plan(now + act.lasts, lambda _: net.flow())
            case What.DELAY:
                net.hold()
                self._plan(now + act.lasts, lambda _: net.flow())
            case What.BEREAVE:
                net.hold()
                killing = replace(act, what=What.KILL, whom=Whom.WORKER, lasts=0.0)
                self._plan(now + act.lasts / 2, lambda at: self._meet(killing, at, self._stage.busy_workers_of(host)))
                self._plan(now + act.lasts, lambda _: net.flow())
            case What.CUT:
                net.go_away()
                self._plan(now + act.lasts, lambda _: net.come_back())
            case What.LOSE:
                net.lose_replies(ANSWERS, of="EVALSHA")
            case What.SILENCE:
                net.lose_replies(of="EVALSHA", how="silence")

    def _note(self, act: Act, pid: int = 0) -> None:
        self.deeds.note(act, pid)
        self._tell(f"{act}{f' ({pid})' if pid else ''}")


def _continue(victim: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        victim.send_signal(signal.SIGCONT)
