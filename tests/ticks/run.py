"""One run, from the first job that is put aside to the account."""

import json
import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from time import monotonic

import psutil
from redis import Redis

from tests.support import redis_server
from tests.support.daemon import text_of
from tests.support.processes import children, kill_families
from tests.support.redis_server import RedisServer
from tests.ticks import script
from tests.ticks.account import Account, account_of
from tests.ticks.recording import recording, steps
from tests.ticks.schedulers import Runner, ours, theirs
from tests.ticks.script import Act, Put, What, Whom

Tell = Callable[[str], None]
TICK = 0.01  # s
ABSENCE = 0.5  # s after its death that a master of ours is started again
THEIRS = 4.0  # s, those of others: longer than their locks last, or ours would hardly ever lead
PATIENCE = 30.0  # s in which all that is due must have come, once nobody is killed any more
LEAVING = 20.0  # s
LOCKS = "resque:resque:resque_scheduler_master_lock", "resque:resque_scheduler_leader_lock"
SCHEDULE = "resque:delayed_queue_schedule"
SIGNALS = {
    What.KILL: signal.SIGKILL,
    What.STOP: signal.SIGSTOP,
    What.TERM: signal.SIGTERM,
    What.HUP: signal.SIGHUP,
}


@dataclass(frozen=True, slots=True)
class Plan:
    seed: int
    hour: int  # s at which something is due
    seconds: float  # that it takes
    hosts: int
    beside: Mapping[str, int]  # how many schedulers of other kinds
    pause: float  # s between two acts, on average
    poison: float  # the share of seconds with something that can go nowhere

    def puts(self) -> list[Put]:
        return script.puts(self.seed, self.seconds, hour=self.hour, poison=self.poison)

    def acts(self) -> list[Act]:
        return script.acts(self.seed, self.seconds, pause=self.pause)


@dataclass(frozen=True, slots=True)
class Outcome:
    account: Account
    deeds: Mapping[str, int]
    trouble: Sequence[str]
    events: Mapping[str, int]  # how often ours logged each
    drained: float  # s from the last act to the last job


def perform(plan: Plan, directory: Path, tell: Tell) -> Outcome:
    file = directory / "commands"
    with (
        redis_server.running() as server,
        server.client(client_name="feeder") as redis,
        _stage(plan, server, directory) as runners,
        recording(server.port, file),
    ):
        run = _Run(plan, redis, runners, tell)
        run.play()
    with file.open("rb") as lines:
        account = account_of(steps(lines))
    return Outcome(account, run.deeds, run.trouble, _events(runners), run.drained)


@contextmanager
def _stage(plan: Plan, server: RedisServer, directory: Path) -> Iterator[list[Runner]]:
    runners = [ours(number, server.port, directory) for number in range(plan.hosts)]
    for kind, count in plan.beside.items():
        runners += [theirs(kind, number, server.port, directory) for number in range(count)]
    helpers = children()
    try:
        yield runners
    finally:
        while left := children() - helpers:  # a master that dies leaves its scheduler to us
            kill_families(left)


class _Run:
    def __init__(self, plan: Plan, redis: Redis, runners: Sequence[Runner], tell: Tell) -> None:
        self._redis, self._runners, self._tell = redis, runners, tell
        self._seconds, self._puts, self._acts = plan.seconds, deque(plan.puts()), deque(plan.acts())
        self._is_alone = not plan.beside
        self._later: list[tuple[float, Callable[[], object]]] = []  # when what is to be done, s from the beginning
        self._epoch = 0  # in which it begins
        self.deeds: Counter[str] = Counter()
        self.trouble: list[str] = []
        self.drained = 0.0

    def play(self) -> None:
        self._redis.set(f"resque:queue:{script.WRONG_QUEUE}", "no list")
        for name, schedule in script.schedules().items() if self._is_alone else ():
            self._redis.hset("resque:persistent_schedules", name, schedule)
        for runner in self._runners:
            runner.start()
        self._wait(lambda: any(self._redis.mget(LOCKS)), "nobody leads")
        self._be_attacked()
        self._rest()
        self._stop()

    # --- under attack ---

    def _be_attacked(self) -> None:
        began, self._epoch = monotonic(), int(self._redis.time()[0])
        while (now := monotonic() - began) < self._seconds:
            self._feed(now)
            while self._acts and self._acts[0].at <= now:
                self._act(self._acts.popleft(), now)
            self._catch_up(now)
            self._start_the_ended(now)
            time.sleep(TICK)  # the script is a matter of time, not of events
        self._feed(inf)
        self._catch_up(inf)

    def _feed(self, now: float) -> None:
        with self._redis.pipeline(transaction=True) as pipeline:
            while self._puts and self._puts[0].at <= now:
                put = self._puts.popleft()
                epoch = self._epoch + put.due
                if put.is_in_place:
                    pipeline.rpush(f"resque:delayed:{epoch}", put.item)
                    pipeline.sadd(b"resque:timestamps:" + put.item, f"delayed:{epoch}")
                else:
                    pipeline.set(f"resque:delayed:{epoch}", "no list")
                pipeline.zadd(SCHEDULE, {str(epoch): epoch})
            pipeline.execute()

    def _catch_up(self, now: float) -> None:
        due = [act for at, act in self._later if at <= now]
        self._later = [(at, act) for at, act in self._later if at > now]
        for act in due:
            act()

    def _start_the_ended(self, now: float) -> None:
        for runner in self._runners:
            if runner.process and runner.has_ended:
                self._later.append((now + (ABSENCE if runner.is_ours else THEIRS), runner.start))

    def _act(self, act: Act, now: float) -> None:
        there = self._victims(act.whom)
        if not there:
            return
        runner, victim = there[int(act.which * len(there))]
        with suppress(psutil.NoSuchProcess):
            if act.what is What.DISCONNECT:
                self._disconnect(victim.pid)
            else:
                victim.send_signal(SIGNALS[act.what])
            if act.what is What.STOP:
                self._later.append((now + act.lasts, lambda: _continue(victim)))
            self.deeds[f"{act.what} {'master' if act.whom is Whom.MASTER else 'scheduler'} of {runner.name}"] += 1
            self._tell(f"{act}: {runner.name} {victim.pid}")

    def _victims(self, whom: Whom) -> list[tuple[Runner, psutil.Process]]:
        if whom is Whom.MASTER:
            heads = [(one, one.process.pid) for one in self._runners if one.is_ours and one.process]
            return [(one, psutil.Process(pid)) for one, pid in heads]
        every = [(one, process) for one in self._runners for process in one.schedulers()]
        if whom is Whom.ONE:
            return every
        leading = {pid for holder in self._redis.mget(LOCKS) if holder for pid in text_of(holder).split(":")[1:2]}
        return [(one, process) for one, process in every if str(process.pid) in leading]

    def _disconnect(self, pid: int) -> None:
        """By the ports of its connections."""
        for connection in psutil.Process(pid).net_connections("tcp"):
            if connection.raddr:
                self._redis.client_kill_filter(addr=f"127.0.0.1:{connection.laddr.port}", skipme=True)

    # --- afterwards ---

    def _rest(self) -> None:
        """Those of other kinds leave, and ours do what is left."""
        rested = monotonic()
        for runner in self._runners:
            if not runner.is_ours and runner.process:
                runner.process.kill()
                runner.process.wait()
        for runner in self._runners:
            if runner.is_ours and runner.has_ended:
                runner.start()
        self._wait(lambda: not self._redis.exists(SCHEDULE), "not all that is due has come")
        self.drained = monotonic() - rested
        self._wait(self._is_led, "nobody of ours leads")
        self._wait(self._are_all_up, "not every master has a scheduler")

    def _is_led(self) -> bool:
        ruby, node = self._redis.mget(LOCKS)
        return ruby is not None and ruby == node

    def _are_all_up(self) -> bool:
        return all(runner.schedulers() for runner in self._runners if runner.is_ours)

    def _wait(self, until: Callable[[], bool], trouble: str) -> None:
        deadline = monotonic() + PATIENCE
        while not until():
            if monotonic() > deadline:
                self.trouble.append(f"{trouble} after {PATIENCE:g} s")
                return
            time.sleep(TICK)

    def _stop(self) -> None:
        """By TERM, to which every master must answer with 0."""
        for runner in self._runners:
            if runner.is_ours and runner.process:
                runner.process.terminate()
        deadline = monotonic() + LEAVING
        for runner in self._runners:
            if runner.is_ours and runner.process:
                status = runner.process.wait(max(0.1, deadline - monotonic()))
                if status:
                    self.trouble.append(f"exit status {status} on TERM of {runner.log.name}")
        held = [lock for lock, holder in zip(LOCKS, self._redis.mget(LOCKS), strict=True) if holder]
        self.trouble += [f"{lock} is held, and everybody has left" for lock in held]


def _continue(victim: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        victim.send_signal(signal.SIGCONT)


def _events(runners: Sequence[Runner]) -> Counter[str]:
    texts = [line for one in runners if one.is_ours for line in one.log.read_text().splitlines()]
    return Counter(json.loads(text)["event"] if text.startswith("{") else "no line of a log" for text in texts)
