"""`[scheduler] enabled = true`: jobs come to their queues when their time has come, whoever dies meanwhile."""

import json
import os
import signal
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
from redis import Redis

from resqued import address
from resqued.cli import resquectl
from resqued.protocol.keys import Keys
from resqued.store.delays import By, Delays
from resqued.wire import pooled
from tests.support import redis_server
from tests.support.daemon import Daemon, Daemons, daemons, popped, texts, title_of
from tests.support.hurried import hurried
from tests.support.waiting import eventually

ENABLED = "[scheduler]\nenabled = true\n"
TICKING = ENABLED + '[schedule.tick]\nclass = "Say"\nqueue = "work"\nargs = ["tick"]\nevery = 1\n'
HURRIED = hurried({"store.timetable.LEASE": 2000, "scheduler.loop.LOOK_EVERY": 0.5, "scheduler.loop.LOOK_AGAIN": 0.5})
RUBY, NODE = "resque:resque:resque_scheduler_master_lock", "resque:resque_scheduler_leader_lock"


def delay(url: str, words: str, seconds: float) -> None:
    with closing(pooled.connect(address.parse(url))) as wire:
        Delays(wire, Keys()).put("work", f'{{"class":"Say","args":["{words}"]}}', By.NOW, seconds)


def scheduler_of(daemon: Daemon) -> psutil.Process | None:
    children = psutil.Process(daemon.pid).children()
    return next((child for child in children if ": scheduler " in title_of(child)), None)


def leader(redis: Redis) -> bytes | str | None:
    both = redis.mget(RUBY, NODE)
    return both[0] if both[0] == both[1] else None


def leads(daemon: Daemon) -> bool:
    process = scheduler_of(daemon)
    return process is not None and title_of(process).endswith(", leads")


def started(daemons: Daemons, more: str = ENABLED, **settings: Any) -> Daemon:
    daemon = daemons.start(more=more, **settings)
    eventually(lambda: leads(daemon), within=10)
    return daemon


def test_a_delayed_job_comes_in_its_time_and_bad_ones_stop_nobody(daemons: Daemons, redis: Redis) -> None:
    daemon = started(daemons)
    now = redis.time()[0]
    redis.rpush(f"resque:delayed:{now}", "poison")
    redis.zadd("resque:delayed_queue_schedule", {str(now): now})  # as another client does, without a word
    delay(daemons.url, "soon", 1)

    assert popped(redis, "test:said") == "soon"
    assert redis.llen("resque:failed") == 1
    assert redis.exists("resque:delayed_queue_schedule") == 0
    assert daemon.logged("delayed.moved")[0]["failed"] == 1
    assert daemon.stop() == 0
    assert redis.exists(RUBY, NODE) == 0
    assert [line["event"] for line in daemon.lines() if line["event"].startswith("scheduler.")] == [
        "scheduler.started",
        "scheduler.leads",
        "scheduler.left",
        "scheduler.stopped",
    ]


def test_an_idle_leader_asks_little_and_is_woken_by_what_comes_sooner(daemons: Daemons, redis: Redis) -> None:
    daemon = started(daemons)
    delay(daemons.url, "later", 3600)
    delay(daemons.url, "at once", 0.01)

    assert popped(redis, "test:said", within=2.9) == "at once"
    assert leads(daemon)


def test_a_schedule_ticks_once_on_two_hosts_and_through_deaths_and_a_reload(daemons: Daemons, redis: Redis) -> None:
    one = started(daemons, TICKING, program=HURRIED)
    two = daemons.start(more=TICKING, program=HURRIED)
    popped(redis, "test:said")
    before, leading, dead = begun(redis), leader(redis), scheduler_of(one)
    assert dead is not None

    dead.kill()
    eventually(lambda: is_replaced(one, dead))
    eventually(lambda: leader(redis) not in (leading, None), within=15)  # the locks of the dead have lapsed
    old = scheduler_of(two)
    assert old is not None
    two.send(signal.SIGHUP)
    eventually(lambda: is_replaced(two, old), within=15)
    popped(redis, "test:said")
    assert (one.stop(), two.stop()) == (0, 0)

    assert begun(redis) == before
    assert one.logged("scheduler.died") != []
    assert two.logged("scheduler.died") == []
    assert redis.exists(RUBY, NODE) == 0


def is_replaced(daemon: Daemon, old: psutil.Process) -> bool:
    process = scheduler_of(daemon)
    return process is not None and process.pid != old.pid


def begun(redis: Redis) -> int:
    """The second before the first tick, if there has been one job for each second since."""
    with redis.pipeline() as transaction:
        transaction.hget("resqued:resque:ticks", "tick")
        transaction.get("resque:stat:processed")
        transaction.llen("resque:queue:work")
        last, processed, waiting = transaction.execute()
    return int(last) - int(processed or 0) - int(waiting)


def test_who_leaves_lets_another_lead_at_once(daemons: Daemons, redis: Redis) -> None:
    one = started(daemons)
    two = daemons.start(more=ENABLED)
    eventually(lambda: two.logged("scheduler.follows"), within=10)
    one.stop()

    eventually(lambda: leads(two), within=2)  # long before any lock would have lapsed


def test_beside_schedulers_of_another_kind_it_waits_and_its_own_schedules_go_on(daemons: Daemons, redis: Redis) -> None:
    redis.set(RUBY, "elsewhere:4711", ex=180)
    delay(daemons.url, "Ruby's", 0.01)
    daemon = daemons.start(more=TICKING, program=HURRIED)

    assert popped(redis, "test:said") == "tick"
    assert [line["leader"] for line in daemon.logged("scheduler.follows")] == ["elsewhere:4711"]
    redis.delete(RUBY)
    eventually(lambda: "Ruby's" in texts(redis, "test:said"), within=10)


def test_without_redis_it_waits_says_so_once_and_goes_on(tmp_path: Path) -> None:
    with redis_server.running() as server, server.client() as redis, daemons(tmp_path, redis, server.url) as fleet:
        daemon = started(fleet, workers=0)
        delay(server.url, "late", 1)
        redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        os.kill(server.pid, signal.SIGSTOP)
        eventually(lambda: daemon.logged("redis.lost"), within=15)
        os.kill(server.pid, signal.SIGCONT)

        eventually(lambda: redis.llen("resque:queue:work") == 1, within=15)
        assert len(daemon.logged("redis.lost")) == len(daemon.logged("redis.back")) == 1
        assert daemon.stop() == 0


def test_its_master_shows_it(daemons: Daemons, redis: Redis, capsys: pytest.CaptureFixture[str]) -> None:
    daemon = started(daemons)
    process = scheduler_of(daemon)
    assert process is not None
    file = str(next(daemons.directory.glob("*.toml")))

    assert resquectl.main(("-c", file, "status", "--json")) == 0
    (role,) = json.loads(capsys.readouterr().out)["roles"]
    assert (role["role"], role["pid"], role["restarts"]) == ("scheduler", process.pid, 0)
    resquectl.main(("-c", file, "status"))
    assert f"scheduler process {process.pid}, for " in capsys.readouterr().out
