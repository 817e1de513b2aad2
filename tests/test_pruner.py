"""Whom a pruner settles, and whom it leaves to others. Its dead and its living are real processes."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis

from resqued import address, notes, whereabouts
from resqued.backoff import Backoff
from resqued.escalation import Mood
from resqued.protocol.identity import Registration, WorkerId
from resqued.protocol.keys import Keys
from resqued.pruner import Pruner
from resqued.store.pruning import Pruning
from resqued.store.slate import Slate
from resqued.whereabouts import Whereabouts
from resqued.wire import lean
from resqued.wire.lean import LeanWire
from tests.support.processes import mortal
from tests.support.waiting import eventually

HERE = whereabouts.whereabouts()
HOST = "here"

Worker = subprocess.Popen[bytes]
Started = Callable[[], Worker]


@pytest.fixture
def wire(redis_url: str) -> Iterator[LeanWire]:
    with closing(lean.connect(address.parse(redis_url))) as connected:
        yield connected


@pytest.fixture
def started() -> Iterator[Started]:
    """Starts processes that take themselves for workers. They are our children, like those of a master."""
    with ExitStack() as held:

        def start() -> Worker:
            process = held.enter_context(subprocess.Popen(mortal(["/bin/sleep", "60"])))
            held.callback(process.kill)
            eventually(lambda: Path(f"/proc/{process.pid}/comm").read_text() == "sleep\n")
            return process

        yield start


@pytest.fixture
def pruner(wire: LeanWire, tmp_path: Path) -> Callable[..., Pruner]:
    notes.make_directory(tmp_path)
    later = replace(HERE, born=HERE.born + 10**9)  # than all who are started here

    def made(*children: Worker, here: Whereabouts = later, master: int = 0) -> Pruner:
        return Pruner(
            Pruning(wire, Keys()),
            tmp_path,
            here,
            backoff=Backoff(first=0.1, most=0.1, chance=lambda: 0.5),
            redis_timeout=1.0,
            host=HOST,
            master=master,
            children=[child.pid for child in children],
        )

    return made


@pytest.fixture
def register(wire: LeanWire, tmp_path: Path) -> Callable[..., str]:
    def entered(worker: Worker, host: str = HOST, **otherwise: object) -> str:
        life = whereabouts.life(worker.pid)
        assert life is not None
        nonce = f"n{worker.pid}"
        who = Registration("mail", 0, "1", HERE.boot, HERE.pids, worker.pid, life.born, nonce=nonce, home=str(tmp_path))
        name = WorkerId(host, worker.pid, ("mail",))
        Slate(wire, Keys(), worker=name, registration=replace(who, **otherwise)).register()  # type: ignore[arg-type]
        notes.notebook(tmp_path, nonce).touch()
        return str(name)

    return entered


def end(worker: Worker) -> None:
    worker.kill()
    worker.wait()


def never(_until: float) -> Mood:
    raise AssertionError


def registered(redis: Redis) -> int:
    return int(redis.hlen("resqued:resque:workers"))


Made = Callable[..., Pruner]
Register = Callable[..., str]


def test_the_dead_are_settled(redis: Redis, started: Started, register: Register, pruner: Made) -> None:
    worker = started()
    register(worker)
    end(worker)

    assert pruner().run(never)
    assert registered(redis) == 0


def test_who_lives_without_being_a_child_of_this_master_is_told_of(
    redis: Redis, started: Started, register: Register, pruner: Made
) -> None:
    register(started())
    mine = pruner()

    assert mine.run(never)
    assert mine.left_alive == 1
    assert registered(redis) == 1


def test_a_living_child_of_the_master_is_no_news(
    redis: Redis, started: Started, register: Register, pruner: Made
) -> None:
    register(started())
    mine = pruner(master=os.getpid())

    assert mine.run(never)
    assert (registered(redis), mine.left_alive) == (1, 0)


def test_a_child_that_died_after_the_fork_is_left_until_the_master_has_killed_its_job(
    redis: Redis, started: Started, register: Register, pruner: Made
) -> None:
    worker = started()
    register(worker)
    at_its_death = pruner(worker, master=os.getpid())
    worker.kill()
    os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)
    assert at_its_death.run(never)
    assert registered(redis) == 1
    worker.wait()
    assert at_its_death.run(never)
    assert registered(redis) == 1

    assert pruner(master=os.getpid()).run(never)
    assert registered(redis) == 0


def test_who_was_born_after_the_fork_is_left_until_the_master_has_seen_its_end(
    redis: Redis, started: Started, register: Register, pruner: Made
) -> None:
    worker = started()
    register(worker)
    end(worker)

    assert pruner(here=replace(HERE, born=0)).run(never)
    assert registered(redis) == 1


def test_who_had_the_pid_of_a_child_before_is_settled(
    redis: Redis, started: Started, register: Register, pruner: Made
) -> None:
    worker = started()
    register(worker, born=1)

    assert pruner(worker, master=os.getpid()).run(never)
    assert registered(redis) == 0


ELSEWHERE = {"boot": "another", "pids": "pid:[1]"}


@pytest.mark.parametrize("host", [HOST, f"{HOST}.2"])
def test_the_dead_of_an_earlier_boot_are_known_by_their_notebooks(
    redis: Redis, started: Started, register: Register, pruner: Made, host: str
) -> None:
    register(started(), host, **ELSEWHERE)

    assert pruner().run(never)
    assert registered(redis) == 0


def test_an_earlier_boot_of_a_host_of_another_name_is_nothing_to_us(
    redis: Redis, started: Started, register: Register, pruner: Made
) -> None:
    """Their disks may be one and the same, on a network on which locks are lost."""
    register(started(), "there", **ELSEWHERE)
    mine = pruner()

    assert mine.run(never)
    assert (registered(redis), mine.left_alive) == (1, 0)


def test_who_keeps_its_notebook_lives_wherever_that_is(
    redis: Redis, started: Started, register: Register, pruner: Made, tmp_path: Path
) -> None:
    worker = started()
    register(worker, **ELSEWHERE)
    book = notes.notebook(tmp_path, f"n{worker.pid}")
    lock = mortal([sys.executable, "-c", LOCK, str(book)])
    with subprocess.Popen(lock, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as keeper:
        assert keeper.stdout
        assert keeper.stdout.readline()
        assert pruner().run(never)
        assert registered(redis) == 1
        keeper.kill()

    assert pruner().run(never)
    assert registered(redis) == 0


LOCK = """
import os, sys
os.lockf(os.open(sys.argv[1], os.O_RDWR), os.F_LOCK, 0)
print(flush=True)
sys.stdin.read()
"""


def test_without_a_notebook_nothing_is_known_of_an_earlier_boot(
    redis: Redis, started: Started, register: Register, pruner: Made, tmp_path: Path
) -> None:
    worker = started()
    register(worker, **ELSEWHERE)
    notes.notebook(tmp_path, f"n{worker.pid}").unlink()

    assert pruner().run(never)
    assert registered(redis) == 1


def test_notebooks_of_those_who_never_registered_are_cleared_away(pruner: Made, tmp_path: Path) -> None:
    notes.notebook(tmp_path, "nobody's").touch()

    assert pruner().run(never)
    assert not list(notes.notebook(tmp_path, "").iterdir())


def test_whoever_can_write_to_redis_cannot_name_a_file_to_remove(
    redis: Redis, started: Started, register: Register, pruner: Made, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.touch()
    worker = started()
    register(worker, nonce="../precious")
    end(worker)

    assert pruner().run(never)
    assert registered(redis) == 0
    assert precious.exists()
