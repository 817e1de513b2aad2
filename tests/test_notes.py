"""A worker's notes of how its jobs ended."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resqued import notes
from resqued.notes import Notebook, notebook, noted
from resqued.verdict import DONE, REQUEUED, Outcome, Verdict

FAILED = Verdict(Outcome.FAILED, "ValueError", "no such user", ("line one", "line two"))
LONG = Verdict(Outcome.FAILED, "ValueError", "é" * 60_000, ("x" * 250,) * 200)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    notes.make_directory(tmp_path)
    return notebook(tmp_path, "nonce")


@pytest.mark.parametrize("verdict", [DONE, REQUEUED, FAILED, LONG])
def test_what_was_noted_is_read(file: Path, verdict: Verdict) -> None:
    Notebook(file).note(7, verdict)

    assert noted(file, 7) == verdict


def test_only_the_last_run_is_noted(file: Path) -> None:
    book = Notebook(file)
    book.note(7, LONG)
    book.note(8, FAILED)

    assert (noted(file, 7), noted(file, 8)) == (None, FAILED)


def test_a_header_whose_verdict_is_cut_off_is_no_note(file: Path) -> None:
    Notebook(file).note(7, FAILED)
    os.truncate(file, file.stat().st_size - 1)

    assert noted(file, 7) is None


@given(raw=st.binary(max_size=200))
def test_whatever_the_file_holds_reading_it_does_no_harm(raw: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("notes") / "any"
    file.write_bytes(raw)

    assert noted(file, 2**63) is None


def test_a_file_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert noted(tmp_path / "none", 1) is None


def test_a_notebook_that_is_removed_is_gone(file: Path) -> None:
    book = Notebook(file)
    book.note(7, DONE)
    book.remove()

    assert not file.exists()


def test_old_notes_that_nobody_will_ask_for_are_cleared_away(tmp_path: Path) -> None:
    notes.make_directory(tmp_path)
    for nonce, written in (("known", 10), ("old", 10), ("new", 1000)):
        file = notebook(tmp_path, nonce)
        file.touch()
        os.utime(file, (written, written))

    notes.clear_away(tmp_path, {"known"}, before=500)

    assert {file.name for file in notebook(tmp_path, "").iterdir()} == {"known", "new"}
