"""`resquectl` run by others than the master's own user. Only root can try that."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from resqued.scoreboard import Scoreboard, State
from resqued.status import WorkerStatus
from tests.cli.masters import Place, has_a_hup_waiting, master, place

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may be somebody else")

DAEMON, OPERATOR, STAFF = 64_001, 64_002, 64_003  # users and a group that nobody has
RESQUECTL = """
import ctypes, os, sys
import email.parser, encodings.ascii, encodings.idna, encodings.utf_8_sig  # now, while they may be read
from resqued.cli.resquectl import main

os.setgroups([])
os.setgid(int(sys.argv.pop(1)))
os.setuid(int(sys.argv.pop(1)))
{then}
sys.exit(main())
"""
CLONE_NEWUSER = 0x10000000
IN_A_USER_NAMESPACE = f"if ctypes.CDLL(None).unshare({CLONE_NEWUSER}): sys.exit('no namespace')"
WHERE_PROCESSES_HIDE = ["unshare", "-m", "sh", "-c", 'mount -t proc -o hidepid=invisible proc /proc && exec "$@"', "sh"]


@pytest.fixture(name="place")
def place_of_a_service() -> Iterator[Place]:
    """Where all but the run directory is open to all."""
    with TemporaryDirectory(dir="/tmp") as directory:
        Path(directory).chmod(0o755)
        there = place(Path(directory))
        board = Scoreboard(1, there.directory)
        board.row(0).state = State.IDLE
        assert board.file
        worker = WorkerStatus(slot="mail.0", pool="mail", pid=os.getpid(), generation=1, board=0, row=0)
        there.write(boards=(board.file.name,), workers=(worker,))
        for path in (there.directory, *there.directory.iterdir()):
            os.chown(path, DAEMON, STAFF)
        yield there


def ask(user: int, group: int, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", RESQUECTL.format(then=""), str(group), str(user), *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def test_who_is_of_the_group_sees_it_all(place: Place) -> None:
    answer = ask(OPERATOR, STAFF, "-c", str(place.file), "status")

    assert (answer.returncode, answer.stderr) == (0, "")
    assert f"mail.0  {os.getpid()}  idle" in answer.stdout


def test_who_is_not_is_told_what_to_be(place: Place) -> None:
    answer = ask(OPERATOR, OPERATOR, "-c", str(place.file), "status")

    assert answer.returncode == 1
    assert "status.json is not yours to read; be root, or of the group of its directory" in answer.stderr


def examined(place: Place) -> dict[str, str]:
    """What doctor could not check, and why."""
    answer = ask(OPERATOR, STAFF, "-c", str(place.file), "--json", "doctor")
    assert answer.stderr == ""
    return {each["check"]: each["why"] for each in json.loads(answer.stdout)["unchecked"]}


def test_doctor_says_what_it_may_not_look_into(place: Place) -> None:
    unchecked = examined(place)

    assert f"process {os.getpid()} is not yours to look into" in unchecked["sockets"]
    assert "only its user can see" in unchecked["directories"]
    assert {"master", "reload"}.isdisjoint(unchecked)


def test_doctor_does_not_guess_what_stands_in_a_file_that_it_may_not_read(place: Place) -> None:
    place.file.chmod(0o600)
    unchecked = examined(place)

    assert "cannot be read: Permission denied" in unchecked["configuration"]
    assert "where Redis is" in unchecked["redis"]


def test_who_may_look_may_not_signal(place: Place) -> None:
    for path in place.directory.iterdir():  # it is root's, as this process is
        os.chown(path, 0, STAFF)
    answer = ask(OPERATOR, STAFF, "-c", str(place.file), "reload")

    assert answer.returncode == 1
    assert answer.stderr.startswith(f"resquectl: the master is not yours to signal (pid {os.getpid()})")


# A unit's ExecReload with PrivateUsers= and ProtectProc=: it may signal the master, but not see it


def reload_unseen(place: Place, main: int) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", RESQUECTL.format(then=IN_A_USER_NAMESPACE), str(STAFF), str(DAEMON)]
    return subprocess.run(
        [*WHERE_PROCESSES_HIDE, *program, "-c", str(place.file), "reload"],
        env=os.environ | {"MAINPID": str(main)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def unit(place: Place) -> Iterator[subprocess.Popen[str]]:
    if subprocess.run([*WHERE_PROCESSES_HIDE, "unshare", "-U", "true"], capture_output=True, check=False).returncode:
        pytest.skip("no namespaces are to be had here")
    with master(place, user=DAEMON) as process:
        yield process


def test_a_reload_of_the_unit_itself_reaches_the_master(place: Place, unit: subprocess.Popen[str]) -> None:
    answer = reload_unseen(place, main=unit.pid)

    assert (answer.returncode, answer.stderr) == (0, "")


def test_a_process_that_cannot_be_seen_is_not_signalled_by_others(place: Place, unit: subprocess.Popen[str]) -> None:
    answer = reload_unseen(place, main=1)

    assert "/proc hides process" in answer.stderr
    assert not has_a_hup_waiting(unit.pid)
