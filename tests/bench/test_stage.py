from collections.abc import Iterator

import pytest

from bench.stage import Stage, Withdrawn, prepared
from tests.support import eventually


@pytest.fixture(scope="module", name="stage")
def prepared_stage() -> Iterator[Stage]:
    with prepared() as stage:
        yield stage


def test_settings_of_peers_in_our_environment_do_not_reach_them(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORK_PER_JOB", "INTERVAL", "QUEUE", "RQ_REDIS_URL", "PYTHONPATH", "CELERY_BROKER_URL"):
        monkeypatch.setenv(name, "meddling")

    with stage.running(["/usr/bin/env"]) as run:
        eventually(lambda: run.status is not None)

        assert run.status == 0
        assert "meddling" not in run.said()


def be_late(stage: Stage) -> None:
    with stage.running(["/bin/sh", "-c", "echo no such broker"]) as run:
        eventually(lambda: run.status is not None)
        eventually(lambda: False, within=0.01)


def test_who_is_late_is_withdrawn_with_its_last_words(stage: Stage) -> None:
    with pytest.raises(Withdrawn, match="no such broker"):
        be_late(stage)


def test_nobody_shares_a_room(stage: Stage) -> None:
    stage.client(stage.new_room()).set("mine", "1")

    assert not stage.client(stage.new_room()).keys()
