"""The kernel's out-of-memory killer."""

import os
from pathlib import Path

import pytest

from resqued import oom
from tests.support.forks import forked
from tests.support.python import run_python

SCORE = Path("/proc/self/oom_score_adj")


def score(pid: int) -> int:
    return int(Path(f"/proc/{pid}/oom_score_adj").read_text())


def test_a_worker_goes_before_its_master_and_a_job_before_its_worker() -> None:
    text = f"""
from pathlib import Path
from resqued import oom
for act in (oom.be_a_job, oom.be_a_worker, oom.be_a_worker, oom.be_a_job):
    act()
    print(Path({str(SCORE)!r}).read_text().strip())
"""
    found = score(os.getpid())

    assert run_python(text).split() == [
        str(number) for number in (found, min(found + 100, 1000), min(found + 100, 1000), min(found + 300, 1000))
    ]


@pytest.mark.parametrize(("found", "job"), [(950, 1000), (1000, 1000), (0, 300)])
def test_there_is_no_more_than_a_thousand(found: int, job: int) -> None:
    def act() -> None:
        SCORE.write_text(str(found))
        oom.be_a_worker()
        oom.be_a_job()

    with forked(act) as process:
        assert score(process) == job


def test_what_cannot_be_written_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "oom_score_adj"
    monkeypatch.setattr(oom, "SCORE", str(file))
    oom.be_a_worker()
    file.write_text("what is this")
    oom.be_a_worker()
    oom.be_a_job()

    assert file.read_text() == "what is this"


# Whether it was here


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """What the kernel counts for this process's cgroup."""
    monkeypatch.setattr(oom, "CGROUPS", str(tmp_path))
    ours = next((line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line[:3] == "0::"), "")
    file = tmp_path / ours.strip("/") / "memory.events"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("low 0\nhigh 0\nmax 3\noom 2\noom_kill 2\noom_group_kill 5\n")
    return file


def test_kills_are_counted_where_the_kernel_counts_them(events: Path) -> None:
    kills = oom.kills_of_ours()
    assert not kills.have_come()
    events.write_text("max 9\noom 3\noom_kill 3\n")

    assert kills.have_come()


def test_kills_of_a_while_ago_are_nothing_to_a_job(events: Path) -> None:
    kills = oom.kills_of_ours()
    kills.look(100.0)
    events.write_text("oom_kill 3\n")
    kills.look(100.0 + oom.LOOK_EVERY)

    assert not kills.have_come()


def test_jobs_that_follow_closely_on_each_other_share_a_look(events: Path) -> None:
    kills = oom.kills_of_ours()
    kills.look(100.0)
    events.write_text("oom_kill 3\n")
    kills.look(100.0 + oom.LOOK_EVERY - 0.1)

    assert kills.have_come()


@pytest.mark.parametrize("content", ["", "oom 1\n", "oom_kill many\n", "oom_kill \n"])
def test_what_says_nothing_of_kills_counts_as_none(events: Path, content: str) -> None:
    kills = oom.kills_of_ours()
    events.write_text(content)

    assert not kills.have_come()


def test_where_nobody_counts_there_are_none(events: Path) -> None:
    events.unlink()

    assert not oom.kills_of_ours().have_come()


def test_a_cgroup_that_goes_away_is_no_trouble(events: Path) -> None:
    kills = oom.kills_of_ours()
    events.unlink()

    assert not kills.have_come()
