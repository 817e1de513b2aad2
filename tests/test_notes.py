"""A worker's notes of how its jobs ended."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resqued import notes
from resqued.notes import Notebook, has_ended, notebook, noted, throw_away
from resqued.verdict import DONE, REQUEUED, Outcome, Verdict
from tests.support.processes import mortal

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

    assert noted(file, 2**63) in (None, REQUEUED)


def test_a_file_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert noted(tmp_path / "none", 1) is None


@pytest.mark.parametrize("home", ["/proc/self/mem", "/nonexistent", "a\0b", "\ud800", "x" * 300])
def test_a_path_that_leads_nowhere_does_no_harm(home: str) -> None:
    """It may be that of another machine, or one that somebody has written into Redis."""
    file = notebook(Path(home), "nonce")
    throw_away(file)

    assert noted(file, 1) is None
    assert not has_ended(file)


def test_what_comes_after_the_last_note_of_a_worker_that_left_never_began(file: Path) -> None:
    book = Notebook(file)
    book.note(7, FAILED)
    assert noted(file, 8) is None
    book.leave()

    assert [noted(file, run) for run in (6, 7, 8)] == [None, FAILED, REQUEUED]


def test_a_worker_that_left_without_a_note_began_nothing(file: Path) -> None:
    Notebook(file).leave()

    assert noted(file, 1) == REQUEUED


def test_a_worker_that_could_not_note_its_last_run_cannot_say_that_it_began_no_other(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = Notebook(file)
    book.note(7, DONE)
    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", no_space)
        with pytest.raises(OSError, match="No space"):
            book.note(8, DONE)
    book.leave()

    assert noted(file, 8) is None


def no_space(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_notebook_that_is_removed_is_gone(file: Path) -> None:
    book = Notebook(file)
    book.note(7, DONE)
    book.remove()

    assert not file.exists()


# Whose notebook it is


@contextmanager
def keeper(file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that keeps this notebook."""
    code = "import sys; from pathlib import Path; from resqued.notes import Notebook; Notebook(Path(sys.argv[1]))"
    command = [sys.executable, "-c", f"{code}; print(flush=True); sys.stdin.read()", str(file)]
    with subprocess.Popen(mortal(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline()
        yield process
        process.kill()


def test_whoever_keeps_a_notebook_lives(file: Path) -> None:
    with keeper(file):
        assert not has_ended(file)
    assert has_ended(file)


def test_whoever_keeps_it_lives_though_all_he_has_forked_have_closed_it(file: Path) -> None:
    """Locks end when their process closes any descriptor of the file; a job's process is another one."""
    book = Notebook(file)
    if (pid := os.fork()) == 0:
        os.close(book.descriptor)
        os._exit(0)
    os.waitpid(pid, 0)

    assert ended_for_others(file) == "False"
    book.remove()


def ended_for_others(file: Path) -> str:
    code = "import sys; from pathlib import Path; from resqued import notes; print(notes.has_ended(Path(sys.argv[1])))"
    return subprocess.check_output([sys.executable, "-c", code, str(file)], text=True).strip()


def test_of_a_notebook_that_cannot_be_seen_nothing_is_known(file: Path) -> None:
    assert not has_ended(file)


def test_notebooks_of_the_dead_are_cleared_away_but_those_that_somebody_may_ask_for(tmp_path: Path) -> None:
    notes.make_directory(tmp_path)
    for nonce in ("registered", "nobody's"):
        notebook(tmp_path, nonce).touch()
    with keeper(notebook(tmp_path, "living")):
        notes.clear_away(notes.of_the_dead(tmp_path), but={"registered"})

        assert {file.name for file in notebook(tmp_path, "").iterdir()} == {"registered", "living"}


def test_a_notebook_whose_keeper_has_come_meanwhile_is_not_cleared_away(tmp_path: Path) -> None:
    """He has made it, and locked it a moment later; in between it looked like that of a dead worker."""
    notes.make_directory(tmp_path)
    file = notebook(tmp_path, "new")
    file.touch()
    looked_dead = notes.of_the_dead(tmp_path)
    with keeper(file):
        notes.clear_away(looked_dead, but=())

        assert file.exists()


def test_who_finds_his_notebook_cleared_away_before_it_was_locked_makes_it_anew(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, times = os.lockf, iter([file.unlink])

    def late(descriptor: int, command: int, length: int) -> None:
        for clear_away in times:
            clear_away()
        lock(descriptor, command, length)

    monkeypatch.setattr(os, "lockf", late)
    book = Notebook(file)
    book.note(7, DONE)

    assert noted(file, 7) == DONE
