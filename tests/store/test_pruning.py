"""Who is dead, and what becomes of what they held: `sight.lua` and `prune.lua`."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from redis import Redis

from resqued import address, coroner
from resqued.log import log
from resqued.protocol.identity import Registration, WorkerId
from resqued.protocol.keys import Keys
from resqued.store.pruning import CLOSELY, OLD, UNCHANGED, Dead, Pruned, Pruning
from resqued.store.slate import Slate
from resqued.verdict import DONE, REQUEUED, Outcome, Verdict
from resqued.wire import lean
from resqued.wire.lean import LeanWire
from resqued.work import Work
from tests.support.daemon import text_of

FAILED = Verdict(Outcome.FAILED, "ValueError", "no", ("one",))
HERE = Registration("mail", 0, "1.0.0", boot="b", pids="p", pid=1, born=1, nonce="here")
THERE = replace(HERE, boot="elsewhere", nonce="there")
DEAD, LIVING = WorkerId("there", 7, ("mail",)), WorkerId("here", 8, ("mail",))
LOOK = "resqued:resque:look"
BEATS, SIGHTINGS, LOCK = (
    "resque:workers:heartbeat",
    "resqued:resque:sightings",
    "resque:pruning_dead_workers_in_progress",
)
QUEUE = "resque:queue:mail"


@pytest.fixture
def wire(redis_url: str) -> Iterator[LeanWire]:
    with closing(lean.connect(address.parse(redis_url))) as connected:
        yield connected


def slate(wire: LeanWire, worker: WorkerId, registration: Registration) -> Slate:
    return Slate(wire, Keys(), worker=worker, registration=registration)


@pytest.fixture
def living(wire: LeanWire) -> Slate:
    worker = slate(wire, LIVING, HERE)
    worker.register()
    return worker


@pytest.fixture
def dead(redis: Redis, wire: LeanWire) -> Dead:
    """A worker of another host, with a job on its slate."""
    worker = slate(wire, DEAD, THERE)
    worker.register()
    redis.rpush(QUEUE, '{"class":"Echo","args":[1]}', '{"class":"Echo","args":[2]}')
    worker.reserve(["mail"])
    return Dead(str(DEAD), THERE, THERE.encode())


@pytest.fixture
def pruning(wire: LeanWire) -> Pruning:
    return Pruning(wire, Keys())


def server_date(redis: Redis, ago: float) -> str:
    return datetime.fromtimestamp(int(redis.time()[0]) - ago, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def look(redis: Redis, living: Slate) -> list[str]:
    """One look of the fleet, as if a minute had passed."""
    redis.delete(LOOK)
    return [one.id for one in living.beat()[1]]


def seen(redis: Redis, *, first: float, last: float) -> None:
    """As if the stopped heart had been seen so many seconds ago."""
    now, beat = int(redis.time()[0]), text_of(redis.hget(BEATS, str(DEAD)) or "")
    redis.hset(SIGHTINGS, str(DEAD), f"{beat} {now - int(first)} {now - int(last)}")


def stop_heart(redis: Redis, ago: float = OLD + 100) -> None:
    redis.hset(BEATS, str(DEAD), server_date(redis, ago))


# Sighting


def test_an_old_heartbeat_alone_proves_nothing(redis: Redis, living: Slate, dead: Dead) -> None:
    stop_heart(redis)

    assert look(redis, living) == []


def test_a_heart_that_was_seen_still_for_long_enough_is_dead(redis: Redis, living: Slate, dead: Dead) -> None:
    stop_heart(redis)
    look(redis, living)
    seen(redis, first=UNCHANGED, last=60)

    assert look(redis, living) == [str(DEAD)]


def test_a_heart_that_was_seen_still_for_a_moment_is_not(redis: Redis, living: Slate, dead: Dead) -> None:
    stop_heart(redis)
    seen(redis, first=UNCHANGED - 10, last=30)

    assert look(redis, living) == []


def test_what_was_seen_before_an_outage_does_not_count(redis: Redis, living: Slate, dead: Dead) -> None:
    stop_heart(redis)
    seen(redis, first=3600, last=CLOSELY + 10)

    assert look(redis, living) == []
    assert look(redis, living) == []  # its time begins anew


def test_a_heart_that_beats_again_is_forgotten(redis: Redis, living: Slate, dead: Dead) -> None:
    stop_heart(redis)
    look(redis, living)
    stop_heart(redis, ago=0)
    look(redis, living)

    assert not redis.hexists(SIGHTINGS, str(DEAD))


def test_a_heart_that_beat_in_between_but_is_old_again_begins_anew(redis: Redis, living: Slate, dead: Dead) -> None:
    stop_heart(redis, ago=OLD + 500)
    look(redis, living)
    seen(redis, first=UNCHANGED + 100, last=10)
    stop_heart(redis, ago=OLD + 50)

    assert look(redis, living) == []


def test_while_somebody_looks_nobody_else_does(redis: Redis, living: Slate, dead: Dead) -> None:
    stop_heart(redis)
    seen(redis, first=UNCHANGED, last=60)
    redis.set(LOOK, "another worker")

    assert living.beat() == (False, [])


def test_while_a_ruby_worker_prunes_we_do_not(redis: Redis, living: Slate, dead: Dead) -> None:
    stop_heart(redis)
    seen(redis, first=UNCHANGED, last=60)
    redis.set(LOCK, "a Ruby worker")

    assert look(redis, living) == []
    assert redis.get(LOCK) == b"a Ruby worker"


def test_resques_lock_is_held_only_while_somebody_is_pruned(
    redis: Redis, living: Slate, dead: Dead, pruning: Pruning
) -> None:
    """A Ruby worker that finds it held when it starts never prunes again."""
    look(redis, living)
    assert not redis.exists(LOCK)
    stop_heart(redis)
    seen(redis, first=UNCHANGED, last=60)
    look(redis, living)
    assert redis.get(LOCK) == str(LIVING).encode()
    assert 0 < redis.ttl(LOCK) <= 60

    pruning.release(str(LIVING))
    assert not redis.exists(LOCK)


def test_a_lock_that_somebody_else_has_by_now_is_not_released(redis: Redis, pruning: Pruning) -> None:
    redis.set(LOCK, "a Ruby worker")

    pruning.release(str(LIVING))
    assert redis.exists(LOCK)


def test_a_look_leaves_no_key_for_ever(redis: Redis, living: Slate, dead: Dead) -> None:
    stop_heart(redis)
    look(redis, living)

    assert 0 < redis.ttl(SIGHTINGS) <= CLOSELY
    assert 0 < redis.ttl(LOOK) <= 60


def test_a_worker_of_another_client_is_nobody_of_ours_however_old(redis: Redis, living: Slate) -> None:
    redis.sadd("resque:workers", "ruby:1:mail")
    redis.hset(BEATS, "ruby:1:mail", "2001-01-01T00:00:00Z")
    seen(redis, first=UNCHANGED, last=60)

    assert look(redis, living) == []


# Pruning


def pruned(pruning: Pruning, dead: Dead, verdict: Verdict | None = None) -> Pruned:
    what, _ = pruning.prune(dead, lambda _dead, _work: verdict, "{worker} died while processing {job}")
    return what


def failures(redis: Redis) -> list[dict[str, object]]:
    return [json.loads(entry) for entry in redis.lrange("resque:failed", 0, -1)]


def nothing_is_left(redis: Redis) -> bool:
    return not [key for key in redis.keys("*") if str(DEAD).encode() in key] and not redis.hexists(BEATS, str(DEAD))


def test_a_lost_job_fails(redis: Redis, pruning: Pruning, dead: Dead) -> None:
    assert pruned(pruning, dead) is Pruned.FAILED
    (failure,) = failures(redis)
    assert failure["exception"] == "Resque::DirtyExit"
    assert failure["error"] == "there:7:mail died while processing Echo"
    assert failure["payload"] == {"class": "Echo", "args": [1]}
    assert nothing_is_left(redis)
    assert (redis.get("resque:stat:processed"), redis.get("resque:stat:failed")) == (b"1", b"1")


def test_of_a_worker_whose_heart_stopped_it_is_said_in_rubys_words(redis: Redis, pruning: Pruning, dead: Dead) -> None:
    stop_heart(redis)
    beat = text_of(redis.hget(BEATS, str(DEAD)) or "")

    assert pruned(pruning, replace(dead, beat=beat)) is Pruned.FAILED
    assert failures(redis)[0]["exception"] == "Resque::PruneDeadWorkerDirtyExit"


@pytest.mark.parametrize(
    ("verdict", "what"), [(DONE, Pruned.DONE), (FAILED, Pruned.FAILED), (REQUEUED, Pruned.REQUEUED)]
)
def test_what_the_worker_had_noted_is_the_truth(
    redis: Redis, pruning: Pruning, dead: Dead, verdict: Verdict, what: Pruned
) -> None:
    assert pruned(pruning, dead, verdict) is what
    assert [entry["error"] for entry in failures(redis)] == (["no"] if what is Pruned.FAILED else [])
    assert redis.llen(QUEUE) == (2 if what is Pruned.REQUEUED else 1)
    assert redis.get("resque:stat:processed") == (b"0" if what is Pruned.REQUEUED else b"1")
    assert nothing_is_left(redis)


def test_a_lost_job_goes_back_to_the_head_as_often_as_it_may(redis: Redis, wire: LeanWire, pruning: Pruning) -> None:
    patient = replace(THERE, put_back=2)
    redis.rpush(QUEUE, '{"class":"Echo","args":[1]}', '{"class":"Echo","args":[2]}')
    ends = []
    for _ in range(3):
        worker = slate(wire, DEAD, patient)
        worker.register()
        work = worker.reserve(["mail"])
        assert isinstance(work, Work)
        assert work.payload == b'{"class":"Echo","args":[1]}'
        ends.append(pruned(pruning, Dead(str(DEAD), patient, patient.encode())))

    assert ends == [Pruned.REQUEUED, Pruned.REQUEUED, Pruned.FAILED]
    assert redis.llen(QUEUE) == 1
    assert redis.get("resque:stat:processed") == b"1"


def test_how_often_a_job_was_lost_is_not_remembered_where_it_fails_at_once(
    redis: Redis, pruning: Pruning, dead: Dead
) -> None:
    pruned(pruning, dead)

    assert not [key for key in redis.keys("*") if b":lost:" in key]


def test_a_worker_that_beat_in_the_meantime_lives(redis: Redis, pruning: Pruning, dead: Dead) -> None:
    assert pruned(pruning, replace(dead, beat="2001-01-01T00:00:00Z")) is Pruned.CHANGED
    assert redis.sismember("resque:workers", str(DEAD))


def test_a_worker_with_another_registration_is_somebody_else(redis: Redis, pruning: Pruning, dead: Dead) -> None:
    assert pruned(pruning, replace(dead, text="{}")) is Pruned.CHANGED
    assert redis.hget("resqued:resque:slate:there:7:mail", "payload")


def test_who_prunes_twice_changes_nothing_the_second_time(redis: Redis, pruning: Pruning, dead: Dead) -> None:
    assert [pruned(pruning, dead), pruned(pruning, dead)] == [Pruned.FAILED, Pruned.CHANGED]
    assert len(failures(redis)) == 1


def test_a_job_that_a_peer_has_recorded_is_not_recorded_twice(redis: Redis, pruning: Pruning, dead: Dead) -> None:
    redis.delete(f"resque:worker:{DEAD}")  # as Ruby does, which has pushed the failure

    assert pruned(pruning, dead) is Pruned.RECORDED
    assert not failures(redis)
    assert nothing_is_left(redis)


def test_one_that_cannot_be_settled_keeps_no_other_from_it(
    redis: Redis, living: Slate, pruning: Pruning, dead: Dead, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(log, "error", lambda event, **_: said.append(event))
    redis.delete(f"resqued:resque:slate:{DEAD}")
    redis.set(f"resqued:resque:slate:{DEAD}", "no hash")
    other = Dead(living.worker, HERE, HERE.encode())

    assert coroner.prune_each(pruning, [dead, other]) is False
    assert [one.id for one in pruning.registered()] == [dead.id]
    assert said == ["worker.not_pruned"]


def test_an_idle_worker_is_only_struck_off(redis: Redis, wire: LeanWire, pruning: Pruning) -> None:
    slate(wire, DEAD, THERE).register()

    assert pruned(pruning, Dead(str(DEAD), THERE, THERE.encode())) is Pruned.NONE
    assert nothing_is_left(redis)


def test_a_registration_of_a_later_version_is_left_alone(redis: Redis, pruning: Pruning) -> None:
    redis.hset("resqued:resque:workers", "there:9:mail", '{"schema":2,"something":"new"}')
    redis.hset("resqued:resque:workers", "there:10:mail", "not json")

    assert pruning.registered() == []


def test_a_worker_finds_that_its_id_is_taken(redis: Redis, wire: LeanWire, dead: Dead) -> None:
    namesake = slate(wire, DEAD, HERE).register()

    assert namesake == dead
    assert redis.hget("resqued:resque:workers", str(DEAD)) == THERE.encode().encode()
