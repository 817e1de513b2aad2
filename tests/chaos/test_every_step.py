"""Somebody is killed at each step between reserve and settle, and the rest is left to those who remain."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import psutil
import pytest
from redis import Redis

from tests.chaos import evidence, ledger
from tests.chaos.account import account_of
from tests.chaos.evidence import KEYS, Evidence, Harm
from tests.chaos.ledger import Ledger
from tests.chaos.masters import LIMIT, Policy, configuration, ledger_environment
from tests.chaos.script import Kind, Pushed
from tests.support import eventually
from tests.support.processes import kill_families, mortal

ROOT = Path(__file__).parents[2]
HELPER = mortal([sys.executable, "-m", "tests.chaos.steps"])


class Masters:
    """Forks masters, in which somebody dies, out of a process that has imported all they need."""

    def __init__(self, orders: IO[str], answers: IO[str]) -> None:
        self._orders, self._answers = orders, answers

    def start(self, config: Path, log: Path, marks: Mapping[str, Path], environment: Mapping[str, str]) -> int:
        texts = {step: str(mark) for step, mark in marks.items()}
        return self._order(config=str(config), log=str(log), marks=texts, environment=dict(environment))

    def wait(self, pid: int) -> int:
        return self._order(wait=pid)

    def _order(self, **details: Any) -> int:
        print(json.dumps(details), file=self._orders, flush=True)
        return int(self._answers.readline())


@pytest.fixture(scope="module")
def masters() -> Iterator[Masters]:
    with subprocess.Popen(HELPER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin
        assert process.stdout
        yield Masters(process.stdin, process.stdout)


class Scene:
    """Two jobs, one worker, and somebody who dies."""

    def __init__(self, masters: Masters, redis: Redis, url: str, directory: Path) -> None:
        self._masters, self._redis, self._url, self._directory = masters, redis, url, directory
        self._pushed: list[Pushed] = []
        self._marks: dict[str, Path] = {}
        self._running: set[int] = set()
        self.log = directory / "log"
        for name in ("ledger", "claims", "log"):
            (directory / name).touch()

    def push(self, *kinds: Kind) -> None:
        """Jobs 1, 2, …"""
        for kind in kinds:
            name, ending = len(self._pushed) + 1, "raise" if kind is Kind.RAISES else "return"
            payload = json.dumps({"class": "Perform", "args": [name, 0, ending]}).encode()
            self._pushed.append(Pushed(0, str(name), kind, "high", payload))
            self._redis.sadd(KEYS.queues, "high")
            self._redis.rpush(KEYS.queue("high"), payload)

    def start(self, policy: Policy, *steps: str) -> int:
        file, self._policy = self._directory / "one.toml", policy
        file.write_text(configuration(0, 1, policy, self._url, self._directory))
        self._marks = {step: self._directory / f"{number}.mark" for number, step in enumerate(steps)}
        master = self._masters.start(file, self.log, self._marks, ledger_environment(self._directory))
        self._running.add(master)
        return master

    def await_rest(self) -> None:
        eventually(lambda: not evidence.unfinished(self._redis), within=10)

    def stop(self, master: int) -> None:
        os.kill(master, signal.SIGTERM)
        assert self.wait(master) == 0, self.log.read_text()

    def wait(self, master: int) -> int:
        status = self._masters.wait(master)
        self._running.discard(master)
        return status

    @property
    def ledger(self) -> Ledger:
        return ledger.read(self._directory / "ledger")

    def places(self) -> list[str]:
        """Where the jobs are, in their order, when everything is as it should be."""
        deaths = [mark.read_text().split() for mark in self._marks.values()]  # a step that nobody came to has none
        found = evidence.in_redis(self._redis, self._pushed)
        whole = account_of(
            Evidence(
                policy=self._policy,
                limit=LIMIT,
                pushed=self._pushed,
                redis=found,
                ledger=self.ledger,
                logs=evidence.in_logs([self.log]),
                harm=Harm({int(pid): int(at) for pid, at in deaths}),
            )
        )
        assert not any(whole.wrongs.values()), f"{whole.wrongs}\n{self.log.read_text()}"
        failed = {entry.name: entry.exception for entry in found.failed}
        return [failed.get(job.name, "done") for job in self._pushed]

    def begun(self) -> list[int]:
        """How often each job was begun."""
        return [len(self.ledger[job.name].attempts) if job.name in self.ledger else 0 for job in self._pushed]

    def close(self) -> None:
        for master in self._running:
            with suppress(psutil.NoSuchProcess):
                kill_families({child.pid for child in psutil.Process(master).children()})
                os.kill(master, signal.SIGKILL)
                self._masters.wait(master)


@pytest.fixture
def scene(masters: Masters, redis: Redis, redis_url: str, tmp_path: Path) -> Iterator[Scene]:
    made = Scene(masters, redis, redis_url, tmp_path)
    yield made
    made.close()


DIRTY, RAISED, DONE = "Resque::DirtyExit", "ValueError", "done"
POLICIES: Sequence[Policy] = ("fail", "requeue")


def perform_two(scene: Scene, policy: Policy, *steps: str, first: Kind = Kind.QUICK) -> None:
    scene.push(first, Kind.QUICK)
    master = scene.start(policy, *steps)
    scene.await_rest()
    scene.stop(master)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("step", ["it registers", "it is registered and does not know", "it reserves"])
def test_a_worker_that_is_killed_before_it_has_a_job_costs_none(scene: Scene, policy: Policy, step: str) -> None:
    perform_two(scene, policy, step)

    assert scene.places() == [DONE, DONE]
    assert scene.begun() == [1, 1]


NOT_BEGUN = ["it has reserved and does not know", "it looks the job up", "it forks", "its job begins"]
BEGUN = [
    "its job has performed",
    "its job writes its verdict",
    "the job has ended, and its verdict is not read",
    "it notes the end",
]


@pytest.mark.parametrize("step", [*NOT_BEGUN, "it has forked", *BEGUN])
def test_a_job_whose_worker_is_killed_before_its_end_is_noted_fails_once(scene: Scene, step: str) -> None:
    perform_two(scene, "fail", step)

    assert scene.places() == [DIRTY, DONE]
    assert scene.begun()[0] <= 1


@pytest.mark.parametrize(("step", "begun"), [*((step, 1) for step in NOT_BEGUN), *((step, 2) for step in BEGUN)])
def test_or_is_performed_again_where_that_is_the_policy(scene: Scene, step: str, begun: int) -> None:
    perform_two(scene, "requeue", step)

    assert scene.places() == [DONE, DONE]
    assert scene.begun() == [begun, 1]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(("first", "place"), [(Kind.QUICK, DONE), (Kind.RAISES, RAISED)])
@pytest.mark.parametrize("step", ["it has noted the end", "it settles"])
def test_a_job_whose_worker_is_killed_after_its_end_is_noted_counts_as_what_it_was(
    scene: Scene, policy: Policy, step: str, first: Kind, place: str
) -> None:
    perform_two(scene, policy, step, first=first)

    assert scene.places() == [place, DONE]
    assert scene.begun() == [1, 1]


@pytest.mark.parametrize(("policy", "place", "begun"), [("fail", DIRTY, 1), ("requeue", RAISED, 2)])
def test_half_a_note_is_none(scene: Scene, policy: Policy, place: str, begun: int) -> None:
    perform_two(scene, policy, "it is in the middle of the note", first=Kind.RAISES)

    assert scene.places() == [place, DONE]
    assert scene.begun() == [begun, 1]


@pytest.mark.parametrize(("policy", "place", "begun"), [("fail", DIRTY, 0), ("requeue", DONE, 1)])
@pytest.mark.parametrize(
    "step", ["Redis settles, and it tells of the end", "it has settled and does not know", "it has settled"]
)
def test_the_job_that_the_same_round_trip_brought_is_not_lost(
    scene: Scene, step: str, policy: Policy, place: str, begun: int
) -> None:
    perform_two(scene, policy, step)

    assert scene.places() == [DONE, place]
    assert scene.begun() == [1, begun]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("step", ["it unregisters", "it has unregistered and does not know"])
def test_a_worker_that_is_killed_while_it_leaves_leaves_nothing(scene: Scene, policy: Policy, step: str) -> None:
    perform_two(scene, policy, step)

    assert scene.places() == [DONE, DONE]
    assert scene.begun() == [1, 1]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("step", ["the job begins", "the job has performed"])
def test_a_job_that_is_killed_itself_fails_whatever_the_policy(scene: Scene, policy: Policy, step: str) -> None:
    perform_two(scene, policy, step)

    assert scene.places() == [DIRTY, DONE]


@pytest.mark.parametrize(("policy", "place"), [("fail", DIRTY), ("requeue", DONE)])
@pytest.mark.parametrize(
    "step",
    [
        "the pruner looks",
        "the pruner prunes",
        "the pruner has pruned and does not know",
        "the pruner has pruned",
    ],
)
def test_a_pruner_that_is_killed_too_is_followed_by_another(
    scene: Scene, step: str, policy: Policy, place: str
) -> None:
    perform_two(scene, policy, "it forks", step)

    assert scene.places() == [place, DONE]
    assert scene.begun() == [int(policy == "requeue"), 1]


@pytest.mark.parametrize(("policy", "place"), [("fail", DIRTY), ("requeue", DONE)])
@pytest.mark.parametrize("step", ["the master clears up", "the master has cleared up"])
def test_what_a_master_could_not_see_to_any_more_the_next_one_does(
    scene: Scene, step: str, policy: Policy, place: str
) -> None:
    scene.push(Kind.QUICK, Kind.QUICK)
    killed = scene.start(policy, "it forks", step)
    assert scene.wait(killed) == -signal.SIGKILL
    marks = scene._marks
    master = scene.start(policy)
    scene._marks = marks
    scene.await_rest()
    scene.stop(master)

    assert scene.places() == [place, DONE]
