"""The log: what a line looks like, what it withstands, and that every event is listed."""

import ast
import json
import os
import pty
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resqued.log import EVENTS, Log

PACKAGE = Path(__file__).parent.parent / "resqued"
LEVELS = {"debug": "debug", "info": "info", "warning": "warning", "error": "error", "exception": "error"}
RESERVED = {"timestamp", "level", "event", "backtrace"}


class Pipe:
    """A pipe that keeps writes apart: what one `read` returns was one `write`."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe2(os.O_DIRECT | os.O_NONBLOCK)

    def read(self) -> str:
        try:
            return os.read(self.reader, 1 << 20).decode()
        except BlockingIOError:
            return ""

    def fact(self) -> dict[str, Any]:
        line: dict[str, Any] = json.loads(self.read())
        return line


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    for end in (pipe.reader, pipe.writer):
        os.close(end)


@pytest.fixture
def log(pipe: Pipe) -> Iterator[Log]:
    log = Log()
    log.configure(format="json", stream=pipe.writer)
    yield log
    log.configure()  # which closes a file


@pytest.fixture
def console(pipe: Pipe) -> Log:
    log = Log()
    log.configure(format="console", stream=pipe.writer)
    return log


# What a line looks like


def test_a_line_is_an_object_with_time_level_and_event_first(log: Log, pipe: Pipe) -> None:
    log.warning("worker.died", slot="mail.2", pid=4711)

    line = pipe.read()
    assert list(json.loads(line)) == ["timestamp", "level", "event", "slot", "pid"]
    assert line.endswith('"level":"warning","event":"worker.died","slot":"mail.2","pid":4711}\n')


def test_times_are_utc_to_the_millisecond(log: Log, pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1795417200.0129)

    log.info("master.started")

    assert pipe.fact()["timestamp"] == "2026-11-23T07:00:00.012Z"


def test_seconds_are_cut_at_the_microsecond(log: Log, pipe: Pipe) -> None:
    log.info("job.done", took_s=0.1 + 0.2)

    assert pipe.fact()["took_s"] == 0.3


def test_what_is_below_the_level_is_not_written(log: Log, pipe: Pipe) -> None:
    log.configure(level="warning", format="json", stream=pipe.writer)

    log.info("master.started")

    assert pipe.read() == ""


def test_what_is_at_the_level_is_written(log: Log, pipe: Pipe) -> None:
    log.configure(level="debug", format="json", stream=pipe.writer)

    log.debug("master.started")

    assert pipe.fact()["level"] == "debug"


def test_a_module_that_took_the_log_before_it_was_configured_has_the_new_one(log: Log, pipe: Pipe) -> None:
    taken, other = log, Pipe()

    log.configure(format="json", stream=other.writer)
    taken.info("master.started")

    assert (pipe.read(), other.fact()["event"]) == ("", "master.started")
    os.close(other.reader)
    os.close(other.writer)


def test_a_process_says_what_it_carries_in_every_line(log: Log, pipe: Pipe) -> None:
    log.carry(slot="mail.2")

    log.info("worker.ready", pid=4711)

    assert pipe.read().endswith('"event":"worker.ready","slot":"mail.2","pid":4711}\n')


def test_an_exception_is_an_error_that_says_where(log: Log, pipe: Pipe) -> None:
    try:
        next(iter([]))
    except StopIteration:
        log.exception("hook.failed")

    line = pipe.fact()
    assert line["level"] == "error"
    assert re.search(r"test_log.py.*next\(iter.*StopIteration\n$", line["backtrace"], re.DOTALL)


# For people


def test_a_console_line_is_for_reading(console: Log, pipe: Pipe) -> None:
    console.warning("job.failed", queue="mail", error="no such thing", args=[1, "a b"], note="")

    _, line = pipe.read().split(" ", 1)
    assert line == "warn  job.failed        queue=mail error='no such thing' args=[1, 'a b'] note=''\n"


def test_a_console_shows_a_backtrace_below_its_line(console: Log, pipe: Pipe) -> None:
    try:
        int("\x1b")
    except ValueError:
        console.exception("hook.failed")

    first, *below = pipe.read().splitlines()
    assert first.endswith("error hook.failed")
    assert below[0] == "    Traceback (most recent call last):"
    assert below[-1] == r"    ValueError: invalid literal for int() with base 10: '\x1b'"


def on_a_terminal(environment: dict[str, str]) -> str:
    """The standard error of a program that logs to a terminal."""
    reader, writer = pty.openpty()
    program = "from resqued.log import log; log.info('job.done', queue='mail', job='SendMail', pid=4711, took_s=0.012)"
    subprocess.run([sys.executable, "-c", program], stderr=writer, env=os.environ | environment, check=True)
    shown = os.read(reader, 4096).decode()
    os.close(reader)
    os.close(writer)
    return shown


def test_a_terminal_gets_a_short_line_with_the_time_of_day() -> None:
    shown = on_a_terminal({"NO_COLOR": "1", "TERM": "xterm"})

    assert re.fullmatch(
        r"\d\d:\d\d:\d\d\.\d{3} info  job.done +queue=mail job=SendMail pid=4711 took_s=0.012\r\n", shown
    )
    assert len(shown.rstrip()) < 90


def test_a_terminal_gets_colours() -> None:
    assert "\x1b[32minfo" in on_a_terminal({"NO_COLOR": "", "TERM": "xterm"})


def test_a_dumb_terminal_gets_no_colours() -> None:
    assert "\x1b" not in on_a_terminal({"NO_COLOR": "", "TERM": "dumb"})


def test_a_console_that_is_no_terminal_gets_no_colours_and_the_date(console: Log, pipe: Pipe) -> None:
    console.info("master.started")

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\S+Z info  master.started\n", pipe.read())


def test_what_is_no_terminal_gets_json(log: Log, pipe: Pipe) -> None:
    log.configure(format="auto", stream=pipe.writer)

    log.info("master.started")

    assert pipe.fact()["event"] == "master.started"


# What a line withstands


@given(name=st.text())
def test_no_text_forges_a_line_of_json(name: str) -> None:
    line = written("json", name)

    assert json.loads(line)["job"] == name
    assert line.isascii()
    assert line[:-1].isprintable()


@given(name=st.text())
def test_no_text_forges_a_line_or_commands_a_terminal(name: str) -> None:
    line = written("console", name)

    assert line[:-1].isprintable()


def written(style: Any, name: str) -> str:
    pipe, log = Pipe(), Log()
    log.configure(format=style, stream=pipe.writer)
    log.info("job.started", job=name)
    line = pipe.read()
    os.close(pipe.reader)
    os.close(pipe.writer)
    assert line.endswith("\n")
    return line


class Hostile:
    def __repr__(self) -> str:
        return "one\n\x1b[31mtwo"


class Sullen:
    def __repr__(self) -> str:
        raise RuntimeError("I have no name")


def circle() -> list[Any]:
    ring: list[Any] = []
    ring.append(ring)
    return ring


def deep() -> list[Any]:
    nest: list[Any] = []
    for _ in repeat(None, 100_000):
        nest = [nest]
    return nest


UNSPEAKABLE = {
    "an object": Hostile(),
    "an object without a name": Sullen(),
    "bytes": b"\xff\n",
    "not a number": float("nan"),
    "infinity": [float("inf")],
    "a key that is no string": {(1, 2): 3},
    "a circle": circle(),
    "a huge integer": 10**5000,
    "a lone surrogate": "\ud800",
}


@pytest.mark.parametrize("value", UNSPEAKABLE.values(), ids=UNSPEAKABLE)
@pytest.mark.parametrize("style", ["json", "console"])
def test_a_value_that_cannot_be_written_is_described(style: Any, value: object, log: Log, pipe: Pipe) -> None:
    log.configure(format=style, stream=pipe.writer)

    log.info("job.started", pid=4711, value=value)

    line = pipe.read()
    assert "4711" in line
    assert line[:-1].isprintable()


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_bottomless_value_is_described(style: Any, log: Log, pipe: Pipe) -> None:
    log.configure(format=style, stream=pipe.writer)

    log.info("job.started", value=deep())

    assert "<list>" in pipe.read()


def test_a_value_that_cannot_be_written_leaves_the_others_as_they_are(log: Log, pipe: Pipe) -> None:
    log.info("job.started", pid=4711, value=float("nan"))

    assert pipe.read().endswith('"pid":4711,"value":"nan"}\n')


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_long_line_loses_the_middle_of_its_values_and_stays_in_one_piece(style: Any, log: Log, pipe: Pipe) -> None:
    log.configure(format=style, stream=pipe.writer)

    log.info("job.started", job="<" + "\U0001f600" * 5000 + ">", args=list(range(5000)), pid=4711)

    line = pipe.read()
    assert len(line.encode()) <= 4096
    assert all(kept in line for kept in ("<", ">", "[0, 1", "4999]", "4711\n" if style == "console" else "4711}\n"))
    assert pipe.read() == ""


def test_a_line_that_nobody_reads_any_more_is_dropped(log: Log, pipe: Pipe) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    log.configure(stream=writer)

    log.info("master.started")

    os.close(writer)


def test_a_line_that_does_not_fit_into_a_full_pipe_is_dropped(log: Log, pipe: Pipe) -> None:
    for _ in repeat(None, 100):
        log.info("master.started")

    assert pipe.fact()["event"] == "master.started"


def test_a_line_for_a_full_disk_is_dropped(log: Log) -> None:
    log.configure(file="/dev/full")

    log.info("master.started")


@contextmanager
def room_for(more: int, file: Path) -> Iterator[None]:
    """As on a disk that is full: a write that would make `file` larger than that is cut short, the next one refused."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def file(log: Log, tmp_path: Path) -> Path:
    """With a line in it."""
    file = tmp_path / "log"
    log.configure(file=str(file))
    log.carry(pid=4711)
    log.info("master.started")
    return file


def test_a_part_of_a_line_is_ended_and_the_lost_ones_are_counted_when_there_is_room(log: Log, file: Path) -> None:
    with room_for(20, file):
        for _ in range(3):
            log.info("job.done", queue="mail")
    log.info("job.done", queue="news")
    log.info("job.done", queue="news")

    first, part, *rest = file.read_text().splitlines()
    assert (json.loads(first)["event"], len(part)) == ("master.started", 20)
    assert [json.loads(line).get("queue") for line in rest] == [None, "news", "news"]
    assert rest[0].endswith('"level":"error","event":"log.lost","pid":4711,"lines":3}')


def test_where_no_part_of_a_line_stands_none_is_ended(log: Log, file: Path) -> None:
    with room_for(0, file):
        log.info("job.done")
    log.info("job.done")

    events = [json.loads(line)["event"] for line in file.read_text().splitlines()]
    assert events == ["master.started", "log.lost", "job.done"]


def test_a_part_of_another_process_s_line_is_ended_too(log: Log, file: Path) -> None:
    with room_for(20, file):
        with file.open("ab", buffering=0) as other:
            other.write(b"x" * 100)
        log.info("job.done")
    log.info("job.done")

    lines = file.read_text().splitlines()
    assert lines[1] == "x" * 20
    assert [json.loads(line)["event"] for line in lines[2:]] == ["log.lost", "job.done"]


def test_a_lost_line_about_lost_lines_is_not_counted_itself(log: Log, file: Path) -> None:
    with room_for(0, file):
        log.info("job.done")
        log.info("job.done")
    with room_for(10, file):  # not even for that
        log.info("job.done")
    log.info("job.done")

    lost = [json.loads(line)["lines"] for line in file.read_text().splitlines() if "log.lost" in line]
    assert lost == [3]


def test_a_child_does_not_tell_of_lines_that_its_parent_lost(log: Log, file: Path) -> None:
    with room_for(20, file):
        log.info("job.done")
    child = os.fork()
    if not child:
        log.info("job.started")
        os._exit(0)
    os.waitpid(child, 0)
    log.info("job.done")

    events = [json.loads(line)["event"] for line in file.read_text().splitlines()[2:]]
    assert events == ["job.started", "log.lost", "job.done"]


def test_a_reader_that_had_stalled_is_told_how_many_lines_it_missed(log: Log, pipe: Pipe) -> None:
    for _ in range(100):
        log.info("job.done")
    read = 0
    while pipe.read():
        read += 1

    log.info("job.done")
    assert pipe.fact()["lines"] == 100 - read
    assert pipe.fact()["event"] == "job.done"


def test_a_line_costs_one_call_of_the_system(log: Log, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []

    def write(_: int, line: bytes) -> int:
        written.append(line)
        return len(line)

    monkeypatch.setattr("resqued.log.os", SimpleNamespace(write=write))

    log.info("job.done")
    log.info("job.done")

    assert len(written) == 2


def test_a_line_for_a_closed_descriptor_is_dropped(log: Log) -> None:
    reader, writer = os.pipe()
    log.configure(stream=writer)
    os.close(reader)
    os.close(writer)

    log.info("master.started")


# Where lines go


def test_a_file_is_appended_to(log: Log, tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text("before\n")
    log.configure(file=str(file))

    log.info("master.started")

    assert file.read_text().startswith('before\n{"timestamp":')


def test_a_file_that_was_moved_away_is_made_anew_when_it_is_configured_again(log: Log, tmp_path: Path) -> None:
    file = tmp_path / "log"
    log.configure(file=str(file))
    file.rename(tmp_path / "log.1")
    log.configure(file=str(file))

    log.info("master.started")

    assert "master.started" in file.read_text()
    assert (tmp_path / "log.1").read_text() == ""


def test_a_file_that_cannot_be_opened_is_refused_and_the_log_goes_on(log: Log, pipe: Pipe, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        log.configure(file=str(tmp_path / "nowhere" / "log"))
    log.info("master.started")

    assert pipe.fact()["event"] == "master.started"


def test_a_log_that_nobody_configured_writes_to_standard_error() -> None:
    assert Log().fileno() == 2


def test_the_log_says_which_descriptor_is_its_own(log: Log, pipe: Pipe) -> None:
    assert log.fileno() == pipe.writer


FORKING = """
import os
from resqued.log import log

for number in range(4):
    if not os.fork():
        log.carry(child=number)
        for count in range(200):
            log.info("job.started", count=count, padding="x" * 500)
        os._exit(0)
for number in range(4):
    os.wait()
log.info("job.done")
"""


def test_lines_of_several_processes_do_not_mix() -> None:
    run = subprocess.run([sys.executable, "-c", FORKING], stderr=subprocess.PIPE, check=True)

    lines = [json.loads(line) for line in run.stderr.splitlines()]
    counts = [[line["count"] for line in lines if line.get("child") == child] for child in range(4)]
    assert counts == [list(range(200))] * 4
    assert lines[-1]["event"] == "job.done"


# The list of events


@dataclass(frozen=True)
class Said:
    """A line that some module may write. `event` is None where it is not plain text."""

    place: str
    level: str
    event: object
    keys: set[str | None]


def said() -> Iterator[Said]:
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="log"), attr=method)) if method in LEVELS:
                    place = f"{path.relative_to(PACKAGE)}:{node.lineno}"
                    event = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
                    yield Said(place, LEVELS[method], event, {keyword.arg for keyword in node.keywords})


def test_every_event_that_is_written_is_listed_with_its_level() -> None:
    listed = {(event, level) for event, (level, _) in EVENTS.items()}

    assert [
        f"{line.place}: {line.level} {line.event}" for line in said() if (line.event, line.level) not in listed
    ] == []


def planned() -> set[str]:
    """What a fleet has its master say."""
    texts = (path.read_text() for path in (PACKAGE / "fleet").glob("*.py"))
    constants = (node.value for text in texts for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
    return {constant for constant in constants if isinstance(constant, str)}


def test_every_event_that_is_listed_is_written_somewhere() -> None:
    assert set(EVENTS) - {line.event for line in said()} - planned() == set()


def test_no_fact_takes_the_place_of_what_a_line_always_says() -> None:
    assert [line.place for line in said() if line.keys & RESERVED] == []


def test_every_event_is_a_noun_and_a_verb_with_a_sentence() -> None:
    wrong = [
        event
        for event, (_, meaning) in EVENTS.items()
        if not re.fullmatch(r"[a-z]+\.[a-z_]+", event) or not re.fullmatch(r"[A-Z].*\.", meaning)
    ]

    assert wrong == []


def test_a_reader_that_has_stalled_costs_lines_and_not_the_process() -> None:
    read, write = os.pipe()
    log = Log()
    log.configure(format="json", stream=write)
    for number in range(2000):  # far more than a pipe holds
        log.info("job.done", number=number)
    held = os.read(read, 1 << 20)

    log.info("job.done", number="after")
    assert b'"number":0}' in held
    assert b'"after"' in os.read(read, 1 << 20)
    os.close(read)
    os.close(write)
