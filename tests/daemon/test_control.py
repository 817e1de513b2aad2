"""What an operator tells a master without a signal: pause this pool, so many workers there, end that job."""

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import psutil
import pytest
from redis import Redis

from resqued import listening
from resqued.cli.machine import Machine
from resqued.listening import MOST
from resqued.scoreboard import Row, Scoreboard
from resqued.wishes import Scale, Scaled
from tests.cli.asking import Answer
from tests.support.daemon import Daemon, failures, popped, push, texts
from tests.support.deployment import Deployment, performs, pool
from tests.support.hurried import hurried
from tests.support.reload_steps import STEPS
from tests.support.waiting import eventually, readable


@contextmanager
def line(deployment: Deployment) -> Iterator[socket.socket]:
    """To the master's control socket, for whoever wants to misuse it."""
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one,
        listening.address(deployment.run / "control") as path,
    ):
        one.settimeout(10)
        one.connect(path)
        yield one


def raw(deployment: Deployment, said: bytes) -> bytes:
    """What is answered to these very bytes; nothing if the line is cut."""
    with line(deployment) as one:
        try:
            one.sendall(said)
            return one.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            return b""


def paused(deployment: Deployment) -> list[str]:
    return [name for name, one in deployment.status().pools.items() if one.paused]


def met(redis: Redis) -> int:
    """The process of a job that waits until it may go."""
    return int(popped(redis, "test:met"))


# Pools


def test_one_pool_is_paused_and_resumed(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(pool(), pool("other"))
    master = deployment.start()

    assert deployment.resquectl("pause", "work") == Answer(0, "work paused\n", "")
    eventually(lambda: master.logged("worker.paused"))
    push(redis, "Say", "late")
    assert performs(redis, "other")
    assert redis.llen("resque:queue:work") == 1
    assert deployment.resquectl("resume", "work") == Answer(0, "work resumed\n", "")
    assert popped(redis, "test:said") == "late"
    assert [line["pool"] for line in (*master.logged("pool.paused"), *master.logged("pool.resumed"))] == ["work"] * 2


def test_signals_are_about_all_pools_and_the_last_word_counts(deployment: Deployment) -> None:
    deployment.configure(pool(), pool("other"))
    master = deployment.start()
    master.send(signal.SIGUSR2)
    eventually(lambda: paused(deployment) == ["work", "other"])

    deployment.resquectl("resume", "other")
    eventually(lambda: paused(deployment) == ["work"])
    master.send(signal.SIGCONT)
    eventually(lambda: paused(deployment) == [])
    deployment.resquectl("pause", "other")
    eventually(lambda: paused(deployment) == ["other"])
    assert deployment.resquectl("pause") == Answer(0, "work paused\nother was paused already\n", "")


def test_what_is_paused_outlives_a_reload(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(pool(), pool("other"))
    deployment.start()
    deployment.resquectl("pause", "work")
    assert deployment.reload().status == 0
    deployment.wait_for_rollout(1)

    assert paused(deployment) == ["work"]
    push(redis, "Say", "late")
    assert performs(redis, "other")
    assert redis.llen("resque:queue:work") == 1
    assert deployment.resquectl("resume").status == 0
    assert popped(redis, "test:said") == "late"


def test_what_is_paused_outlives_its_workers(deployment: Deployment, redis: Redis) -> None:
    master = deployment.start()
    deployment.resquectl("pause", "work")
    eventually(lambda: master.logged("worker.paused"))
    master.workers()[0].kill()
    eventually(lambda: len(master.logged("worker.paused")) == 2, within=10)

    push(redis, "Say", "late")
    assert deployment.resquectl("resume").status == 0
    assert popped(redis, "test:said") == "late"


def test_a_pool_is_scaled_until_the_next_reload(deployment: Deployment) -> None:
    deployment.configure(pool(workers=2), pool("other"))
    master = deployment.start()

    answer = deployment.resquectl("scale", "work", "+2")
    assert answer == Answer(0, "work: 4 workers wanted, 2 before; until the next reload\n", "")
    master.wait_for_workers(5)
    assert json.loads(deployment.resquectl("scale", "work", "=1", "--json").out) == {
        "pool": "work",
        "workers": 1,
        "was": 4,
        "elastic": False,
    }
    master.wait_for_workers(2)
    eventually(lambda: deployment.status().pools["work"].workers == 1)
    assert deployment.reload().status == 0
    deployment.wait_for_rollout(1)
    master.wait_for_workers(3)


def test_a_pool_is_scaled_to_nothing_without_cutting_a_job_short(deployment: Deployment, redis: Redis) -> None:
    master = deployment.start()
    push(redis, "Meet", "last")
    met(redis)

    assert deployment.resquectl("scale", "work", "=0").status == 0
    eventually(lambda: deployment.status().workers[0].leaving)
    redis.rpush("test:go", "on")
    assert popped(redis, "test:done") == "last"
    master.wait_for_workers(0)
    assert not failures(redis)


def test_an_elastic_pool_keeps_its_bounds(deployment: Deployment) -> None:
    deployment.configure(pool(workers="{ min = 1, max = 3 }"))
    master = deployment.start()

    assert "elastic between 1 and 3 workers" in deployment.resquectl("scale", "work", "+5").err
    answer = deployment.resquectl("scale", "work", "=3")
    assert answer.out == "work: 3 workers wanted, 1 before; as long as there is work for them\n"
    master.wait_for_workers(3)


def test_more_workers_than_there_is_room_for_are_refused(deployment: Deployment) -> None:
    deployment.start()

    answer = deployment.resquectl("scale", "work", "+65")
    assert answer.status == 1
    assert "no place for 65 more workers, only for 64" in answer.err
    assert deployment.status().pools["work"].workers == 1


# A job


def test_a_job_is_killed_and_no_other(deployment: Deployment, redis: Redis) -> None:
    master = deployment.start()
    push(redis, "Careful")
    push(redis, "Meet", "next")
    job = met(redis)

    answer = deployment.resquectl("kill-job", str(job), "--wait")
    assert (answer.status, answer.err) == (0, "")
    assert answer.out.startswith(f"Careful of work.0 (process {job}) has ended")
    assert popped(redis, "test:cleaned") == "up"
    following = met(redis)
    again = deployment.resquectl("kill-job", str(job))
    assert again.err == f"resquectl: there is no worker '{job}', and no process '{job}' of a worker or its job\n"
    assert psutil.pid_exists(following)
    redis.rpush("test:go", "on")
    assert popped(redis, "test:done") == "next"
    assert [failure["exception"] for failure in failures(redis)] == ["JobKilled"]
    assert [one["pid"] for one in master.logged("job.unwanted")] == [job]


@pytest.mark.parametrize("what", ["slot", "worker"])
def test_a_job_is_known_by_its_worker(deployment: Deployment, redis: Redis, what: str) -> None:
    master = deployment.start()
    push(redis, "Careful")
    met(redis)
    name = "work.0" if what == "slot" else str(master.workers()[0].pid)

    assert deployment.resquectl("kill-job", name, "--wait").status == 0
    eventually(lambda: [failure["exception"] for failure in failures(redis)] == ["JobKilled"])


def test_a_job_that_has_ended_ends_no_other(deployment: Deployment, redis: Redis) -> None:
    """Even if the wish has come to the worker: it is another's turn."""
    master = deployment.start()
    assert performs(redis)
    push(redis, "Meet", "next")
    met(redis)
    worker = master.workers()[0].pid

    said = raw(deployment, b'{"wish": "kill-job", "pid": %d, "turn": 1}\n' % worker)
    assert json.loads(said) == {"refused": "work.0 no longer performs that job: it has ended"}
    row(deployment).unwant(1)
    os.kill(worker, signal.SIGCHLD)
    redis.rpush("test:go", "on")
    assert popped(redis, "test:done") == "next"
    assert not failures(redis)


def row(deployment: Deployment) -> Row:
    """Of its only worker."""
    status = deployment.status()
    return Scoreboard.open(deployment.run / status.boards[0]).row(status.workers[0].row)


def test_of_several_jobs_in_one_process_only_the_one_that_is_meant_ends(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(pool(more="jobs_per_fork = 10"))
    deployment.start()
    push(redis, "Meet", "first")
    push(redis, "Careful")
    push(redis, "Say", "third")
    process = met(redis)
    redis.rpush("test:go", "on")
    assert met(redis) == process  # the second, in the same one

    late = deployment.resquectl("kill-job", str(process), "--turn", "1")
    assert late.err.startswith("resquectl: work.0 performs its job no. 2 now")
    assert deployment.resquectl("kill-job", str(process), "--turn", "2", "--wait").status == 0
    assert popped(redis, "test:cleaned") == "up"
    assert popped(redis, "test:said") == "third"
    assert [failure["payload"]["class"] for failure in failures(redis)] == ["Careful"]
    assert failures(redis)[0]["exception"] == "JobKilled"


def test_the_hooks_of_a_job_that_was_killed_are_not_killed_with_it(deployment: Deployment, redis: Redis) -> None:
    deployment.write(
        "stubborn",
        "import os\n"
        "from tracked import say\n"
        "class Deaf:\n"
        "    queue = 'work'\n"
        "    @staticmethod\n"
        "    def perform():\n"
        "        import signal, time\n"
        "        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n"
        "        say('test:met', os.getpid())\n"
        "        time.sleep(30)\n"
        "    @staticmethod\n"
        "    def on_failure(error, *args):\n"
        "        say('test:mourned', type(error).__name__)\n",
    )
    deployment.configure(modules=["stubborn"], more="[shutdown]\nterm_timeout = 0.2\n")
    deployment.start()
    push(redis, "Deaf")
    met(redis)

    assert deployment.resquectl("kill-job", "work.0", "--wait").status == 0
    assert popped(redis, "test:mourned") == "JobKilled"
    assert performs(redis)


def test_a_process_that_is_no_worker_has_no_job(deployment: Deployment) -> None:
    master = deployment.start()

    for pid in (0, -1, 1, master.pid, os.getpid(), 1 << 70):
        said = raw(deployment, b'{"wish": "kill-job", "pid": %d, "turn": 1}\n' % pid)
        assert b"refused" in said
    assert "work.0 performs no job now" in deployment.resquectl("kill-job", "work.0").err


# Whoever else comes


@pytest.mark.parametrize(
    "said",
    [b"\n", b"GET / HTTP/1.1\r\n\r\n", b"\x00\xff\n", b"[" * 4000 + b"\n", b'{"wish": "pause", "pool": 1}\n'],
    ids=["nothing", "http", "binary", "deep", "wrong"],
)
def test_what_is_no_wish_is_refused(deployment: Deployment, redis: Redis, said: bytes) -> None:
    master = deployment.start()

    assert json.loads(raw(deployment, said))["refused"].startswith("this master does not understand the wish")
    assert performs(redis)
    assert master.stop() == 0


def test_a_flood_is_cut_off(deployment: Deployment, redis: Redis) -> None:
    deployment.start()

    assert raw(deployment, b"x" * 1_000_000) == b""
    assert deployment.resquectl("pause").status == 0


def test_a_crowd_of_silent_ones_holds_up_neither_the_master_nor_a_wish_for_long(
    deployment: Deployment, redis: Redis
) -> None:
    master = deployment.start()
    crowd = []
    for _ in range(MOST):
        one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        crowd.append(one)
        with listening.address(deployment.run / "control") as path:
            one.connect(path)

    assert performs(redis)
    master.workers()[0].kill()
    eventually(lambda: master.logged("worker.died"))
    assert deployment.resquectl("pause").status == 0
    for one in crowd:
        assert readable(one)
        one.close()


def test_children_hold_nobodys_line(deployment: Deployment) -> None:
    """A worker that is forked while somebody is connected would keep him from seeing the end."""
    master = deployment.start()
    with line(deployment) as one:
        one.sendall(b"{")
        assert deployment.resquectl("scale", "work", "+1").status == 0
        master.wait_for_workers(2)
        sockets = [worker.net_connections(kind="unix") for worker in master.workers()]

        assert sockets == [[], []]


def test_a_master_whose_socket_cannot_be_had_says_so_and_works(deployment: Deployment, redis: Redis) -> None:
    deployment.configure()
    master = deployment.start(program=hurried({"wishes.SOCKET": "missing/control"}))

    assert master.logged("control.not_made")
    assert performs(redis)
    answer = deployment.resquectl("pause")
    assert answer.status == 1
    assert "the master cannot be asked at" in answer.err
    assert deployment.resquectl("stop", "--wait").status == 0


def test_who_has_given_up_gets_nothing_done_later(deployment: Deployment) -> None:
    """A master that stood still finds what was wished for in the meantime, and nobody who waits for it."""
    master = deployment.start()
    master.send(signal.SIGSTOP)
    answer = deployment.resquectl("pause", "--timeout", "0.3")
    master.send(signal.SIGCONT)

    assert answer.status == 1
    assert answer.err == "resquectl: the master has not answered within 0.3 s; it will not do this later\n"
    assert deployment.resquectl("resume").out == "work was not paused\n"
    assert not master.logged("pool.paused")


# Reloads


@pytest.mark.parametrize("step", STEPS)
def test_a_wish_at_whatever_step_of_a_reload_is_granted(deployment: Deployment, step: str) -> None:
    said = deployment.file.with_suffix(".said")
    argv = [sys.executable, "-c", "from resqued.cli.resquectl import main; main()"]
    argv += ["-c", str(deployment.file), "pause", "work"]
    act = f"import subprocess; subprocess.Popen({argv!r}, stdout=open({str(said)!r}, 'w'), start_new_session=True)"
    master = deployment.start_with(step, act)
    master.send(signal.SIGHUP)
    eventually(lambda: said.exists() and said.read_text(), within=20)

    assert said.read_text() == "work paused\n"
    deployment.wait_for_rollout(1)
    eventually(lambda: paused(deployment) == ["work"])


def test_those_who_wait_outside_are_served_by_the_next_image(deployment: Deployment) -> None:
    """All at once, while one image becomes the other."""
    master = deployment.start_with("it inherits", "import time; time.sleep(0.5)")
    answers: list[Scaled] = []
    with line(deployment):  # who is silent is shown out, and nobody else
        master.send(signal.SIGHUP)
        eventually(deployment.mark.exists, within=15)
        callers = [Thread(target=lambda: answers.append(asked_for_its_size(deployment))) for _ in range(5)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join(20)

    assert [answer.workers for answer in answers] == [1] * 5


def asked_for_its_size(deployment: Deployment) -> Scaled:
    return Machine(deployment.file).master().wish(Scale(pool="work", by=0), Scaled, 20)


def test_who_is_paused_and_scaled_may_be_reloaded_and_stopped(deployment: Deployment, redis: Redis) -> None:
    deployment.configure(pool(workers=1), pool("other"))
    master = deployment.start()
    assert deployment.resquectl("scale", "work", "+1").status == 0
    assert deployment.resquectl("pause", "work").status == 0
    master.wait_for_workers(3)
    assert deployment.reload().status == 0
    assert deployment.resquectl("scale", "work", "=3").status == 0
    deployment.wait_for_rollout(1)

    eventually(lambda: (len(deployment.status().workers), paused(deployment)) == (4, ["work"]), within=10)
    push(redis, "Say", "kept")
    assert performs(redis, "other")
    assert master.stop() == 0
    assert texts(redis, "resque:queue:work")
    assert list(deployment.run.iterdir()) == []


# Stops


def test_stop_waits_until_the_master_has_gone(deployment: Deployment, redis: Redis) -> None:
    master = deployment.start()
    answer = deployment.resquectl("stop", "--wait")

    assert answer == Answer(0, f"the master has gone (pid {master.pid})\n", "")
    assert master.wait() == 0
    assert deployment.resquectl("stop").status == 1


def test_drain_waits_for_the_job_and_stop_makes_it_firmer(deployment: Deployment, redis: Redis) -> None:
    master = with_a_job(deployment, redis, "Stubborn")

    assert (
        deployment.resquectl("drain").out == f"asked the master to leave when its jobs have ended (pid {master.pid})\n"
    )
    eventually(lambda: deployment.status().mood == "draining")
    late = deployment.resquectl("drain", "--wait", "--timeout", "0.1")
    assert (late.status, late.out) == (1, "")
    assert late.err.startswith(f"resquectl: the master has not gone after 0.1 s (pid {master.pid}): 1 worker, 1 busy")
    assert deployment.resquectl("stop", "--now").out == f"asked the master to stop now (pid {master.pid})\n"
    eventually(lambda: deployment.status().mood == "hurrying")
    assert deployment.resquectl("drain").out == f"the master is hurrying already (pid {master.pid})\n"
    assert json.loads(deployment.resquectl("stop", "--kill", "--wait", "--json").out) == {
        "pid": master.pid,
        "asked": True,
        "gone": True,
    }
    assert master.wait() == 0
    assert redis.llen("resque:queue:work") == 1  # our own stop has cut it short


def test_kill_at_once_asks_twice(deployment: Deployment, redis: Redis) -> None:
    master = with_a_job(deployment, redis, "Stubborn")

    assert deployment.resquectl("stop", "--kill", "--wait").status == 0
    assert [line["signal"] for line in master.logged("master.stopping")] == ["SIGINT", "SIGINT"]


def test_stop_is_not_now_twice_by_accident(deployment: Deployment, redis: Redis) -> None:
    """A second INT kills jobs; a second `stop --now` does not."""
    master = with_a_job(deployment, redis, "Stubborn")
    master.send(signal.SIGINT)
    eventually(lambda: deployment.status().mood == "hurrying")

    assert deployment.resquectl("stop", "--now").out == f"the master is hurrying already (pid {master.pid})\n"


def test_a_master_that_dies_meanwhile_has_not_stopped(deployment: Deployment, redis: Redis) -> None:
    master = with_a_job(deployment, redis, "Meet")

    def kill() -> None:
        eventually(lambda: deployment.status().mood == "draining")
        master.process.kill()

    killer = Thread(target=kill)
    killer.start()
    answer = deployment.resquectl("drain", "--wait")
    killer.join()

    assert answer.status == 1
    assert "has died before it had stopped" in answer.err
    redis.rpush("test:go", "on")
    assert popped(redis, "test:done") == "meet"


def with_a_job(deployment: Deployment, redis: Redis, name: str) -> Daemon:
    deployment.configure(more="[shutdown]\nterm_timeout = 60\n")
    master = deployment.start()
    push(redis, name)
    met(redis)
    return master
