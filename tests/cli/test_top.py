"""`resquectl top`: on a terminal, in a pipe, and for programs."""

import json
import os
import re
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from resqued.cli.commands.top import ORDERS
from resqued.scoreboard import State
from resqued.status import PoolStatus
from tests.cli.asking import Ask, lines
from tests.cli.masters import a_pid_that_is_gone
from tests.cli.stage import Stage, worker
from tests.support.terminal import CTRL_C, CTRL_Z, Terminal, terminal
from tests.support.waiting import eventually

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


@pytest.fixture(name="top")
def top_of_this_place(ask: Ask, stage: Stage) -> Ask:
    return lambda *words: ask("-c", str(stage.place.file), "top", "--delay", "0", *words)


def order(text: str) -> list[str]:
    """Of the workers that are shown."""
    return [line[0] for line in lines(text) if line and line[0].startswith("mail.")]


# One picture


def test_in_a_pipe_there_is_one_picture(top: Ask, stage: Stage) -> None:
    stage.row(0).begin("SendMail")
    stage.row(0).job = os.getpid()
    stage.row(1).state = State.IDLE
    stage.says(worker(0), worker(1), worker(2, pid=None))
    answer = top()
    head, pools, workers = answer.out.split("\n\n")

    assert (answer.status, answer.err) == (0, "")
    first, second = head.splitlines()
    assert re.fullmatch(rf"master {os.getpid()}, running; \d\d:\d\d:\d\d UTC", first)
    assert re.fullmatch(r"2 workers, 1 busy; 0\.0 jobs/s; cpu \d+%; memory \d+MiB", second)
    assert pools.startswith("POOL")
    rows = lines(workers)
    assert rows[0] == ["WORKER", "PID", "STATE", "FOR", "CPU%", "MEM", "JOBMEM", "DONE", "FAIL", "JOB"]
    assert rows[1][:3] == ["mail.0", str(os.getpid()), "busy"]
    assert rows[1][-2:] == ["SendMail", f"({os.getpid()})"]
    assert rows[3] == ["mail.2", "-", "down", "-", "-", "-", "-", "-", "-"]


def test_so_many_pictures_as_are_wanted(top: Ask, stage: Stage) -> None:
    stage.says(worker())

    assert top("-n", "3").out.count("WORKER") == 3
    assert top("--once").out.count("WORKER") == 1


def test_processor_time_is_that_since_the_look_before(top: Ask, stage: Stage) -> None:
    stage.says(worker())
    answer = json.loads(top("--json").out)

    assert 0 <= answer["workers"][0]["cpu"] <= 200


def test_a_look_is_a_line_of_json_with_what_status_says(ask: Ask, top: Ask, stage: Stage) -> None:
    stage.row(0).begin("SendMail")
    stage.says(worker(0), worker(1, pid=None))
    shown = top("--json", "-n", "2").out.splitlines()
    status = json.loads(ask("-c", str(stage.place.file), "status", "--json").out)

    assert len(shown) == 2
    found = json.loads(shown[0])
    assert set(found) == {*status, "jobs_per_second"}
    assert set(found["workers"][0]) == {*status["workers"][0], "cpu"}
    assert found["jobs_per_second"] == 0
    assert found["workers"][1]["cpu"] is None


def test_a_problem_is_shown_and_told(top: Ask, stage: Stage) -> None:
    stage.says(worker(), pool=PoolStatus(workers=1, min=1, max=1, degraded=True, reason="none gets ready"))
    answer = top()

    assert answer.status == 1
    assert "\nproblem: pool mail is degraded: none gets ready\n" in answer.out


def test_without_a_master_there_is_nothing_to_see(top: Ask, stage: Stage) -> None:
    answer = top("--once")

    assert (answer.status, answer.out) == (1, "")
    assert f"no resqued with {stage.place.file} runs here" in answer.err


def test_a_master_that_was_killed_is_a_problem(top: Ask, stage: Stage) -> None:
    stage.says(pid=a_pid_that_is_gone())
    answer = top("--once")

    assert answer.status == 1
    assert "not running" in answer.out


@pytest.mark.parametrize(
    "words", [["-n", "0"], ["-n", "two"], ["-d", "nan"], ["--sort", "luck"], ["-n", "1", "--once"]]
)
def test_wrong_words_are_wrong_usage(top: Ask, words: list[str]) -> None:
    assert top(*words).status == (2 if words[-1] != "--once" else 1)  # one picture is one picture; there is no master


# Sorted


@pytest.fixture
def crowd(stage: Stage) -> Stage:
    """mail.0 idle, mail.1 busy since now, mail.2 busy for long, mail.10 idle; with figures that differ."""
    for number, (done, failed) in enumerate([(1, 9), (9, 3), (3, 0)]):
        stage.row(number).done, stage.row(number).failed = done, failed
    for number in (0, 3):
        stage.row(number).state = State.IDLE
    stage.row(2).begin("Long")
    since = stage.row(2).since
    while stage.row(1).since <= since:
        stage.row(1).begin("Short")
    stage.says(worker(0), worker(1), worker(2), worker(3, slot="mail.10"))
    return stage


@pytest.mark.parametrize(
    ("by", "wanted"),
    [
        ("time", ["mail.2", "mail.1", "mail.0", "mail.10"]),
        ("done", ["mail.1", "mail.2", "mail.0", "mail.10"]),
        ("failed", ["mail.0", "mail.1", "mail.2", "mail.10"]),
        ("worker", ["mail.0", "mail.1", "mail.2", "mail.10"]),
        ("memory", ["mail.0", "mail.1", "mail.2", "mail.10"]),
    ],
)
def test_what_is_most_comes_first(top: Ask, crowd: Stage, by: str, wanted: list[str]) -> None:
    assert order(top("--sort", by).out) == wanted


def test_every_order_has_a_key_of_its_own() -> None:
    keys = [one.key for one in ORDERS.values()]

    assert len({*keys, "q"}) == len(keys) + 1
    assert [one.words for one in ORDERS.values()] == list(ORDERS)


# On a terminal


@dataclass
class Watching:
    """Somebody who watches in a window of 80 columns and 24 lines."""

    window: Terminal
    process: subprocess.Popen[bytes]
    seen: str = ""

    def sees(self, text: str) -> None:
        eventually(lambda: text in self._look(), within=10)

    def _look(self) -> str:
        self.seen += self.window.so_far()
        return self.seen

    def last(self) -> list[str]:
        """The last picture that is complete, line by line, without what clears the rest of each."""
        complete = self._look().rpartition("\x1b[J")[0].rpartition("\x1b[H")[2]
        return [line.removesuffix("\x1b[K") for line in complete.split("\n")]

    def leaves(self, number: int | None = None) -> int:
        if number is not None:
            self.process.send_signal(number)
        eventually(lambda: (self._look(), self.process.poll())[1] is not None, within=10)
        return self.process.wait()

    def is_cooked(self) -> bool:
        """Whether lines are lines, and what is typed is shown, as a shell wants it."""
        return self.window.flags() & (termios.ICANON | termios.ECHO) == termios.ICANON | termios.ECHO


PROGRAM = "import sys; from resqued.cli import resquectl; {before}; sys.exit(resquectl.main())"


@pytest.fixture
def watch(stage: Stage) -> Iterator[Callable[..., Watching]]:
    """`before`: what is done before the program begins."""
    with terminal() as window:

        def start(*words: str, before: str = "pass") -> Watching:
            window.resize(80, 24)
            program = [sys.executable, "-c", PROGRAM.format(before=before)]
            argv = [*program, "-c", str(stage.place.file), "top", "--delay", "0.1", *words]
            return Watching(window, window.start(argv, os.environ | {"TERM": "xterm"}))

        yield start


Watch = Callable[..., Watching]


def test_it_goes_on_until_q(watch: Watch, stage: Stage) -> None:
    stage.says(worker())
    watching = watch()
    watching.sees("mail.0")
    assert not watching.is_cooked()
    stage.row(0).begin("SendMail")
    stage.says(worker())
    watching.sees("SendMail")
    watching.window.type(b"q")

    assert watching.leaves() == 0
    watching.sees(LEAVE)
    assert watching.is_cooked()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT])
def test_a_signal_that_ends_it_gives_the_terminal_back(watch: Watch, stage: Stage, number: int) -> None:
    stage.says(worker())
    watching = watch()
    watching.sees("mail.0")

    assert watching.leaves(number) == 0
    watching.sees(LEAVE)
    assert watching.is_cooked()


def test_ctrl_c_gives_it_back(watch: Watch, stage: Stage) -> None:
    stage.says(worker())
    watching = watch()
    watching.sees("mail.0")
    watching.window.type(CTRL_C)

    assert watching.leaves() == 0
    assert watching.is_cooked()


@pytest.mark.parametrize(
    "broken",
    ["raise ZeroDivisionError", "raise KeyboardInterrupt", "sys.exit(7)", "raise MemoryError"],
)
def test_whatever_goes_wrong_gives_it_back(watch: Watch, stage: Stage, broken: str) -> None:
    stage.says(worker())
    before = f"from resqued.cli.commands import top; top.picture = lambda *_: (exec({broken!r}))"
    watching = watch(before=f"{before}; top.__dict__.update(sys=sys)")

    assert watching.leaves() != 0
    watching.sees(LEAVE)
    assert watching.is_cooked()


def test_a_window_that_is_closed_ends_it(watch: Watch, stage: Stage) -> None:
    stage.says(worker())
    watching = watch()
    watching.sees("mail.0")
    watching.window.close()

    assert watching.leaves() == 0


def test_ctrl_z_gives_it_back_until_it_goes_on(watch: Watch, stage: Stage) -> None:
    stage.says(worker())
    watching = watch()
    watching.sees("mail.0")
    watching.window.type(CTRL_Z)
    watching.sees(LEAVE)
    eventually(watching.is_cooked)
    watching.seen = ""
    eventually(lambda: Path(f"/proc/{watching.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
    watching.process.send_signal(signal.SIGCONT)

    watching.sees(ENTER)
    watching.sees("mail.0")
    watching.window.type(b"q")
    assert watching.leaves() == 0


def test_a_key_sorts(watch: Watch, crowd: Stage) -> None:
    watching = watch()
    watching.sees("sorted by time")
    watching.window.type(b"f")
    watching.sees("sorted by failed")
    picture = watching.seen.rpartition("\x1b[H")[2]

    assert re.findall(r"mail\.\d+", picture)[:3] == ["mail.0", "mail.1", "mail.2"]
    watching.window.type(b"q")
    watching.leaves()


def test_a_master_that_goes_and_comes_is_watched_through(watch: Watch, stage: Stage) -> None:
    watching = watch()
    watching.sees("no resqued with")
    stage.says(worker())
    watching.sees("mail.0")
    stage.says(worker(), mood="draining")
    watching.sees("draining")
    watching.window.type(b"q")

    assert watching.leaves() == 0


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (200, 50), (30, 8), (1, 1)])
def test_no_line_is_longer_and_no_picture_higher_than_the_window(
    watch: Watch, stage: Stage, columns: int, rows: int
) -> None:
    hostile = "J\x1b[2J\r\x07\x9b31m\u202e" + "x" * 300
    stage.row(0).begin(hostile)
    stage.says(*(worker(number % 4, slot=f"mail.{number}") for number in range(60)))
    watching = watch()
    watching.sees("more")
    watching.window.resize(columns, rows)
    watching.seen = ""
    watching.sees("\x1b[J")
    eventually(lambda: _fits(watching.last(), columns, rows), within=10)
    picture = watching.last()

    assert _fits(picture, columns, rows)
    assert all(line.isprintable() for line in picture)
    watching.window.type(b"q")
    assert watching.leaves() == 0


def _fits(picture: list[str], columns: int, rows: int) -> bool:
    return 0 < len(picture) <= rows and max(map(len, picture)) <= columns


def test_an_output_that_cannot_show_a_picture_gets_one_and_the_end(watch: Watch, stage: Stage) -> None:
    stage.says(worker())
    watching = watch("--once")

    assert watching.leaves() == 0
    watching.sees("mail.0")
    assert ENTER not in watching.seen
