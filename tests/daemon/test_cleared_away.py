"""The daemon's own directories are cleared away under it, or can take no more: jobs go on."""

import shutil
from pathlib import Path

from redis import Redis

from tests.support.daemon import Daemon, failures
from tests.support.deployment import Deployment, performs
from tests.support.waiting import eventually


def replaced(master: Daemon) -> None:
    """Its only worker is killed; another takes its place."""
    (worker,) = master.workers()
    ready = len(master.logged("worker.ready"))
    worker.kill()
    eventually(lambda: len(master.logged("worker.ready")) > ready, within=10)


def home(deployment: Deployment) -> Path:
    """The state directory of its configuration."""
    return deployment.run.parents[1] / "state" / deployment.run.name


def test_a_worker_is_born_without_a_place_for_its_notes(deployment: Deployment, redis: Redis) -> None:
    master = deployment.start()
    shutil.rmtree(home(deployment))
    home(deployment).write_text("no directory can be made here")
    replaced(master)

    assert performs(redis)
    assert "notebook.not_made" in master.output()
    assert "Traceback" not in master.output()
    assert master.stop() == 0
    assert not failures(redis)


def test_directories_that_were_cleared_away_are_made_anew(deployment: Deployment, redis: Redis) -> None:
    master = deployment.start()
    run, notes = deployment.run, home(deployment) / "verdicts"
    shutil.rmtree(run)
    shutil.rmtree(notes.parent)
    replaced(master)

    eventually((run / "status.json").exists)
    assert len(list(notes.iterdir())) == 1
    assert deployment.reload().status == 0
    assert performs(redis)
    assert deployment.resquectl("status").status == 0
    assert master.stop() == 0
