"""Who takes part: real contestants that are not started."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.contestants import Contestant
from bench.contestants.ours import Resqued
from bench.field import Field
from bench.figures import Collection, Section
from bench.roster import SYSTEMS, Roster
from bench.stage import Stage, Withdrawn, prepared


@pytest.fixture(scope="module", name="stage")
def prepared_stage() -> Iterator[Stage]:
    with prepared() as stage:
        yield stage


@pytest.fixture(name="field")
def field_of_three(stage: Stage) -> Field:
    ours, forks, lives = (Resqued(stage, name) for name in ("ours", "forks", "lives"))
    return Field([ours, forks], [ours, lives])


def names(field: Field, number: int = 0) -> list[str]:
    return [one.name for one in field.everybody(number)]


def sections(field: Field) -> list[Section]:
    collection = Collection()
    for contestant in field.everybody():
        collection.add("rate", contestant.name, 1.0)
    return field.sections(collection, "pace", "how fast", unit="jobs/s", better="more")


def give_up(field: Field, contestant: Contestant, reason: Exception | None = None) -> None:
    with field.excusing(contestant):
        raise reason or Withdrawn("it ended")


def test_everybody_is_first_once(field: Field) -> None:
    assert [names(field, number)[0] for number in range(3)] == ["ours", "forks", "lives"]


def test_who_does_not_fork_for_each_job_is_in_a_table_of_its_own(field: Field) -> None:
    assert [[figure.contestant for figure in section.figures] for section in sections(field)] == [
        ["ours", "forks"],
        ["ours", "lives"],
    ]


def test_the_others_go_on_without_one_that_gives_up(field: Field) -> None:
    give_up(field, field.forking[1])

    assert names(field) == ["ours", "lives"]
    assert field.withdrawn == {"forks": "it ended"}


def test_a_peer_whose_own_client_breaks_is_excused(field: Field) -> None:
    give_up(field, field.others[1], LookupError("no such transport"))

    assert field.withdrawn == {"lives": "LookupError('no such transport')"}


def test_without_ours_there_is_nothing_to_tell(field: Field) -> None:
    with pytest.raises(Withdrawn):
        give_up(field, field.forking[0])


@pytest.mark.parametrize(("system", "variable"), [("ruby", "RESQUE_RUBY"), ("perl", "RESQUE_PERL")])
def test_who_is_not_there_is_told_with_what_to_do(
    stage: Stage, system: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(variable, raising=False)

    assert f"set {variable} to a checkout" in Roster(stage, [system]).left_out[system]


def test_a_checkout_that_does_not_work_is_told_with_the_words_of_its_interpreter(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    perl = tmp_path / "perl"
    perl.write_text("#!/bin/sh\necho 'no Moose' >&2; exit 2\n")
    perl.chmod(0o755)
    monkeypatch.setenv("RESQUE_PERL", "/nowhere")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")

    assert Roster(stage, ["perl"]).left_out["perl"] == "no Moose"


def test_without_node_there_is_no_node_resque(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    assert Roster(stage, ["node-resque"]).left_out["node-resque"] == "there is no node on the PATH"


def test_nobody_is_asked_who_is_not_wanted(stage: Stage) -> None:
    assert not set(SYSTEMS) & set(Roster(stage, []).left_out)
