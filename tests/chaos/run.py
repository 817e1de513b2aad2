"""One run, from the first job to the account."""

import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import takewhile
from math import inf
from pathlib import Path
from time import monotonic

from redis import Redis

from resqued.store.batches import Batches
from resqued.store.delays import By, Delays
from resqued.store.locks import Locking
from resqued.wire import pooled
from tests.chaos import evidence, ledger, script
from tests.chaos.account import Account, account_of
from tests.chaos.adversary import Adversary, Deeds
from tests.chaos.evidence import KEYS, Evidence, Harm, Unfinished
from tests.chaos.masters import LIMIT, Policy
from tests.chaos.script import BATCH, FOR_LATER, OF_BATCH, ONLY_ONE, Pushed, Whom
from tests.chaos.stage import Stage, staged

Tell = Callable[[str], None]
TICK = 0.01  # s
PATIENCE = 15.0  # s in which something must come to pass while there are jobs, or they never end
LONGEST = 60.0  # s beyond the length of the attack that all that was pushed may take in any case
LEAVING = 40.0  # s that masters and workers may take to leave
SETTLING = 15.0  # s that masters which start again may take to settle what the dead of the last run left


@dataclass(frozen=True, slots=True)
class Plan:
    seed: int
    jobs: int
    seconds: float  # for which the adversary acts
    masters: int
    workers: int  # of each master
    policy: Policy
    pause: float  # s between two acts, on average
    spared: frozenset[Whom] = frozenset()

    def acts(self) -> list[script.Act]:
        drawn = script.acts(self.seed, self.seconds, pause=self.pause)
        return [act for act in drawn if act.whom not in self.spared]

    def pushes(self) -> list[Pushed]:
        return script.pushes(self.seed, self.jobs, self.seconds * 0.9)


@dataclass(frozen=True, slots=True)
class Outcome:
    account: Account
    deeds: Deeds
    events: Mapping[str, int]  # how often each was logged
    took: float  # s from the first job to the end of the last
    settled_late: int  # jobs of the dead that only the next start of a master settled
    notes_left: int  # files in which workers noted ends, and which nobody needs any more


def perform(plan: Plan, directory: Path, tell: Tell) -> Outcome:
    """The ledger and the logs stay in `directory`; nothing else is left."""
    with staged(directory, masters=plan.masters, workers=plan.workers, policy=plan.policy) as stage:
        return _Run(plan, stage, tell).outcome()


class _Run:
    def __init__(self, plan: Plan, stage: Stage, tell: Tell) -> None:
        self._plan, self._stage, self._tell = plan, stage, tell
        self._pushed = plan.pushes()
        self._to_push = self._pushed
        self._called_back = script.callback()
        self._adversary = Adversary(stage, plan.acts(), tell)
        self._trouble: list[str] = []
        self._left_over: Mapping[str, str] = {}

    def outcome(self) -> Outcome:
        self._begin_batch()
        began = monotonic()
        self._start()
        self._be_attacked(began)
        self._recover()
        self._drain("after the attack")
        took = monotonic() - began
        self._stop()
        self._start_once_more()
        found = self._evidence()
        return Outcome(
            account_of(found),
            self._adversary.deeds,
            found.logs.events,
            took=took,
            settled_late=len(self._left_over),
            notes_left=len(list(self._stage.ledger.parent.glob("*/verdicts/*"))),
        )

    def _begin_batch(self) -> None:
        members = sum(job.kind in OF_BATCH for job in self._pushed)
        with closing(pooled.connect(self._stage.server.client)) as wire:
            job = self._called_back
            Batches(wire, KEYS).begin(BATCH, members, expires=3600, queue=job.queue, callback=job.payload.decode())
        self._pushed = [*self._pushed, job]

    def _start(self) -> None:
        for master in self._stage.masters:
            master.start()

    def _be_attacked(self, began: float) -> None:
        while (now := monotonic() - began) < self._plan.seconds:
            self._adversary.perform(now)
            self._push(now)
            time.sleep(TICK)  # the script is a matter of time, not of events

    def _push(self, until: float) -> None:
        if not self._stage.server.is_up:
            return
        due = list(takewhile(lambda job: job.at <= until, self._to_push))
        self._to_push = self._to_push[len(due) :]
        with self._stage.server.client.pipeline(transaction=True) as pipeline:
            for job in due:
                if job.kind not in FOR_LATER:
                    pipeline.sadd(KEYS.queues, job.queue)
                    pipeline.rpush(KEYS.queue(job.queue), job.payload)
            pipeline.execute()
        with closing(pooled.connect(self._stage.server.client)) as wire:
            for job in due:
                if job.kind in FOR_LATER:
                    _put_aside(Delays(wire, KEYS), job)

    def _recover(self) -> None:
        self._adversary.perform(inf)
        self._stage.calm()
        self._tell("        the adversary rests")
        self._push(inf)

    def _drain(self, when: str) -> None:
        """Until no job is on a queue or a slate, or nothing has come to pass for a long time."""
        seen, since, deadline = "", monotonic(), monotonic() + LONGEST + self._plan.seconds
        while left := evidence.unfinished(self._stage.server.client):
            if (progress := self._progress(left)) != seen:
                seen, since = progress, monotonic()
            if monotonic() > min(since + PATIENCE, deadline):
                break
            self._start_the_ended()
            time.sleep(10 * TICK)
        if left and not left.is_left_to_the_dead:
            self._trouble.append(f"{when}, and after {monotonic() - since:.0f} s without a change, there is {left}")

    def _progress(self, left: Unfinished) -> str:
        failed, ledger_size = self._stage.server.client.llen(KEYS.failed), self._stage.ledger.stat().st_size
        return f"{left} {failed} {ledger_size}"

    def _start_the_ended(self) -> None:
        for master in self._stage.tend():
            master.start()

    def _stop(self) -> None:
        """By TERM, to which every master must answer with 0 when its workers have left."""
        self._wait_until_all_are_up()
        asked = [master for master in self._stage.masters if master.process]
        for master in asked:
            assert master.process
            master.process.send_signal(signal.SIGTERM)
        deadline = monotonic() + LEAVING
        while self._stage.everybody() and monotonic() < deadline:
            self._stage.tend()
            time.sleep(TICK)
        self._stage.tend()
        self._trouble += [f"did not leave within {LEAVING:g} s: {one}" for one in self._stage.everybody()]
        self._trouble += [f"exit status {one.exits[-1]} on TERM" for one in asked if one.has_ended and one.exits[-1]]

    def _wait_until_all_are_up(self) -> None:
        """A master has workers, and hears what it is told."""
        deadline = monotonic() + SETTLING
        while not self._stage.are_all_up() and monotonic() < deadline:
            self._start_the_ended()
            time.sleep(TICK)

    def _start_once_more(self) -> None:
        """Whoever died after the master that could have noticed is settled when the next one starts."""
        redis = self._stage.server.client
        if not (left := _left(redis)):
            return
        self._tell(f"        once more, for {left}")
        self._left_over = evidence.unfinished(redis).held
        self._start()
        self._wait_until_settled(left)
        self._drain("after another start")
        self._stop()

    def _wait_until_settled(self, left: Iterable[str]) -> None:
        deadline = monotonic() + SETTLING
        while not _left(self._stage.server.client).isdisjoint(left) and monotonic() < deadline:
            time.sleep(TICK)

    def _evidence(self) -> Evidence:
        deeds, masters = self._adversary.deeds, self._stage.masters
        return Evidence(
            policy=self._plan.policy,
            limit=LIMIT,
            pushed=self._pushed,
            redis=evidence.in_redis(self._stage.server.client, self._pushed),
            ledger=ledger.read(self._stage.ledger),
            logs=evidence.in_logs(master.log for master in masters),
            harm=Harm(deeds.killed, deeds.stopped),
            exits=_all(master.exits for master in masters),
            left_over=self._left_over,
            trouble=self._trouble,
        )


def _put_aside(delays: Delays, job: Pushed) -> None:
    lock = Locking.of(ONLY_ONE, [job.identity], KEYS) if job.identity else None
    held = delays.put(job.queue, job.payload.decode(), By.NOW, job.aside, lock)
    assert held is None, f"job {job.name} is not the only one of its kind: {held}"


def _left(redis: Redis) -> set[str]:
    """Workers that are registered, or hold a job."""
    slates = redis.scan_iter(match=KEYS.slate("*"), count=1000)
    return {_text(one) for one in (*redis.hkeys(KEYS.registrations), *slates)}


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name


def _all(lists: Iterable[Sequence[int]]) -> list[int]:
    return [one for some in lists for one in some]
