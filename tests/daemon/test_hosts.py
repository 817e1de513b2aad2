"""Several hosts on one Redis, and ten minutes in which one of them is cut off, frozen, or wrong about the time."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest
from redis import Redis

from tests.support import hosts
from tests.support.daemon import APPS, TRACKED, Daemon, at_fork, failures, popped, push, resque_keys, text_of
from tests.support.hosts import Host, Resident
from tests.support.hours import BEATS, Clock, Hours, moment
from tests.support.redis_server import RedisServer
from tests.support.waiting import eventually

QUEUE = "resque:queue:work"
REQUEUE = 'worker_lost = "requeue"'
LASTING = {"resque:queues", "resque:failed", "resque:stat:processed", "resque:stat:failed"}
PRUNED = "Resque::PruneDeadWorkerDirtyExit"


class Network:
    """Hosts with a daemon each. Their jobs talk to the test around the cables."""

    def __init__(self, server: RedisServer, there: list[Host], clocks: list[Clock], directory: Path) -> None:
        self.redis = server.client()
        self.hours = Hours(self.redis, clocks)
        self.hosts = there
        self._server, self._clocks, self._directory = server, clocks, directory

    def start(self, number: int, *, pool: str = "", workers: int = 1, volume: Path | None = None) -> Resident:
        """A daemon on this host, at work. What it keeps is on the host's own disk, unless there is another volume."""
        host, file = self.hosts[number], self._directory / "resqued.toml"
        file.write_text(
            TRACKED.format(
                url=f"redis://{host.cable.redis}:{self._server.port}/0",
                apps=APPS,
                at_fork=at_fork(),
                jobs="",
                queues='["work"]',
                workers=workers,
                pool=pool,
                more="",
                directory=volume or host.disk,
            )
        )
        environment = {"TEST_REDIS_URL": self._server.unix_url, **self._clocks[number].environment}
        daemon = host.start(file, self.redis, environment)
        daemon.wait_for_workers(workers)
        return daemon

    def performing(self, number: int, **settings: Any) -> tuple[Resident, psutil.Process]:
        """A daemon on this host whose only worker performs a job that waits, and the job's process."""
        daemon = self.start(number, **settings)
        push(self.redis, "Meet")
        popped(self.redis, "test:met")
        (worker,) = daemon.workers()
        (job,) = worker.children()
        return daemon, job

    def left(self) -> set[str]:
        """The keys that are not among those which last, nor have a time to live, nor are the test's."""
        return {key for key in resque_keys(self.redis) - LASTING if self.redis.ttl(key) == -1}


Networks = Callable[..., Network]


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Networks]:
    """Makes hosts of these names, with wall clocks that are wrong by so many seconds."""
    with ExitStack() as held:

        def connected(*names: str, wrong_by: tuple[float, ...] = ()) -> Network:
            try:
                server, there = held.enter_context(hosts.network(names, tmp_path))
            except hosts.Unavailable as why:
                pytest.skip(f"there can be no hosts here: {why}")
            wrong = wrong_by or (0.0,) * len(names)
            clocks = [Clock(tmp_path / f"{number}.clock", by) for number, by in enumerate(wrong)]
            made = Network(server, there, clocks, tmp_path)
            held.callback(made.redis.close)
            return made

        yield connected


def is_gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def counted(redis: Redis) -> tuple[int, int, int]:
    """Jobs processed, failed, and in the failed list."""
    processed, failed = (int(redis.get(f"resque:stat:{name}") or 0) for name in ("processed", "failed"))
    return processed, failed, redis.llen("resque:failed")


# A host that is cut off


def cut_off(there: Host, daemon: Daemon, hours: Hours, *living: Daemon) -> None:
    """Until it has noticed."""
    there.pull_the_cable()
    hours.pass_by(30, *living)
    eventually(lambda: daemon.logged("redis.lost"), within=30)


def test_the_job_of_a_host_that_is_cut_off_for_ten_minutes_fails_once(network: Networks) -> None:
    """Its worker knows nothing of that, and ends it well; then it learns, and goes on as before."""
    net = network("here", "there")
    away, job = net.performing(1)
    here = net.start(0)
    (name,) = away.worker_ids()
    cut_off(net.hosts[1], away, net.hours, here)
    net.hours.pass_by(600, here)
    eventually(lambda: failures(net.redis))
    net.redis.rpush("test:go", "on")
    assert popped(net.redis, "test:done") == "meet"
    net.hosts[1].mend_the_cable()
    net.hours.pass_by(30, here)
    eventually(lambda: away.logged("worker.struck_off"), within=30)

    assert is_gone(job)
    (failure,) = failures(net.redis)
    assert (failure["exception"], failure["worker"]) == (PRUNED, name)
    assert away.worker_ids() == [name]
    assert (here.stop(), away.stop()) == (0, 0)
    assert counted(net.redis) == (1, 1, 1)
    assert net.left() == set()


def test_a_job_that_may_be_put_back_ends_where_it_is_cut_off_before_it_begins_elsewhere(network: Networks) -> None:
    net = network("here", "there")
    away, job = net.performing(1, pool=REQUEUE)
    here = net.start(0, pool=REQUEUE)
    cut_off(net.hosts[1], away, net.hours, here)
    net.hours.pass_by(270, here)
    eventually(lambda: is_gone(job), within=30)
    assert not net.redis.exists("test:met")
    net.hours.pass_by(330, here)

    popped(net.redis, "test:met")
    net.hosts[1].mend_the_cable()
    net.redis.rpush("test:go", "on")
    assert popped(net.redis, "test:done") == "meet"
    net.hours.pass_by(30, here)
    eventually(lambda: away.logged("worker.struck_off"), within=30)
    assert (here.stop(), away.stop()) == (0, 0)
    assert counted(net.redis) == (1, 0, 0)
    assert net.left() == set()


def test_idle_workers_that_were_cut_off_are_back_under_their_names(network: Networks) -> None:
    net = network("here", "there")
    away, here = net.start(1, workers=2), net.start(0)
    names = away.worker_ids()
    cut_off(net.hosts[1], away, net.hours, here)
    net.hours.pass_by(600, here)
    eventually(lambda: away.worker_ids() == [])
    net.hosts[1].mend_the_cable()
    net.hours.pass_by(30, here)

    eventually(lambda: away.worker_ids() == names, within=30)
    assert not failures(net.redis)
    assert (here.stop(), away.stop()) == (0, 0)
    assert net.left() == set()


# A host that is gone


def test_the_job_of_a_host_that_died_is_failed_by_another_but_not_for_five_minutes(network: Networks) -> None:
    net = network("here", "there")
    away, _ = net.performing(1)
    here = net.start(0)
    (name,) = away.worker_ids()
    net.hosts[1].power_off()
    net.hours.pass_by(300, here)
    assert not failures(net.redis)
    assert net.redis.sismember("resque:workers", name)

    net.hours.pass_by(240, here)
    eventually(lambda: failures(net.redis))
    assert [entry["exception"] for entry in failures(net.redis)] == [PRUNED]
    assert here.stop() == 0
    assert counted(net.redis) == (1, 1, 1)
    assert net.left() == set()


def test_a_container_that_is_started_again_settles_at_once_what_it_left(network: Networks, tmp_path: Path) -> None:
    """Its name and its directories are the same, and so are its pids; only the kernel knows that they mean others."""
    net = network("same", "same")
    old, _ = net.performing(0, volume=tmp_path / "volume")
    (name,) = old.worker_ids()
    net.hosts[0].power_off()
    new = net.start(1, volume=tmp_path / "volume")

    eventually(lambda: failures(net.redis))
    (failure,) = failures(net.redis)
    assert (failure["exception"], failure["worker"]) == ("Resque::DirtyExit", name)
    assert new.worker_ids() == [name]
    assert new.stop() == 0
    assert counted(net.redis) == (1, 1, 1)
    assert net.left() == set()


# Hosts that are alike


def test_containers_that_share_their_name_and_their_pids_leave_each_other_alone(network: Networks) -> None:
    net = network("same", "same")
    first, _ = net.performing(0)
    (name,) = first.worker_ids()
    second = net.start(1)
    (other,) = second.worker_ids()
    push(net.redis, "Say", "second")

    assert popped(net.redis, "test:said") == "second"
    assert other == name.replace("same:", "same.2:")
    net.redis.rpush("test:go", "on")
    assert popped(net.redis, "test:done") == "meet"
    assert (first.stop(), second.stop()) == (0, 0)
    assert counted(net.redis) == (2, 0, 0)
    assert net.left() == set()


# A clock that is wrong


def test_an_hour_between_the_clocks_of_hosts_means_nobodys_death(network: Networks) -> None:
    net = network("early", "right", "late", wrong_by=(3600.0, 0.0, -3600.0))
    everybody = [net.performing(number)[0] for number in range(3)]
    net.hours.pass_by(600, *everybody)
    for _ in everybody:
        net.redis.rpush("test:go", "on")

    assert [popped(net.redis, "test:done") for _ in everybody] == ["meet"] * 3
    assert not [line for daemon in everybody for line in daemon.logged("worker.pruned")]
    assert not [line for daemon in everybody for line in daemon.logged("worker.struck_off")]
    assert [daemon.stop() for daemon in everybody] == [0, 0, 0]
    assert counted(net.redis) == (3, 0, 0)
    assert net.left() == set()


def test_a_host_whose_clock_is_wrong_says_so_in_what_people_read_and_nowhere_else(network: Networks) -> None:
    net = network("early", wrong_by=(3600.0,))
    daemon, _ = net.performing(0)
    (name,) = daemon.worker_ids()
    now = int(net.redis.time()[0])

    assert abs(moment(text_of(net.redis.hget(BEATS, name) or "")).timestamp() - now) < 60
    shown = json.loads(net.redis.get(f"resque:worker:{name}") or "")["run_at"]
    assert moment(shown.replace("/", "-").replace(" UTC", "Z").replace(" ", "T")).timestamp() > now + 3500
    assert daemon.stop(signal.SIGINT) == 0


@pytest.mark.parametrize("wrong_by", [(3600.0, -3600.0), (-3600.0, 3600.0)])
def test_a_dead_host_is_found_in_time_however_wrong_the_clocks_are(
    network: Networks, wrong_by: tuple[float, float]
) -> None:
    net = network("here", "there", wrong_by=wrong_by)
    net.performing(1)
    here = net.start(0)
    net.hosts[1].power_off()
    net.hours.pass_by(300, here)
    assert not failures(net.redis)

    net.hours.pass_by(240, here)
    eventually(lambda: failures(net.redis))
    assert here.stop() == 0
    assert net.left() == set()


# A host that stands still


@pytest.mark.parametrize(("pool", "failed"), [("", 1), (REQUEUE, 0)])
def test_a_worker_that_stands_still_is_given_up_by_its_master_before_another_host_may(
    network: Networks, pool: str, failed: int
) -> None:
    """Stopped with SIGSTOP, it cannot give up its job itself, which runs on."""
    net = network("here", "there")
    away, job = net.performing(1, pool=pool)
    here = net.start(0, pool=pool)
    os.kill(away.workers()[0].pid, signal.SIGSTOP)
    net.hours.pass_by(210, here)
    eventually(lambda: away.logged("worker.pruned"))
    net.hours.pass_by(390, here)

    assert is_gone(job)
    assert away.logged("worker.killed")
    assert not here.logged("worker.pruned")
    net.redis.rpush("test:go", "on")
    assert (here.stop(), away.stop()) == (0, 0)
    assert counted(net.redis) == (1, failed, failed)
    assert net.left() == set()


def test_the_job_of_a_host_that_was_frozen_for_ten_minutes_fails_once(network: Networks) -> None:
    """It wakes up as if nothing had happened, and its job ends well."""
    net = network("here", "there")
    away, _ = net.performing(1)
    here = net.start(0)
    net.hosts[1].freeze()
    net.hours.pass_by(600, here)
    eventually(lambda: failures(net.redis))
    net.hosts[1].thaw()
    net.redis.rpush("test:go", "on")
    assert popped(net.redis, "test:done") == "meet"

    eventually(lambda: away.logged("worker.struck_off"))
    assert (here.stop(), away.stop()) == (0, 0)
    assert counted(net.redis) == (1, 1, 1)
    assert net.left() == set()


def test_a_host_that_was_frozen_gives_up_a_job_that_was_put_back_meanwhile(network: Networks) -> None:
    net = network("here", "there")
    away, job = net.performing(1, pool=REQUEUE)
    here = net.start(0, pool=REQUEUE)
    net.hosts[1].freeze()
    net.hours.pass_by(600, here)
    popped(net.redis, "test:met")
    net.hosts[1].thaw()

    eventually(lambda: is_gone(job))
    net.redis.rpush("test:go", "on")
    assert popped(net.redis, "test:done") == "meet"
    assert (here.stop(), away.stop()) == (0, 0)
    assert counted(net.redis) == (1, 0, 0)
    assert net.left() == set()
