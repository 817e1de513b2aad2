"""What a master says of itself, as a file."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from resqued import status
from resqued.errors import NoStatus, UnreadableStatus
from resqued.status import PoolStatus, ReloadStatus, RolloutStatus, Status, WorkerStatus
from resqued.whereabouts import whereabouts

FULL: dict[str, Any] = {
    "version": "1.0.0",
    "config": "/etc/resqued.toml",
    "generation": 3,
    "started_at": 1790000000.5,
    "mood": "draining",
    "stops_by": 1790000099.0,
    "reload": ReloadStatus(number=2, asked_at_ms=5, began_ms=6, state="refused", reason=("a", "b"), at=1790000001.0),
    "rollout": RolloutStatus(old=1, state="probing"),
    "boards": ("scoreboard.1.2", "scoreboard.1.3"),
    "pools": {"mail": PoolStatus(workers=2, min=1, max=4, degraded=True, reason="no worker gets ready")},
    "workers": (
        WorkerStatus(slot="mail.0", pool="mail", pid=7, generation=2, board=0, row=0, started_at=1.5, leaving=True),
        WorkerStatus(slot="mail.1", pool="mail", generation=3, board=1, row=1, restarts=9, restarts_at=1790000002.0),
    ),
}


def said(**facts: Any) -> Status:
    return Status(**asdict(whereabouts()), **FULL | facts)


@pytest.mark.parametrize("facts", [{}, {"config": "/etc/b\udcffd\x1b.toml"}, {"reload": None, "rollout": None}])
def test_what_was_written_is_read(tmp_path: Path, facts: dict[str, Any]) -> None:
    status.write(tmp_path, said(**facts))

    assert status.read(tmp_path) == said(**facts)


def test_a_later_status_takes_the_place_of_the_earlier_one(tmp_path: Path) -> None:
    status.write(tmp_path, said())
    status.write(tmp_path, said(generation=4, workers=()))

    assert status.read(tmp_path).generation == 4
    assert [file.name for file in tmp_path.iterdir()] == ["status.json"]


def test_who_has_begun_to_read_reads_the_same_status_to_its_end(tmp_path: Path) -> None:
    status.write(tmp_path, said())
    with (tmp_path / "status.json").open() as reader:
        status.write(tmp_path, said(generation=4))

        assert json.loads(reader.read())["generation"] == 3


def test_the_group_may_read_it_whatever_the_umask_is_and_others_may_not(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        status.write(tmp_path, said())
    finally:
        os.umask(before)

    assert (tmp_path / "status.json").stat().st_mode & 0o777 == 0o640


def test_the_group_may_look_into_the_directory_whatever_the_umask_is(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        status.make_directory(tmp_path / "a" / "b")
    finally:
        os.umask(before)

    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o750


def test_a_directory_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    status.make_directory(tmp_path)

    assert tmp_path.stat().st_mode & 0o777 == 0o711


def test_a_status_that_was_removed_is_none(tmp_path: Path) -> None:
    status.write(tmp_path, said())
    status.remove(tmp_path)
    status.remove(tmp_path)

    with pytest.raises(NoStatus, match=str(tmp_path)):
        status.read(tmp_path)


def test_where_there_is_no_directory_there_is_no_status(tmp_path: Path) -> None:
    with pytest.raises(NoStatus):
        status.read(tmp_path / "resqued")


# Versions


def edited(directory: Path, edit: Callable[[dict[str, Any]], object]) -> Path:
    status.write(directory, said())
    facts = json.loads((directory / "status.json").read_text())
    edit(facts)
    (directory / "status.json").write_text(json.dumps(facts))
    return directory


def test_keys_of_a_later_version_are_ignored(tmp_path: Path) -> None:
    def add(facts: dict[str, Any]) -> None:
        for place in (facts, facts["reload"], facts["rollout"], facts["pools"]["mail"], *facts["workers"]):
            place["colour"] = "blue"

    assert status.read(edited(tmp_path, add)) == said()


def test_what_an_earlier_version_did_not_say_has_its_default(tmp_path: Path) -> None:
    read = status.read(edited(tmp_path, lambda facts: [facts.pop(key) for key in ("mood", "rollout", "workers")]))

    assert (read.mood, read.rollout, read.workers) == ("running", None, ())


def test_a_later_schema_is_refused_with_the_version_that_can_read_it(tmp_path: Path) -> None:
    edited(tmp_path, lambda facts: facts.update(schema=2, version="7.0.0", pid="pid namespaces and all"))

    with pytest.raises(UnreadableStatus, match=r"status\.json is of resqued 7\.0\.0 \(schema 2\)"):
        status.read(tmp_path)


# Trouble


@pytest.mark.parametrize("text", [b"", b"[", b"7", b"null", b"{}", b"\xff", b"[" * 100_000, b'{"schema": 1}'])
def test_a_broken_file_is_named(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "status.json").write_bytes(text)

    with pytest.raises(UnreadableStatus, match=r"status\.json is broken"):
        status.read(tmp_path)


def test_a_fact_of_the_wrong_kind_is_named_with_its_place(tmp_path: Path) -> None:
    edited(tmp_path, lambda facts: facts["workers"][1].update(pid="seven"))

    with pytest.raises(UnreadableStatus, match=r"Expected `int \| null`, got `str` - at `\$\.workers\[1\]\.pid`"):
        status.read(tmp_path)


@pytest.mark.parametrize("moment", [-1, 1e300, float("inf"), float("nan")])
def test_what_is_no_date_is_refused(tmp_path: Path, moment: float) -> None:
    status.write(tmp_path, said(started_at=moment))

    with pytest.raises(UnreadableStatus, match=r"at `\$\.started_at`"):
        status.read(tmp_path)


def test_what_is_no_file_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "status.json").mkdir()

    with pytest.raises(UnreadableStatus, match="cannot be read: Is a directory"):
        status.read(tmp_path)


# Whose it is


def test_the_owner_of_the_file_is_told(tmp_path: Path) -> None:
    status.write(tmp_path, said())

    assert status.find(tmp_path).owner == os.geteuid()


def test_this_process_is_a_living_master() -> None:
    assert status.is_of_a_living_master(said())


@pytest.mark.parametrize("other", [{"born": 1}, {"boot": "another"}])
def test_a_pid_of_another_life_is_no_living_master(other: dict[str, Any]) -> None:
    assert not status.is_of_a_living_master(Status(**asdict(whereabouts()) | other, **FULL))


def test_a_process_that_has_ended_is_no_living_master() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)

    assert not status.is_of_a_living_master(Status(**asdict(whereabouts()) | {"pid": pid}, **FULL))


def test_a_pid_of_another_namespace_cannot_be_told_from_a_living_one() -> None:
    elsewhere = asdict(whereabouts()) | {"pids": "pid:[1]", "pid": 2**22 + 1}

    assert status.is_of_a_living_master(Status(**elsewhere, **FULL))
    assert status.is_elsewhere(Status(**elsewhere, **FULL))
    assert not status.is_elsewhere(said())
