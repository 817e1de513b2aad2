"""What an application does to signals, or when all is over, is no harm to who supervises it."""

import signal

import pytest
from redis import Redis

from tests.support.daemon import failures
from tests.support.deployment import Deployment, performs
from tests.support.waiting import eventually

PRELOAD = 'preload = "{}"'
DEAF = """
import signal

for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
signal.set_wakeup_fd(-1)
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
"""
LAST_BREATH = """
import os
import signal


class Breath:
    def __del__(self, kill=os.kill, getpid=os.getpid, master=os.getpid(), each=(signal.SIGTERM, signal.SIGINT)):
        if getpid() == master:
            for number in each:
                kill(master, number)


breath = Breath()
"""


@pytest.mark.parametrize("preload", ["master", "worker"])
def test_an_import_that_changes_what_signals_do_harms_nobody(
    deployment: Deployment, redis: Redis, preload: str
) -> None:
    deployment.write("deaf", DEAF)
    deployment.configure(modules=["deaf"], jobs=PRELOAD.format(preload))
    master = deployment.start()
    assert "SIGCHLD" in master.logged("application.took_signals")[0]["signals"]
    (worker,) = master.workers()
    worker.kill()
    eventually(lambda: len(master.logged("worker.ready")) == 2)
    assert performs(redis)
    assert deployment.reload().status == 0
    eventually(lambda: len(master.logged("worker.ready")) == 3)
    master.send(signal.SIGUSR2)
    eventually(lambda: master.logged("worker.paused"))
    master.send(signal.SIGCONT)

    assert performs(redis)
    assert master.stop() == 0
    assert not failures(redis)


def test_a_signal_that_comes_when_all_is_over_changes_nothing(deployment: Deployment) -> None:
    """The interpreter takes its handlers away before it lets go of the application."""
    deployment.write("breathing", LAST_BREATH)
    deployment.configure(modules=["breathing"])
    master = deployment.start()

    assert master.stop() == 0
