"""A scheduler's side of the protocol, on a real Redis, beside what other schedulers leave there."""

from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from redis import Redis

from resqued import address
from resqued.errors import StoreUnavailable
from resqued.protocol.keys import Keys
from resqued.recurring import Recurring
from resqued.rhythm import Every
from resqued.store.delays import By, Delays
from resqued.store.timetable import Batch, Deposed, Following, Leading, Timetable, Trip
from resqued.wire import lean
from tests.support.proxy import Proxy

RUBY, NODE = "resque:resque:resque_scheduler_master_lock", "resque:resque_scheduler_leader_lock"
SCHEDULE = "resque:delayed_queue_schedule"
NOW = 1_790_000_000
EPOCH = str(NOW - 5)
ITEM, JOB = '{"class":"A","args":[],"queue":"mail"}', '{"class":"A","args":[]}'
TRIP = Trip(ITEM.encode(), "mail", JOB)
TICK = Recurring("nightly", "mail", JOB, Every(60), "every 60 s")
KEPT = Recurring("nightly", "mail", JOB, Every(60), "every 60 s", is_persistent=True)


class Cast:
    """Schedulers by name, each on a connection of its own."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self._url, self._stack = url, stack

    def __call__(self, name: str, url: str = "") -> Timetable:
        wire = self._stack.enter_context(closing(lean.connect(address.parse(url or self._url), name=name)))
        return Timetable(wire, Keys(), name)


@pytest.fixture
def cast(redis_url: str, redis: Redis) -> Iterator[Cast]:
    with ExitStack() as stack:
        yield Cast(redis_url, stack)


@pytest.fixture
def one(cast: Cast) -> Timetable:
    """Who leads."""
    leader = cast("one")
    leader.lead()
    return leader


def delay(redis: Redis, *items: str, epoch: str = EPOCH) -> None:
    redis.rpush(f"resque:delayed:{epoch}", *items)
    redis.zadd(SCHEDULE, {epoch: int(epoch)})
    for item in items:
        redis.sadd(f"resque:timestamps:{item}", f"delayed:{epoch}")


# Leading


def test_who_leads_holds_the_lock_of_each_kind_for_seconds(cast: Cast, redis: Redis) -> None:
    now, standing = cast("one").lead()

    assert standing == Leading(None, changed=False)
    assert now == pytest.approx(redis.time()[0], abs=2)
    assert redis.mget(RUBY, NODE) == [b"one", b"one"]
    assert 0 < redis.pttl(RUBY) <= 10_000
    assert 0 < redis.pttl(NODE) <= 10_000


def test_of_ours_one_leads_and_the_others_know_for_how_long(cast: Cast, one: Timetable) -> None:
    _, standing = cast("two").lead()

    assert isinstance(standing, Following)
    assert standing.leader == "one"
    assert standing.lapses_in == pytest.approx(10, abs=2)


def test_who_leads_goes_on(one: Timetable, redis: Redis) -> None:
    redis.pexpire(RUBY, 500)

    assert one.lead()[1] == Leading(None, changed=False)
    assert redis.pttl(RUBY) > 500


@pytest.mark.parametrize("lock", [RUBY, NODE])
def test_beside_another_kind_of_leader_ours_follows_and_takes_neither_lock(cast: Cast, redis: Redis, lock: str) -> None:
    redis.set(lock, "vm:4711", ex=180)
    _, standing = cast("one").lead()

    assert isinstance(standing, Following)
    assert standing.leader == "vm:4711"
    assert standing.lapses_in == pytest.approx(180, abs=2)
    assert redis.keys("*lock") == [lock.encode()]


def test_who_has_lost_one_lock_lets_go_of_the_other(one: Timetable, redis: Redis) -> None:
    redis.set(RUBY, "vm:4711")

    assert one.lead()[1] == Following("vm:4711", None)
    assert redis.get(NODE) is None


def test_a_lock_of_a_wrong_type_is_somebodys(cast: Cast, redis: Redis) -> None:
    redis.rpush(RUBY, "x")

    assert cast("one").lead()[1] == Following("something that is no lock", None)


def test_who_leaves_wakes_one_who_waits(cast: Cast, one: Timetable, redis: Redis) -> None:
    assert one.vacate()
    assert redis.mget(RUBY, NODE) == [None, None]
    assert redis.lrange("resqued:resque:vacant", 0, -1) == [b"vacant"]
    assert not cast("two").vacate()


def test_nobody_lets_go_of_a_lock_that_is_anothers(one: Timetable, redis: Redis) -> None:
    redis.set(RUBY, "vm:4711")
    one.vacate()

    assert redis.mget(RUBY, NODE) == [b"vm:4711", None]


def test_who_leads_sees_what_comes_first_and_whether_schedules_have_changed(one: Timetable, redis: Redis) -> None:
    redis.zadd(SCHEDULE, {"90": 90, "80": 80})
    redis.sadd("resque:schedules_changed", "x")

    assert one.lead()[1] == Leading(80, changed=True)


# Bringing


def test_what_is_due_is_fetched_by_epoch_and_in_order(one: Timetable, redis: Redis) -> None:
    delay(redis, "b1", "b2", epoch=str(NOW))
    delay(redis, "a", epoch="9")
    delay(redis, "later", epoch=str(NOW + 1))

    assert one.bring({}, NOW + 0.9).due == (
        Batch(b"9", "list", (b"a",)),
        Batch(str(NOW).encode(), "list", (b"b1", b"b2")),
    )


def test_a_job_moves_and_leaves_nothing_behind(one: Timetable, redis: Redis) -> None:
    delay(redis, ITEM)
    brought = one.bring({EPOCH.encode(): [TRIP]}, NOW)

    assert (brought.became, brought.due) == ((True,), ())
    assert redis.lrange("resque:queue:mail", 0, -1) == [JOB.encode()]
    assert redis.smembers("resque:queues") == {b"mail"}
    assert sorted(redis.keys()) == sorted([*map(str.encode, (RUBY, NODE)), b"resque:queue:mail", b"resque:queues"])


def test_an_answer_that_was_lost_doubles_nothing(one: Timetable, redis: Redis) -> None:
    delay(redis, ITEM)
    one.bring({EPOCH.encode(): [TRIP]}, NOW)

    assert one.bring({EPOCH.encode(): [TRIP]}, NOW).became == (False,)
    assert redis.llen("resque:queue:mail") == 1


def test_what_somebody_else_has_taken_is_not_taken_again(one: Timetable, redis: Redis) -> None:
    items = [f'{{"class":"A","args":[{number}],"queue":"mail"}}' for number in range(3)]
    delay(redis, *items)
    redis.lpop(f"resque:delayed:{EPOCH}")  # as node's scheduler does
    trips = [Trip(item.encode(), "mail", item) for item in items]

    assert one.bring({EPOCH.encode(): trips}, NOW).became == (False, False, False)
    assert one.bring({EPOCH.encode(): trips[1:]}, NOW).became == (True, True)


def test_what_was_added_meanwhile_stays(one: Timetable, redis: Redis) -> None:
    delay(redis, ITEM, "new")

    assert one.bring({EPOCH.encode(): [TRIP]}, NOW).due == (Batch(EPOCH.encode(), "list", (b"new",)),)
    assert redis.zscore(SCHEDULE, EPOCH) == NOW - 5


def test_who_does_not_lead_moves_nothing(cast: Cast, one: Timetable, redis: Redis) -> None:
    delay(redis, ITEM)
    redis.set(NODE, "another")

    with pytest.raises(Deposed):
        one.bring({EPOCH.encode(): [TRIP]}, NOW)
    assert redis.llen("resque:queue:mail") == 0


def test_at_work_one_goes_on_leading(one: Timetable, redis: Redis) -> None:
    redis.pexpire(RUBY, 500)
    one.bring({}, NOW)

    assert redis.pttl(RUBY) > 500


def test_a_queue_that_is_none_is_named_and_stops_only_those_behind_it(one: Timetable, redis: Redis) -> None:
    redis.set("resque:queue:wrong", "x")
    delay(redis, "bad", ITEM)
    delay(redis, ITEM, epoch="9")
    trips = {EPOCH.encode(): [Trip(b"bad", "wrong", JOB), TRIP], b"9": [TRIP]}

    assert one.bring(trips, NOW).became == ("resque:queue:wrong", False, True)
    assert redis.lrange(f"resque:delayed:{EPOCH}", 0, -1) == [b"bad", ITEM.encode()]


def test_what_can_go_nowhere_is_counted_as_a_failure(one: Timetable, redis: Redis) -> None:
    delay(redis, "bad")

    assert one.bring({EPOCH.encode(): [Trip(b"bad", None, "entry")]}, NOW).became == (True,)
    assert redis.lrange("resque:failed", 0, -1) == [b"entry"]
    assert redis.get("resque:stat:failed") == b"1"
    assert redis.exists(SCHEDULE, f"resque:delayed:{EPOCH}") == 0


def test_a_list_that_is_none_is_forgotten_and_stays_where_it_is(one: Timetable, redis: Redis) -> None:
    redis.set("resque:delayed:9", "x")
    redis.zadd(SCHEDULE, {"9": 9})

    assert one.bring({}, NOW).due == (Batch(b"9", "string", ()),)
    assert one.bring({b"9": [Trip(b"", None, "entry")]}, NOW).due == ()
    assert (redis.get("resque:delayed:9"), redis.llen("resque:failed")) == (b"x", 1)


def test_times_at_which_nothing_is_due_are_forgotten(one: Timetable, redis: Redis) -> None:
    redis.zadd(SCHEDULE, {"9": 9, "nonsense": 8})

    assert one.bring({}, NOW).due == ()
    assert redis.exists(SCHEDULE) == 0


@pytest.mark.parametrize("key", ["resque:queues", "resque:stat:failed", f"resque:timestamps:{ITEM}"])
def test_what_holds_no_job_may_be_of_any_type(one: Timetable, redis: Redis, key: str) -> None:
    delay(redis, ITEM, "bad")
    redis.delete(key)
    redis.hset(key, "x", "x")

    trips = [TRIP, Trip(b"bad", None, "entry")]
    assert one.bring({EPOCH.encode(): trips}, NOW).became == (True, True)


def test_without_a_list_of_failures_what_can_go_nowhere_stays(one: Timetable, redis: Redis) -> None:
    redis.set("resque:failed", "x")
    delay(redis, "bad")

    assert one.bring({EPOCH.encode(): [Trip(b"bad", None, "entry")]}, NOW).became == ("resque:failed",)
    assert redis.llen(f"resque:delayed:{EPOCH}") == 1


def test_one_request_fetches_a_bounded_portion(one: Timetable, redis: Redis) -> None:
    delay(redis, *map(str, range(400)), epoch="7")
    delay(redis, *("x" * 100_000 for _ in range(40)), epoch="8")

    assert [len(batch.items) for batch in one.bring({}, NOW).due] == [250]
    redis.zrem(SCHEDULE, "7")
    assert [len(batch.items) for batch in one.bring({}, NOW).due] == [16]


def test_ours_moves_what_our_client_delays(one: Timetable, redis: Redis, redis_url: str) -> None:
    with closing(lean.connect(address.parse(redis_url))) as wire:
        Delays(wire, Keys()).put("mail", JOB, By.NOW, 1)
    (batch,) = one.bring({}, redis.time()[0] + 3).due

    assert batch.items == (ITEM.encode(),)


# Ticking


def test_a_schedule_that_nobody_has_heard_of_begins_to_count(one: Timetable, redis: Redis) -> None:
    assert one.ticks([TICK]) == [None]
    assert one.tick(TICK, known=None, until=NOW, jobs=0) == ("begun", NOW)
    assert one.ticks([TICK, KEPT]) == [NOW, None]
    assert redis.exists("resque:queue:mail") == 0


def test_a_tick_enqueues_and_tells_rubys_page(one: Timetable, redis: Redis) -> None:
    one.tick(TICK, known=None, until=NOW, jobs=0)

    assert one.tick(TICK, known=NOW, until=NOW + 60, jobs=1) == ("ticked", NOW + 60)
    assert redis.lrange("resque:queue:mail", 0, -1) == [JOB.encode()]
    assert redis.smembers("resque:queues") == {b"mail"}
    assert redis.hget("resque:delayed:last_enqueued_at", "nightly") == b"2026-09-21 14:14:20 +0000"


def test_of_two_who_beat_time_one_enqueues(cast: Cast, one: Timetable, redis: Redis) -> None:
    one.tick(TICK, known=None, until=NOW, jobs=0)
    one.tick(TICK, known=NOW, until=NOW + 60, jobs=1)

    assert cast("two").tick(TICK, known=NOW, until=NOW + 60, jobs=1) == ("other", NOW + 60)
    assert redis.llen("resque:queue:mail") == 1


def test_the_answer_to_a_tick_may_be_lost(cast: Cast, redis: Redis, proxy: Proxy) -> None:
    one = cast("one", proxy.url)
    one.tick(TICK, known=None, until=NOW, jobs=0)
    proxy.lose_replies(of="EVALSHA")
    with pytest.raises(StoreUnavailable):
        one.tick(TICK, known=NOW, until=NOW + 60, jobs=1)

    assert one.tick(TICK, known=NOW, until=NOW + 60, jobs=1) == ("other", NOW + 60)
    assert redis.llen("resque:queue:mail") == 1


def test_a_redis_that_has_forgotten_all_goes_on_from_what_we_know(one: Timetable, redis: Redis) -> None:
    assert one.tick(TICK, known=NOW, until=NOW + 60, jobs=1) == ("ticked", NOW + 60)


def test_a_disabled_schedule_ticks_without_a_job(one: Timetable, redis: Redis) -> None:
    one.tick(TICK, known=None, until=NOW, jobs=0)
    redis.hset("resqued:resque:disabled", "nightly", "2026")

    assert one.tick(TICK, known=NOW, until=NOW + 60, jobs=1) == ("disabled", NOW + 60)
    assert redis.exists("resque:queue:mail") == 0


def test_what_is_kept_in_redis_only_a_leader_enqueues(cast: Cast, one: Timetable, redis: Redis) -> None:
    assert cast("two").tick(KEPT, known=NOW, until=NOW + 60, jobs=1) == ("deposed", NOW)
    assert one.tick(KEPT, known=NOW, until=NOW + 60, jobs=1) == ("ticked", NOW + 60)
    assert cast("two").tick(TICK, known=NOW, until=NOW + 60, jobs=1) == ("ticked", NOW + 60)


def test_without_its_queue_a_tick_is_a_failure_once(one: Timetable, redis: Redis) -> None:
    redis.set("resque:queue:mail", "x")

    assert one.tick(TICK, known=NOW, until=NOW + 60, jobs=1) == ("refused", NOW)
    assert one.tick(TICK, known=NOW, until=NOW + 60, jobs=1, entry="entry") == ("ticked", NOW + 60)
    assert redis.lrange("resque:failed", 0, -1) == [b"entry"]


def test_what_is_kept_in_redis_is_read_and_the_change_taken_note_of(one: Timetable, redis: Redis) -> None:
    redis.hset("resque:persistent_schedules", mapping={"a": "{}", b"\xff": "x"})
    redis.sadd("resque:schedules_changed", "a")

    assert one.persistent() == {"a": b"{}", "\udcff": b"x"}
    assert redis.exists("resque:schedules_changed") == 0


def test_ticks_are_kept_for_more_than_a_year(one: Timetable, redis: Redis) -> None:
    one.tick(TICK, known=None, until=NOW, jobs=0)

    assert redis.ttl("resqued:resque:ticks") > 366 * 86400
