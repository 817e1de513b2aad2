"""How a job can end, and what is recorded of it."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

import resqued
from resqued import processes
from tests.support.daemon import Daemons, failures, popped, push
from tests.support.waiting import eventually


def ending(daemons: Daemons, redis: Redis, job: str, *args: object, **settings: Any) -> dict[str, object]:
    """The one failure that performing `job` leaves; the worker that performed it goes on."""
    master = daemons.start(**settings)
    push(redis, job, *args)
    push(redis, "Say", "after")
    assert popped(redis, "test:said") == "after"
    assert len(master.logged("worker.started")) == 1
    (failure,) = failures(redis)
    assert failure["payload"] == {"class": job, "args": list(args)}
    assert redis.get("resque:stat:failed") == b"1"
    eventually(lambda: redis.get("resque:stat:processed") == b"2")
    return failure


def test_an_exception_is_recorded_with_its_class_message_and_backtrace(daemons: Daemons, redis: Redis) -> None:
    failure = ending(daemons, redis, "Boom", 1)

    assert (failure["exception"], failure["error"]) == ("ValueError", "boom")
    assert 'raise ValueError("boom")' in str(failure["backtrace"])
    assert str(Path(resqued.__file__).parent) not in str(failure["backtrace"])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_signal_is_recorded_by_its_name(daemons: Daemons, redis: Redis, number: signal.Signals) -> None:
    failure = ending(daemons, redis, "Die", int(number))

    assert failure["exception"] == "Resque::DirtyExit"
    assert number.name in str(failure["error"])


@pytest.mark.parametrize("status", [0, 3])
def test_an_exit_without_a_verdict_is_recorded_with_its_status(daemons: Daemons, redis: Redis, status: int) -> None:
    failure = ending(daemons, redis, "Leave", status)

    assert failure["exception"] == "Resque::DirtyExit"
    assert f"status {status}" in str(failure["error"])


def test_a_job_that_closes_all_its_descriptors_is_recorded(daemons: Daemons, redis: Redis) -> None:
    assert ending(daemons, redis, "CloseEverything")["exception"] == "Resque::DirtyExit"


def test_a_job_that_runs_past_its_timeout_is_stopped_and_recorded(daemons: Daemons, redis: Redis) -> None:
    failure = ending(daemons, redis, "Careful", pool="timeout = 0.2")

    assert failure["exception"] == "JobTimeout"
    assert "0.2 s" in str(failure["error"])
    assert popped(redis, "test:cleaned") == "up"


def test_a_job_that_ignores_its_timeout_is_killed(daemons: Daemons, redis: Redis) -> None:
    more = "[shutdown]\nterm_timeout = 0.3"

    assert ending(daemons, redis, "Stubborn", pool="timeout = 0.2", more=more)["exception"] == "JobTimeout"


def test_a_process_that_a_job_leaves_behind_does_not_hold_up_its_worker(daemons: Daemons, redis: Redis) -> None:
    daemons.start()
    push(redis, "Grandchild")
    push(redis, "Say", "after")

    assert popped(redis, "test:said") == "after"
    assert not failures(redis)
    redis.rpush("test:go", "on")


def test_what_a_job_has_started_outlives_one_that_is_done(daemons: Daemons, redis: Redis) -> None:
    daemons.start()
    push(redis, "Fact", "os.spawnlp(os.P_NOWAIT, 'sleep', 'sleep', '30')")
    push(redis, "Say", "after")  # when it begins the process of the job before has gone
    started = int(popped(redis, "test:facts"))
    popped(redis, "test:said")

    assert processes.exists(started)
    os.kill(started, signal.SIGKILL)
    eventually(lambda: not processes.exists(started))


def test_what_a_job_has_started_ends_with_one_that_is_killed(daemons: Daemons, redis: Redis) -> None:
    daemons.start()
    push(redis, "Parent")
    started, job = int(popped(redis, "test:grandchild")), int(popped(redis, "test:met"))
    os.kill(job, signal.SIGKILL)

    eventually(lambda: len(failures(redis)) == 1)
    eventually(lambda: not processes.exists(started))


@pytest.mark.parametrize("name", ["os.system", "subprocess.Popen", "builtins.eval", "tracked.redis.Redis", "Nobody"])
def test_a_queue_cannot_choose_what_code_runs(daemons: Daemons, redis: Redis, name: str) -> None:
    failure = ending(daemons, redis, name, "touch /tmp/resqued-was-here")

    assert failure["exception"] == "UnknownJob"
    assert "[jobs]" in str(failure["error"])


@pytest.mark.parametrize("raw", [b"not json", b"null", b"[]", b'"text"', b"{}", b'{"class":null}', b"\xff\xfe", b""])
def test_poison_is_recorded_and_kills_nobody(daemons: Daemons, redis: Redis, raw: bytes) -> None:
    master = daemons.start()
    redis.rpush("resque:queue:work", raw)
    push(redis, "Say", "after")

    assert popped(redis, "test:said") == "after"
    (failure,) = failures(redis)
    assert failure["exception"] == "InvalidPayload"
    assert failure["payload"]["args"] == [raw.decode(errors="backslashreplace")]
    assert len(master.logged("worker.started")) == 1


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("os.getsid(0) == os.getpid()", "True"),
        ("os.readlink('/proc/self/fd/0')", "'/dev/null'"),
        (("[t for f in os.listdir('/proc/self/fd') if f > '2' and os.path.exists('/proc/self/fd/' + f) "
         "for t in [os.readlink('/proc/self/fd/' + f)] if 'socket' in t]"), "[]"),
        ("sorted(m for m in sys.modules if m in ('redis', 'rich'))", "['redis']"),  # the job's own import
        ("__import__('resqued').current_job().queue", "'work'"),
    ],
)  # fmt: skip
def test_what_a_job_finds_in_its_process(daemons: Daemons, redis: Redis, expression: str, expected: str) -> None:
    daemons.start()
    push(redis, "Fact", expression)

    assert popped(redis, "test:facts") == expected
