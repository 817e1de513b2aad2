"""`resquectl prune`: the dead are settled, and nobody who lives. Its dead and its living are real processes."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis

from resqued import address, notes, whereabouts
from resqued.cli.commands import prune
from resqued.lock import Lock
from resqued.protocol.identity import Registration, WorkerId
from resqued.protocol.keys import Keys
from resqued.store.slate import Slate
from resqued.verdict import DONE
from resqued.wire import lean
from tests.cli.asking import Ask
from tests.golden import restore, seen
from tests.store.slates import failures, job, push, waiting
from tests.support.processes import mortal

HERE = whereabouts.whereabouts()
ELSEWHERE = replace(HERE, boot="elsewhere")
BEATS, SIGHTINGS = "resque:workers:heartbeat", "resqued:resque:sightings"
LOCK = "resque:pruning_dead_workers_in_progress"
OLD = "2026-11-23T07:00:00Z"
NO_SUCH_PID = 2**22 - 1  # of processes that nobody starts here

Register = Callable[..., str]


@pytest.fixture
def living() -> Iterator[int]:
    """The pid of a process that lives."""
    with ExitStack() as held:
        process = held.enter_context(subprocess.Popen(mortal(["/bin/sleep", "60"])))
        held.callback(process.kill)
        yield process.pid


@pytest.fixture
def register(redis_url: str, tmp_path: Path) -> Iterator[Register]:
    """Registers a worker of ours that has a job, and says its id."""
    notes.make_directory(tmp_path)
    with closing(lean.connect(address.parse(redis_url))) as wire:

        def entered(pid: int = NO_SUCH_PID, *, host: str = "web1", where: whereabouts.Whereabouts = HERE) -> str:
            life = whereabouts.life(pid)
            born = life.born if life else 1
            who = Registration("mail", 0, "1", where.boot, where.pids, pid, born, nonce="n1", home=str(tmp_path))
            slate = Slate(wire, Keys(), worker=WorkerId(host, pid, ("mail",)), registration=who)
            slate.register()
            slate.reserve(["mail"])
            return slate.worker

        yield entered


def stranger(redis: Redis, worker: str, *, beat: str = "", record: str = "") -> str:
    redis.sadd("resque:workers", worker)
    if beat:
        redis.hset(BEATS, worker, beat)
    if record:
        redis.set(f"resque:worker:{worker}", record)
    return worker


def still_for_long(redis: Redis, worker: str) -> None:
    """Looks that follow closely on each other have seen its heartbeat, which is old, unchanged for long enough."""
    redis.hset(BEATS, worker, OLD)
    now = int(redis.time()[0])
    redis.hset(SIGHTINGS, worker, f"{OLD} {now - 95} {now - 5}")


def registered(redis: Redis) -> set[bytes | str]:
    return redis.smembers("resque:workers")


# Ours


def test_where_nobody_is_dead_there_is_nothing_to_do(ctl: Ask, redis: Redis, register: Register, living: int) -> None:
    worker = register(living)
    redis.hset(BEATS, worker, OLD)

    assert ctl("prune") == (0, "no worker is dead\n", "")
    assert len(registered(redis)) == 1


def test_a_key_of_the_wrong_type_is_a_problem_and_not_a_redis_that_is_away(
    ctl: Ask, redis: Redis, register: Register
) -> None:
    slate = f"resqued:resque:slate:{register()}"
    for key in (slate, SIGHTINGS, "resqued:resque:workers"):
        redis.delete(key)
        redis.set(key, "not a hash")
        answer = ctl("prune")

        assert (answer.status, answer.out) == (1, "")
        assert "WRONGTYPE" in answer.err
        assert "`resquectl doctor` names keys of the wrong type" in answer.err


def test_who_has_ended_on_this_machine_is_settled_at_once(ctl: Ask, redis: Redis, register: Register) -> None:
    push(redis, job("Lost"), job("Waiting"))
    worker = register()
    answer = json.loads(ctl("prune", "--json").out)

    assert answer == [
        {
            "worker": worker,
            "ours": True,
            "state": "dead",
            "why": f"its process has ended (pid {NO_SUCH_PID})",
            "job": "failed",
        }
    ]
    assert [entry["exception"] for entry in failures(redis)] == ["Resque::DirtyExit"]
    assert registered(redis) == set()
    assert waiting(redis) == [job("Waiting")]


def test_what_it_had_noted_is_the_truth(ctl: Ask, redis: Redis, register: Register, tmp_path: Path) -> None:
    push(redis, job())
    register()
    notebook = notes.Notebook(notes.notebook(tmp_path, "n1"))
    notebook.note(1, DONE)
    os.close(notebook.descriptor)

    assert "its job had ended well" in ctl("prune").out
    assert failures(redis) == []


def test_while_its_master_runs_it_is_the_masters_to_settle(
    ctl: Ask, redis: Redis, register: Register, tmp_path: Path
) -> None:
    """He kills what is left of the job first."""
    push(redis, job())
    register()
    with Lock(tmp_path / "lock"):
        answer = ctl("prune")

    assert answer.status == 1
    assert "left: its master runs, and settles it" in answer.out
    assert failures(redis) == []


def test_after_its_master_it_is_settled(ctl: Ask, redis: Redis, register: Register, tmp_path: Path) -> None:
    register()
    (tmp_path / "lock").touch()

    assert ctl("prune").status == 0
    assert registered(redis) == set()


def test_an_old_heartbeat_alone_proves_nothing(ctl: Ask, redis: Redis, register: Register) -> None:
    worker = register(where=ELSEWHERE)
    redis.hset(BEATS, worker, OLD)
    answer = ctl("prune")

    assert answer.status == 1
    assert "seen to stand still for 0 s of 90" in answer.out
    assert "left; say --wait" in answer.out
    assert len(registered(redis)) == 1


def test_a_heart_that_was_seen_still_for_long_enough_is_dead(ctl: Ask, redis: Redis, register: Register) -> None:
    push(redis, job())
    still_for_long(redis, register(where=ELSEWHERE))

    assert ctl("prune").status == 0
    assert [entry["exception"] for entry in failures(redis)] == ["Resque::PruneDeadWorkerDirtyExit"]
    assert redis.exists(LOCK) == 0


def test_who_waits_knows_in_the_end(
    ctl: Ask, redis: Redis, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = register(where=ELSEWHERE)
    redis.hset(BEATS, worker, OLD)
    waited = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        still_for_long(redis, worker)

    monkeypatch.setattr(time, "sleep", wait)

    assert ctl("prune", "--wait").status == 0
    assert waited == [prune.PAUSE]
    assert registered(redis) == set()


def test_who_beats_meanwhile_lives(ctl: Ask, redis: Redis, register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = register(where=ELSEWHERE)
    redis.hset(BEATS, worker, OLD)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    monkeypatch.setattr(time, "sleep", lambda _seconds: redis.hset(BEATS, worker, now))

    assert ctl("prune", "--wait").out == "no worker is dead\n"
    assert len(registered(redis)) == 1


def test_a_worker_of_elsewhere_without_a_heartbeat_is_left(ctl: Ask, redis: Redis, register: Register) -> None:
    """A peer may have struck it off; it beats again in a moment."""
    redis.hdel(BEATS, register(where=ELSEWHERE))
    answer = ctl("prune")

    assert (answer.status, len(registered(redis))) == (1, 1)
    assert "it has no heartbeat" in answer.out


def test_a_dry_run_changes_nothing_but_what_it_says(ctl: Ask, redis: Redis, register: Register) -> None:
    push(redis, job())
    register()
    answer = ctl("prune", "--dry-run")

    assert answer.status == 0
    assert "would be struck off" in answer.out
    assert (len(registered(redis)), failures(redis)) == (1, [])


def test_while_somebody_else_prunes_it_is_left_to_him(ctl: Ask, redis: Redis, register: Register) -> None:
    register()
    redis.set(LOCK, "a ruby worker")
    answer = ctl("prune")

    assert answer.status == 1
    assert "somebody else is pruning" in answer.err
    assert redis.get(LOCK) == b"a ruby worker"
    assert len(registered(redis)) == 1


def test_only_those_that_are_named_are_settled(ctl: Ask, redis: Redis, register: Register) -> None:
    worker, other = register(), register(host="web2")

    assert ctl("prune", worker).status == 0
    assert registered(redis) == {other.encode()}


# Strangers


SHOWN = json.dumps({"queue": "ruby", "payload": {"class": "J", "args": [1, [], 12345678901234567890, 1.5]}})


def test_a_stranger_is_left_unless_it_is_named(ctl: Ask, redis: Redis) -> None:
    worker = stranger(redis, "web9:1:ruby")
    still_for_long(redis, worker)

    assert ctl("prune").out == "no worker is dead\n"
    assert registered(redis) == {worker.encode()}


def test_a_dead_stranger_leaves_what_a_prune_by_ruby_leaves(ctl: Ask, redis: Redis) -> None:
    worker = stranger(redis, "web9:1:ruby", record=SHOWN)
    still_for_long(redis, worker)
    redis.mset({f"resque:stat:processed:{worker}": 1, f"resque:worker:{worker}:started": "x"})

    assert ctl("prune", worker).status == 0
    (entry,) = failures(redis)
    assert entry["exception"] == "Resque::PruneDeadWorkerDirtyExit"
    assert entry["error"] == f"Worker {worker} did not gracefully exit while processing J"
    assert entry["payload"] == {"class": "J", "args": [1, [], 12345678901234567890, 1.5]}
    assert (entry["worker"], entry["queue"], entry["backtrace"]) == (worker, "ruby", [])
    assert redis.keys("resque:*") == [b"resque:failed"]
    assert redis.hlen(BEATS) == 0


@pytest.mark.parametrize("implementation", ["perl", "node", "pyres"])
def test_a_worker_that_never_beats_is_dead_only_if_the_operator_is_sure(
    ctl: Ask, redis: Redis, implementation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "another")
    restore(redis, seen(implementation, "while working"))  # type: ignore[arg-type]
    (worker,) = (str(one, "utf-8") for one in registered(redis) if isinstance(one, bytes))
    for ping in redis.keys("resque:worker:ping:*"):
        redis.set(ping, '{"time":1795417200}')
    before = redis.llen("resque:failed")

    assert ctl("prune", worker).status == 1
    assert len(registered(redis)) == 1
    assert ctl("prune", worker, "--yes").status == 0
    assert (registered(redis), redis.llen("resque:failed")) == (set(), before + 1)


def test_a_worker_of_node_that_shows_itself_lives(ctl: Ask, redis: Redis) -> None:
    worker = stranger(redis, "web9:7:ok")
    redis.set("resque:worker:ping:web9:7", json.dumps({"time": int(redis.time()[0])}))

    assert "it showed itself" in ctl("prune", worker, "--yes").out
    assert len(registered(redis)) == 1


def test_a_stranger_of_this_host_lives_as_long_as_its_process(ctl: Ask, redis: Redis, living: int) -> None:
    worker = stranger(redis, f"{socket.gethostname()}:{living}:ok")
    still_for_long(redis, worker)

    assert ctl("prune", worker, "--yes").status == 1
    assert len(registered(redis)) == 1


@pytest.mark.parametrize("pid", [NO_SUCH_PID, f"{NO_SUCH_PID}-poller"])
def test_a_stranger_of_this_host_whose_process_has_ended_is_dead(ctl: Ask, redis: Redis, pid: object) -> None:
    worker = stranger(redis, f"{socket.gethostname()}:{pid}:ok")

    assert ctl("prune", worker).status == 0
    assert registered(redis) == set()


def test_a_fresh_heartbeat_without_a_process_must_be_seen_to_stand_still(ctl: Ask, redis: Redis) -> None:
    """It may beat on from a container of the same name."""
    now = int(redis.time()[0])
    beat = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 100))
    worker = stranger(redis, f"{socket.gethostname()}:{NO_SUCH_PID}:ok", beat=beat)

    assert "unsure" in ctl("prune", worker, "--yes").out
    redis.hset(SIGHTINGS, worker, f"{beat} {now - 95} {now - 5}")
    assert ctl("prune", worker).status == 0
    assert registered(redis) == set()


def test_a_pid_that_none_can_be_breaks_nothing(ctl: Ask, redis: Redis) -> None:
    worker = stranger(redis, f"{socket.gethostname()}:{'9' * 19}:ok")

    assert json.loads(ctl("prune", worker, "--json").out)[0]["state"] == "unknown"


@pytest.mark.parametrize("sure", [[], ["--yes"]])
def test_a_stranger_that_beats_lives_whatever_the_operator_says(ctl: Ask, redis: Redis, sure: list[str]) -> None:
    now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(redis.time()[0]))
    worker = stranger(redis, "web9:1:ruby", beat=now)

    assert ctl("prune", worker, *sure).status == 1
    assert len(registered(redis)) == 1


@pytest.mark.parametrize("record", ["not json \udcff", "null", '{"payload":null}', '{"payload":{"args":[NaN]}}', "[7]"])
def test_a_record_that_nobody_can_read_is_kept_in_the_failed_list(ctl: Ask, redis: Redis, record: str) -> None:
    worker = stranger(redis, f"{socket.gethostname()}:{NO_SUCH_PID}:ok")
    redis.set(f"resque:worker:{worker}", record.encode(errors="surrogateescape"))

    assert ctl("prune", worker).status == 0
    (entry,) = failures(redis)
    assert entry["payload"] == {
        "class": "InvalidPayload",
        "args": [record.encode(errors="surrogateescape").decode(errors="backslashreplace")],
    }


def test_who_is_not_registered_is_a_problem(ctl: Ask) -> None:
    answer = ctl("prune", "web9:1:ok")

    assert answer.status == 1
    assert "web9:1:ok is not registered" in answer.err


def test_a_worker_of_a_version_that_is_not_known_is_left(ctl: Ask, redis: Redis) -> None:
    worker = stranger(redis, f"{socket.gethostname()}:{NO_SUCH_PID}:ok")
    redis.hset("resqued:resque:workers", worker, '{"schema":99}')

    assert "version of resqued that is not known here" in ctl("prune", worker).err
    assert len(registered(redis)) == 1


def test_all_of_which_nothing_is_known_are_not_dead_at_a_word(ctl: Ask) -> None:
    assert ctl("prune", "--yes").status == 2


def test_a_name_that_is_not_utf8_is_pruned_by_what_is_shown(ctl: Ask, redis: Redis) -> None:
    redis.sadd("resque:workers", b"\xff\x1b:1:q")

    assert "unknown" in ctl("prune", r"\xff" + "\x1b:1:q").out
    assert ctl("prune", r"\xff" + "\x1b:1:q", "--yes").status == 0
    assert registered(redis) == set()
