"""What our worker leaves in Redis, beside what a Ruby worker left when it did the same.

The differences are these, and no others:
- Ruby's lock for pruning, and our own keys, which begin with `resqued:`;
- a heartbeat ends in `Z`, where Ruby writes the offset;
- `run_at` has the form of `failed_at`, which Perl can read, where Ruby writes that of a heartbeat;
- a job is counted as processed when it is taken, where Ruby counts it when it ends;
- a job whose process died is counted as failed, where Ruby only makes an entry.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from redis import Redis

from resqued.protocol.payloads import encode_job
from resqued.store.slate import Slate
from resqued.verdict import DONE, Outcome, Verdict
from tests.golden import Dump, dump, seen
from tests.protocol.raw import captured
from tests.store.slates import push, slate_at, taken

IDLE = "vm:13768:idle"
BUSY = "vm:15024:ok,boom,die,exit,sleep"
QUEUES = ("ok", "boom", "die", "exit", "sleep")
OK_JOB = '{"class":"OkJob","args":[1,"two",{"k":null,"u":"é😀"}]}'.encode()
BOOM = Verdict(Outcome.FAILED, "RuntimeError", 'boom ["x"]', ("JOBS/ruby_common.rb:15:in `perform'",))
KILLED = "Child process received unhandled signal pid 15238 SIGKILL (signal 9)"
DIED = Verdict(Outcome.FAILED, "Resque::DirtyExit", KILLED)
DATE = r"[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[T ][0-9:]{8}"

HEARTBEAT = re.compile(DATE + r"(Z|\+00:00)")
RUN_AT = re.compile(r'(?<="run_at":")' + DATE + "( UTC|Z)")


class Story:
    """One worker's life, told as Ruby's was: the same jobs in the same seconds."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.now = 0.0
        self.slate: Slate

    def at(self, time: str) -> "Story":
        self.now = datetime.fromisoformat(f"2026-11-23T{time}Z").timestamp()
        return self

    def takes(self, queue: str, job: bytes) -> None:
        push(self.redis, job, queue=queue)
        taken(self.slate, *QUEUES)

    def performs(self, queue: str, job: bytes, verdict: Verdict) -> None:
        push(self.redis, job, queue=queue)
        self.slate.settle(taken(self.slate, *QUEUES), verdict, ())


@pytest.fixture(name="idle")
def story_of_an_idle_worker(redis: Redis, redis_url: str) -> Iterator[Story]:
    story = Story(redis)
    with slate_at(redis_url, IDLE, clock=lambda: story.now) as story.slate:
        push(redis, OK_JOB, queue="ok")
        story.at("07:33:53").slate.register()
        yield story


@pytest.fixture(name="busy")
def story_of_a_busy_worker(redis: Redis, redis_url: str) -> Iterator[Story]:
    story = Story(redis)
    with slate_at(redis_url, BUSY, clock=lambda: story.now) as story.slate:
        story.at("07:33:54").slate.register()
        story.performs("ok", OK_JOB, DONE)
        yield story


def common(entries: Dump, **counters: int) -> Dump:
    """What both of us write, with `counters` in place of what differs: `processed`, `failed`."""
    kept = {key: entry for key, entry in entries.items() if not key.startswith(("resque:pruning", "resqued:"))}
    for key, entry in kept.items():
        if key == "resque:workers:heartbeat":
            entry["value"] = {worker: HEARTBEAT.sub("<date>", date) for worker, date in entry["value"].items()}
        elif key.startswith("resque:worker:"):
            entry["value"] = RUN_AT.sub("<date>", entry["value"])
        elif key.startswith("resque:stat:") and (name := key.split(":")[2]) in counters:
            entry["value"] = str(counters[name])
    return kept


# Beside Ruby


def test_registered(idle: Story) -> None:
    assert common(dump(idle.redis)) == common(seen("ruby", "worker idle, registered"))


def test_unregistered(idle: Story) -> None:
    idle.slate.unregister()

    assert common(dump(idle.redis)) == common(seen("ruby", "after QUIT"))


def test_after_a_job_that_was_done(busy: Story) -> None:
    assert common(dump(busy.redis)) == common(seen("ruby", "after success"))


def test_after_a_job_that_failed(busy: Story) -> None:
    busy.performs("boom", b'{"class":"BoomJob","args":["x"]}', BOOM)

    assert common(dump(busy.redis)) == common(seen("ruby", "after failure"))


def test_after_a_job_whose_process_was_killed(busy: Story) -> None:
    busy.performs("boom", b'{"class":"BoomJob","args":["x"]}', BOOM)
    busy.at("07:33:55").performs("die", b'{"class":"DieJob","args":[]}', DIED)

    assert common(dump(busy.redis)) == common(seen("ruby", "after child SIGKILL"), failed=2)


def test_while_working(busy: Story) -> None:
    busy.performs("boom", b'{"class":"BoomJob","args":["x"]}', BOOM)
    busy.at("07:33:55").performs("die", b'{"class":"DieJob","args":[]}', DIED)
    busy.performs("exit", b'{"class":"ExitJob","args":[]}', DONE)
    busy.at("07:33:56").takes("sleep", b'{"class":"SleepJob","args":[6]}')

    assert common(dump(busy.redis)) == common(seen("ruby", "while working"), failed=2, processed=5)


# Beside Perl


def test_perl_has_keys_of_the_same_types_while_it_works(busy: Story) -> None:
    busy.performs("boom", b'{"class":"BoomJob","args":["x"]}', BOOM)
    busy.takes("sleep", b'{"class":"SleepJob","args":[6]}')
    ours, perls = types(common(dump(busy.redis))), types(seen("perl", "while working"))

    assert {key: kind for key, kind in ours.items() if "heartbeat" not in key} == perls


def test_perl_writes_the_same_shapes(busy: Story) -> None:
    busy.performs("boom", b'{"class":"BoomJob","args":["x"]}', BOOM)
    busy.takes("sleep", b'{"class":"SleepJob","args":[6]}')
    ours, perls = dump(busy.redis), seen("perl", "while working")

    assert shape(shown(ours)) == shape(shown(perls))
    assert shape(json.loads(ours["resque:failed"]["value"][0])) == shape(json.loads(perls["resque:failed"]["value"][0]))


def types(entries: Dump) -> dict[str, str]:
    """Each key's type, the worker's host and process left out of its name."""
    return {re.sub(r"vm:[0-9]+:", "", key): entry["type"] for key, entry in entries.items()}


def shown(entries: Dump) -> Any:
    """The job of the one worker that there is."""
    (record,) = (
        entry["value"] for key, entry in entries.items() if re.fullmatch(r"resque:worker:vm:[0-9]+:[a-z,]+", key)
    )
    return json.loads(record)


def shape(value: Any) -> Any:
    """The keys of objects, and the types of all else."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return type(value)


# Dates


def test_every_date_has_the_one_form_that_every_peer_reads(busy: Story) -> None:
    busy.performs("boom", b'{"class":"BoomJob","args":["x"]}', BOOM)
    busy.takes("sleep", b'{"class":"SleepJob","args":[6]}')
    left = dump(busy.redis)

    assert left[f"resque:worker:{BUSY}:started"]["value"] == "2026-11-23 07:33:54 +0000"
    assert shown(left)["run_at"] == "2026/11/23 07:33:54 UTC"
    assert json.loads(left["resque:failed"]["value"][0])["failed_at"] == "2026/11/23 07:33:54 UTC"
    assert re.fullmatch(r"[0-9]{4}(-[0-9]{2}){2}T[0-9:]{8}Z", left["resque:workers:heartbeat"]["value"][BUSY])


# Enqueued


def test_a_job_that_ruby_enqueued_is_written_by_us_to_the_letter() -> None:
    rubys = [text for text in captured() if re.fullmatch(r'\{"class":"[^"]*","args":\[.*\]\}', text)]

    assert [encode_job(json.loads(text)) for text in rubys] == rubys
    assert len(rubys) > 10
