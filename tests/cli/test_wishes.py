"""What `resquectl` tells a master that is gone, stops, is another user's, or in another pid namespace."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from time import time

import pytest

from resqued import listening, status
from resqued.scoreboard import State
from resqued.signals import SHOW
from tests.cli.asking import Answer, Ask
from tests.cli.masters import Place, a_pid_that_is_gone, master, place
from tests.cli.stage import Stage, worker
from tests.support.status import signals_in
from tests.support.status import status as kernel_status
from tests.support.terminal import terminal

SIGNALLING = [["stop"], ["stop", "--now"], ["stop", "--kill"], ["drain"], ["stop", "--wait"]]
WISHING = [["pause"], ["pause", "mail"], ["resume"], ["scale", "mail", "+1"], ["scale", "mail", "=0"]]
EVERY = [*SIGNALLING, *WISHING, ["stacks"]]


def named(words: list[str]) -> str:
    return " ".join(words)


@pytest.fixture(name="ctl")
def resquectl_of_this_place(ask: Ask, stage: Stage) -> Ask:
    return lambda *words: ask("-c", str(stage.place.file), *words)


@contextmanager
def control(stage: Stage, *answers: bytes) -> Iterator[list[bytes]]:
    """A master's control socket. Each who comes gets the next answer; an empty one: the line is cut. What was said."""
    said: list[bytes] = []

    def serve(door: socket.socket) -> None:
        for answer in answers:
            connection, _ = door.accept()
            with connection:
                said.append(connection.recv(65536))
                connection.sendall(answer)

    with listening.at(stage.place.directory / "control") as door:
        thread = Thread(target=serve, args=(door,), daemon=True)
        thread.start()
        yield said
        thread.join(5)


def answered(**facts: object) -> bytes:
    return json.dumps(facts).encode() + b"\n"


# What is said and shown


def test_a_wish_is_one_line_of_json(ctl: Ask, stage: Stage) -> None:
    stage.says(worker())
    with control(stage, answered(pools=["mail"], changed=["mail"])) as said:
        answer = ctl("pause", "mail")

    assert said == [b'{"wish": "pause", "pool": "mail"}\n']
    assert answer == Answer(0, "mail paused\n", "")


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        (["pause"], {"pools": ["mail"], "changed": []}),
        (["resume"], {"pools": ["mail"], "changed": ["mail"]}),
        (["scale", "mail", "+2"], {"pool": "mail", "workers": 4, "was": 2, "elastic": False}),
    ],
    ids=lambda words: words[0] if isinstance(words, list) else "",
)
def test_for_programs_the_answer_is_as_it_came(
    ctl: Ask, stage: Stage, words: list[str], facts: dict[str, object]
) -> None:
    stage.says(worker())
    with control(stage, answered(**facts, more="of a later version")):
        assert json.loads(ctl(*words, "--json").out) == facts


def test_a_refusal_is_a_problem(ctl: Ask, stage: Stage) -> None:
    stage.says(worker())
    with control(stage, answered(refused="there is no pool 'mail'")):
        assert ctl("pause", "mail") == Answer(1, "", "resquectl: there is no pool 'mail'\n")


def test_a_line_that_is_cut_is_tried_again(ctl: Ask, stage: Stage) -> None:
    stage.says(worker())
    with control(stage, b"", b'{"half', answered(pools=["mail"], changed=["mail"])) as said:
        assert ctl("pause").status == 0

    assert len(said) == 3


@pytest.mark.parametrize(
    "nonsense",
    [b"\n", b"[]\n", b"{}\n", b'{"pools": 1}\n', b"\xff\xfe\n", b"[" * 5000 + b"\n", b'{"refused": []}\n'],
)
def test_an_answer_that_is_none_is_a_problem(ctl: Ask, stage: Stage, nonsense: bytes) -> None:
    stage.says(worker())
    with control(stage, nonsense):
        answer = ctl("pause")

    assert answer.status == 1
    assert "is not understood" in answer.err


def test_nothing_hostile_that_is_answered_reaches_the_terminal(ctl: Ask, stage: Stage) -> None:
    hostile = "J\x1b[2J\r\x07\x9b31m\u202e\n"
    stage.says(worker())
    with control(stage, answered(refused=hostile)):
        err = ctl("pause").err
    with control(stage, answered(pools=[hostile], changed=[hostile])):
        out = ctl("pause").out

    assert all(line.isprintable() for line in (err + out).split("\n"))


def test_a_master_that_does_not_answer_is_given_up(ctl: Ask, stage: Stage) -> None:
    stage.says(worker())
    with listening.at(stage.place.directory / "control"):
        answer = ctl("pause", "--timeout", "0.1")

    assert answer == Answer(1, "", "resquectl: the master has not answered within 0.1 s; it will not do this later\n")


def test_a_wish_that_is_too_long_is_not_made(ctl: Ask, stage: Stage) -> None:
    stage.says(worker())
    with listening.at(stage.place.directory / "control"):
        answer = ctl("pause", "x" * 10_000)

    assert answer.status == 1
    assert "a wish may have 4096 bytes, and this one has 10" in answer.err


@pytest.mark.parametrize("size", ["2", "++2", "=-1", "±2", "+", "", "=1000001", "+1e3", "+٣"])
def test_a_size_is_a_sign_and_a_number(ctl: Ask, size: str) -> None:
    answer = ctl("scale", "mail", size)

    assert answer.status == 2
    assert "expected +N, -N or =N" in answer.err


# kill-job


def test_who_has_no_job_is_left_alone(ctl: Ask, stage: Stage) -> None:
    stage.row(0).state = State.IDLE
    stage.says(worker())

    assert ctl("kill-job", "mail.0") == Answer(1, "", "resquectl: mail.0 performs no job now\n")


def test_a_job_is_named_by_its_turn(ctl: Ask, stage: Stage) -> None:
    stage.row(0).begin("SendMail")
    stage.row(0).job, stage.row(0).turn = 4711, 17
    stage.says(worker())
    with control(stage, answered(worker="mail.0", pid=os.getpid(), job_pid=4711)) as said:
        answer = ctl("kill-job", "4711")

    assert json.loads(said[0]) == {"wish": "kill-job", "pid": os.getpid(), "turn": 17}
    assert answer == Answer(0, "asked SendMail of mail.0 (process 4711) to stop\n", "")


def test_another_turn_is_not_meant(ctl: Ask, stage: Stage) -> None:
    """One process may perform many jobs, so that it names none of them."""
    stage.row(0).begin("SendMail")
    stage.row(0).job, stage.row(0).turn = 4711, 17
    stage.says(worker())
    answer = ctl("kill-job", "4711", "--turn", "16")

    assert answer.status == 1
    assert "mail.0 performs its job no. 17 now: SendMail of mail.0 (process 4711); nothing was done" in answer.err


def test_two_of_one_name_have_to_be_told_apart(ctl: Ask, stage: Stage) -> None:
    for number in range(2):
        stage.row(number).begin("SendMail")
        stage.row(number).job, stage.row(number).turn = 4711 + number, 17
    stage.says(worker(0), worker(1, slot="mail.0", generation=0))
    answer = ctl("kill-job", "mail.0")

    assert answer.status == 1
    assert "mail.0 is more than one: " in answer.err
    assert answer.err.endswith("name the process\n")


def test_a_worker_of_a_version_that_does_not_number_its_jobs(ctl: Ask, stage: Stage) -> None:
    stage.row(0).begin("SendMail")
    stage.row(0).job = 4711
    stage.says(worker())

    assert f"if it is still the one: kill -USR1 {os.getpid()}" in ctl("kill-job", "mail.0").err


def test_a_job_that_does_not_end_in_time(ctl: Ask, stage: Stage) -> None:
    stage.row(0).begin("SendMail")
    stage.row(0).job, stage.row(0).turn = 4711, 17
    stage.says(worker())
    with control(stage, answered(worker="mail.0", pid=os.getpid(), job_pid=4711)):
        answer = ctl("kill-job", "mail.0", "--wait", "--timeout", "0.2")

    assert answer == Answer(1, "", "resquectl: SendMail of mail.0 (process 4711) has not ended after 0.2 s\n")


# A master that is gone, or another


@pytest.mark.parametrize("words", EVERY, ids=named)
def test_without_a_master_nothing_is_done(ctl: Ask, words: list[str]) -> None:
    answer = ctl(*words)

    assert (answer.status, answer.out) == (1, "")
    assert "no resqued with" in answer.err


@pytest.mark.parametrize("words", EVERY, ids=named)
@pytest.mark.parametrize("mood", ["running", "draining"])
def test_a_master_that_was_killed_is_gone(ctl: Ask, stage: Stage, words: list[str], mood: str) -> None:
    stage.says(worker(), pid=a_pid_that_is_gone(), mood=mood)
    listening.at(stage.place.directory / "control").close()  # as it was left
    answer = ctl(*words)

    assert (answer.status, answer.out) == (1, "")
    assert "has gone" in answer.err


@pytest.mark.parametrize("words", WISHING, ids=named)
def test_a_socket_at_which_nobody_listens_is_that_of_a_dead_master(ctl: Ask, stage: Stage, words: list[str]) -> None:
    stage.says(worker())
    listening.at(stage.place.directory / "control").close()

    assert "has gone" in ctl(*words).err


@pytest.mark.parametrize("words", WISHING, ids=named)
def test_a_master_of_a_version_without_a_socket_cannot_be_asked(ctl: Ask, stage: Stage, words: list[str]) -> None:
    stage.says(worker())
    answer = ctl(*words)

    assert answer.status == 1
    assert "control: No such file or directory; after a reload, or else a restart, it can" in answer.err


@pytest.mark.parametrize("words", [*SIGNALLING, ["stacks"]], ids=named)
def test_a_pid_of_another_namespace_is_not_signalled(ask: Ask, tmp_path: Path, words: list[str]) -> None:
    there = place(tmp_path)
    with master(there) as process:
        there.write(pid=process.pid, born=status.read(there.directory).born, pids="pid:[1]")
        answer = ask("-c", str(there.file), *words)

        assert answer.status == 1
        assert "another pid namespace" in answer.err
        assert process.poll() is None


@pytest.mark.parametrize("words", WISHING[:1], ids=named)
def test_a_socket_reaches_into_another_namespace(ctl: Ask, stage: Stage, words: list[str]) -> None:
    stage.says(worker(), pids="pid:[1]")
    with control(stage, answered(pools=["mail"], changed=["mail"])):
        assert ctl(*words).status == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
@pytest.mark.parametrize("words", [*SIGNALLING, ["stacks"]], ids=named)
def test_root_signals_nobody_because_somebody_else_says_so(ask: Ask, tmp_path: Path, words: list[str]) -> None:
    there = place(tmp_path)
    with master(there) as process:
        os.chown(there.directory / "status.json", 65534, 65534)
        answer = ask("-c", str(there.file), *words)

        assert "is not of the user who wrote" in answer.err
        assert process.poll() is None


# Stopping


@pytest.mark.parametrize(
    ("words", "mood"),
    [
        (["drain"], "draining"),
        (["drain"], "killing"),
        (["stop"], "stopping"),
        (["stop"], "hurrying"),
        (["stop", "--now"], "hurrying"),
        (["stop", "--now"], "killing"),
        (["stop", "--kill"], "killing"),
    ],
    ids=str,
)
def test_who_is_stopping_as_firmly_already_is_not_signalled(
    ask: Ask, tmp_path: Path, words: list[str], mood: str
) -> None:
    there = place(tmp_path)
    with master(there) as process:
        there.write(pid=process.pid, born=status.read(there.directory).born, mood=mood)
        answer = ask("-c", str(there.file), *words, "--json")

        assert json.loads(answer.out) == {"pid": process.pid, "asked": False, "gone": False}
        assert process.poll() is None


def test_a_master_that_dies_without_a_word_has_not_stopped(ask: Ask, tmp_path: Path) -> None:
    there = place(tmp_path)
    with master(there) as process:
        answer = ask("-c", str(there.file), "drain", "--wait")  # QUIT ends this one, as any that knows no signals

        assert answer.status == 1
        assert "has died before it had stopped" in answer.err
        process.wait(5)


def test_a_time_out_tells_what_is_left(ask: Ask, tmp_path: Path) -> None:
    there = place(tmp_path)
    with master(there) as process:
        there.write(pid=process.pid, born=status.read(there.directory).born, mood="stopping")
        answer = ask("-c", str(there.file), "stop", "--wait", "--timeout", "0.1")

    assert answer.status == 1
    assert f"has not gone after 0.1 s (pid {process.pid}): 0 workers, 0 busy, as long as the jobs take" in answer.err


def test_on_a_terminal_the_end_is_counted_down_and_the_line_is_taken_away(tmp_path: Path) -> None:
    there = place(tmp_path)
    with master(there) as process, terminal() as window:
        there.write(pid=process.pid, born=status.read(there.directory).born, mood="stopping", stops_by=time() + 3600)
        argv = [sys.executable, "-c", "import sys; from resqued.cli.resquectl import main; sys.exit(main())"]
        asking = window.start([*argv, "-c", str(there.file), "stop", "--wait", "--timeout", "0.5"], os.environ)
        shown = window.shown()

        assert asking.wait() == 1
        assert "\r\x1b[Kwaiting for the master to go: 0 workers, 0 busy, gone in 60m at the latest" in shown
        assert "\r\x1b[Kresquectl: the master has not gone after 0.5 s" in shown


# Another user's


STRANGER = """
import os, sys
from resqued.cli.resquectl import main
import encodings.ascii, encodings.utf_8_sig
import resqued.cli.collecting, psutil
os.setgroups([])
os.setgid(64003)
os.setuid(64002)
sys.exit(main())
"""


@pytest.fixture(name="service")
def place_that_the_group_may_look_into() -> Iterator[Place]:
    with TemporaryDirectory(dir="/tmp") as directory:
        Path(directory).chmod(0o755)
        there = place(Path(directory))
        os.chown(there.directory, 0, 64003)
        yield there


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may be somebody else")
@pytest.mark.parametrize("words", EVERY, ids=named)
def test_who_may_look_may_not_command(service: Place, words: list[str]) -> None:
    with master(service) as process, listening.at(service.directory / "control"):
        (service.directory / "stacks").touch(0o600)
        os.chown(service.directory / "status.json", 0, 64003)
        argv = [sys.executable, "-c", STRANGER, "-c", str(service.file), *words]
        answer = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)

        assert (answer.returncode, answer.stdout) == (1, "")
        assert "not yours" in answer.stderr or "Permission denied" in answer.stderr
        assert process.poll() is None


def test_the_signal_for_stacks_would_end_who_does_not_know_it(ask: Ask, tmp_path: Path) -> None:
    """And so it is not sent."""
    there = place(tmp_path)
    with master(there) as process:
        (there.directory / "stacks").touch(0o600)
        assert SHOW not in signals_in(kernel_status(process.pid)["SigCgt"])
        answer = ask("-c", str(there.file), "stacks")

        assert answer.status == 1
        assert "no stacks: it shows none" in answer.out
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
