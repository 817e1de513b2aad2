"""Where each job is in the end, and whether that is right.

What can be known exactly, and is demanded:

- Each job is in exactly one place: among those for later, on a queue, on a slate, in the failed list, or in none of
  them. In the last case it was performed: its ledger has an end. If there is none, it is lost. If it is in two places,
  it counts twice.
- `stat:processed` counts a job when it is taken, and counts it no longer when it is put back; and `stat:failed` is the
  length of the failed list, which nobody clears. Each try after which a job is tried again counts once more in both. So
  in the end the first is the number of jobs pushed less those still queued, however often a job was taken, and as much
  more as the second is more than the list is long.
- Nothing is left of locks that would hold anybody up, of jobs that wait for them, and of counted tries.
- A job that is tried again begins again for that. Two of a group are never performed at once.
- No two processes were at the same job at the same time: the kernel's word (a lock for as long as a process lives).
- With `worker_lost = "fail"` a job begins a second time only if our own stop asked the process that was at it to end.
  With "requeue" also if its worker was killed.
- A job fails only if it fails by itself, or if its process or its worker was killed. With "requeue" a job whose worker
  was killed fails only if it had been put back as often as it may.
- When a worker ends and its master sees it, its job is settled without anybody being started for it.
- A job that had ended a good while before its worker was killed (Redis was away) counts as what it was.

What cannot be known: whether a job that was killed in the moment between its last line and its verdict "was done". It
may be performed again ("requeue") or have failed although it got to its end, and the table counts these.

Jobs with equal payloads cannot be told from each other: of these, numbers are compared.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from signal import Signals

from tests.chaos.evidence import Entry, Evidence, pid_of
from tests.chaos.ledger import Attempt, Page
from tests.chaos.script import TRIED_AGAIN, Kind, Pushed

DIRTY = "Resque::DirtyExit"
OWN = {Kind.RAISES: "ValueError", Kind.EXITS: DIRTY, Kind.POISON: "InvalidPayload"}  # how a job fails by itself
OF_A_PROCESS = re.compile(r"job process (\d+)")
A_GOOD_WHILE = 1_000_000_000  # ns from a job's last line until its worker must have noted its end, on a busy machine
CLEAN = (0, -Signals.SIGKILL, -Signals.SIGTERM, -Signals.SIGINT, -Signals.SIGQUIT, -Signals.SIGHUP)


@dataclass
class Account:
    """`places`: how many jobs are where. `wrongs`: by what is wrong, each with its details."""

    places: Counter[str] = field(default_factory=Counter)
    wrongs: dict[str, list[str]] = field(default_factory=dict)

    def blame(self, wrong: str, detail: str) -> None:
        self.wrongs.setdefault(wrong, []).append(detail)


LOST, DOUBLE, TWICE = "lost", "double-counted", "performed at the same time twice"
CROWDED = "more of a kind at the same time than may"


def account_of(evidence: Evidence) -> Account:
    return _Auditor(evidence).account


class _Auditor:
    def __init__(self, evidence: Evidence) -> None:
        self.account = Account(wrongs={LOST: [], DOUBLE: [], TWICE: [], CROWDED: []})
        self._evidence = evidence
        redis = evidence.redis
        self._queued, self._on_slates = Counter(redis.queued), Counter(redis.on_slates)
        self._failed: dict[str, list[Entry]] = {}
        for entry in redis.failed:
            self._failed.setdefault(entry.name, []).append(entry)
        for job in evidence.pushed:
            if job.kind is not Kind.EQUAL:
                self._judge(job)
        self._judge_equals([job for job in evidence.pushed if job.kind is Kind.EQUAL])
        self._judge_counters()
        self._judge_the_rest()

    # --- one job

    def _judge(self, job: Pushed) -> None:
        name, failed = job.name, self._failed.get(job.name, [])
        page = self._evidence.ledger.get(name, Page())
        queued, held = self._queued[name], self._on_slates[name]
        if queued + held + len(failed) > 1:
            self.account.blame(DOUBLE, f"job {name}: {queued} times queued, {held} on slates, failed {failed}")
        self.account.places[self._place(job, page, queued, held)] += 1
        for entry in failed:
            self._judge_failure(job, page, entry)
        if page.crowded:
            self.account.blame(CROWDED, f"job {name}: {_shown(page)}")
        self._judge_attempts(job, page)
        if job.kind not in TRIED_AGAIN:
            self._judge_memory(name, page, failed)

    def _place(self, job: Pushed, page: Page, queued: int, held: int) -> str:
        if queued:
            return "still queued"
        if held:
            self.account.blame("left on a slate", f"job {job.name}")
            return "left on a slate"
        if entries := self._failed.get(job.name):
            if entries[0].exception == OWN.get(job.kind):
                return "failed by itself"
            return "failed: killed, although it got to its end" if page.ended else "failed: killed"
        if job.kind in OWN or not page.ended:
            self.account.blame(LOST, f"job {job.name} ({job.kind}): {_shown(page)}")
            return "lost"
        again = "when tried again" if job.kind in TRIED_AGAIN else "more than once"
        return "done once" if len(page.ended) == 1 else f"done {again}"

    def _judge_failure(self, job: Pushed, page: Page, entry: Entry) -> None:
        if entry.exception == OWN.get(job.kind):
            return
        if entry.exception != DIRTY or not self._has_cause(entry):
            self.account.blame("failed for no reason", f"job {job.name} ({job.kind}): {entry}; {_shown(page)}")
        elif self._is_of_worker(entry) and self._may_be_put_back(job):
            self.account.blame("failed although it may be put back", f"job {job.name}: {entry}")

    def _may_be_put_back(self, job: Pushed) -> bool:
        times = self._evidence.redis.times_lost.get(job.name, 0)
        return self._evidence.policy == "requeue" and times <= self._evidence.limit

    def _has_cause(self, entry: Entry) -> bool:
        return not self._culprits(entry).isdisjoint(self._evidence.harm.killed.keys() | self._evidence.logs.overstayed)

    def _culprits(self, entry: Entry) -> set[int]:
        """Pids of the process, and of the worker, one of which must have been killed."""
        of_job = OF_A_PROCESS.search(entry.error)
        return {int(of_job[1])} if of_job else {pid_of(entry.worker)}

    def _is_of_worker(self, entry: Entry) -> bool:
        """Whether it was not its process but its worker that was killed."""
        return entry.exception == DIRTY and not OF_A_PROCESS.search(entry.error)

    def _judge_attempts(self, job: Pushed, page: Page) -> None:
        name = job.name
        if page.overlaps():
            self.account.blame(TWICE, f"job {name}: {_shown(page)}")
        for one, other in page.successions():
            if one in page.asked or one.pid in self._evidence.logs.asked:
                self.account.places["  begun again after a stop of ours"] += 1
            elif self._evidence.policy == "requeue" and self._lost_its_worker(one.workers_pid):
                self.account.places["  begun again after its worker was killed"] += 1
            elif job.kind in TRIED_AGAIN:
                self.account.places["  tried again"] += 1
            else:
                self.account.blame("begun again for no reason", f"job {name}: {one}, then {other}; {_shown(page)}")

    def _judge_memory(self, name: str, page: Page, failed: list[Entry]) -> None:
        """A job that had ended a good while before its worker was killed counts as what it was."""
        for attempt in filter(lambda one: self._has_long_ended(page, one), page.ended):
            has_failed = any(entry.worker == attempt.worker and self._is_of_worker(entry) for entry in failed)
            has_begun_again = attempt != page.attempts[-1] and attempt not in page.asked
            if has_failed or has_begun_again:
                self.account.blame("its end was forgotten", f"job {name}: {attempt}; {failed}; {_shown(page)}")

    def _has_long_ended(self, page: Page, attempt: Attempt) -> bool:
        harm, ended, worker = self._evidence.harm, page.ended[attempt], attempt.workers_pid
        was_killed_late = harm.killed.get(worker, 0) > ended + A_GOOD_WHILE
        return was_killed_late and not harm.stopped_after(ended, worker, attempt.pid)

    def _lost_its_worker(self, pid: int) -> bool:
        return pid in self._evidence.harm.killed or pid in self._evidence.logs.overstayed

    # --- jobs that cannot be told from each other

    def _judge_equals(self, jobs: list[Pushed]) -> None:
        if not jobs:
            return
        name, page = jobs[0].name, self._evidence.ledger.get(jobs[0].name, Page())
        queued, held, failed = self._queued[name], self._on_slates[name], len(self._failed.get(name, []))
        done = len(jobs) - queued - held - failed
        self.account.places.update(_counted({"still queued": queued, "failed: killed": failed, "done once": done}))
        if (lost := done - len(page.ended)) > 0:
            self.account.places["lost"] += lost
            self.account.blame(LOST, f"of equal jobs {lost}: {done} are gone, {len(page.ended)} ended")
        if done < 0:
            self.account.blame(DOUBLE, f"of equal jobs {-done}: pushed {len(jobs)}, {queued=}, {held=}, {failed=}")
        self._judge_performances_of_equals(page, len(jobs), self._failed.get(name, []))

    def _judge_performances_of_equals(self, page: Page, pushed: int, failed: list[Entry]) -> None:
        for entry in failed:
            if entry.exception != DIRTY or not self._has_cause(entry):
                self.account.blame("failed for no reason", f"an equal job: {entry}")
        if (again := len(page.attempts) - pushed - self._excused(page)) > 0:
            self.account.blame("begun again for no reason", f"of equal jobs {again}")

    def _excused(self, page: Page) -> int:
        """How many attempts may have been put back."""
        lenient = self._evidence.policy == "requeue"
        return sum(
            one in page.asked
            or one.pid in self._evidence.logs.asked
            or (lenient and self._lost_its_worker(one.workers_pid))
            for one in page.attempts
        )

    # --- all together

    def _judge_counters(self) -> None:
        redis, pushed = self._evidence.redis, len(self._evidence.pushed)
        taken = pushed - len(redis.queued)
        tried_again = redis.failures - len(redis.failed)
        may_be = any(job.kind in TRIED_AGAIN for job in self._evidence.pushed)
        if tried_again < 0 or (tried_again and not may_be):
            self.account.blame("stat:failed", f"is {redis.failures}, and {len(redis.failed)} jobs failed")
        if redis.processed != taken + (tried_again if may_be else 0):
            self.account.blame("stat:processed", f"is {redis.processed}: {taken} jobs taken, {tried_again} tried again")
        known = {job.name for job in self._evidence.pushed}
        for name in (*redis.queued, *redis.on_slates, *self._failed):
            if name not in known:
                self.account.blame("nobody's", repr(name))

    def _judge_the_rest(self) -> None:
        evidence = self._evidence
        for worker, job in evidence.left_over.items():
            if pid_of(worker) in evidence.logs.buried:
                self.account.blame("left over, although its master saw it end", f"{worker} with job {job}")
        for key in evidence.redis.stale:
            self.account.blame("stale keys", key)
        for status in evidence.exits:
            if status not in CLEAN:
                self.account.blame("masters crashed", f"exit status {status}")
        for line in evidence.logs.noise:
            self.account.blame("unexpected output", line)
        for trouble in evidence.trouble:
            self.account.blame("the end", trouble)


def _counted(numbers: dict[str, int]) -> dict[str, int]:
    return {what: number for what, number in numbers.items() if number > 0}


def _shown(page: Page) -> str:
    return " | ".join(_told(page)) or "never begun"


def _told(page: Page) -> Iterator[str]:
    for one in page.attempts:
        words = [f"{one.worker} run {one.run} pid {one.pid} began {one.began / 1e9:.3f}"]
        if one in page.ended:
            words.append(f"ended {page.ended[one] / 1e9:.3f}")
        words += [word for word, those in (("asked", page.asked), ("twice", page.twice)) if one in those]
        yield " ".join(words)
