"""The floors of the house: who may import whom, and who may do what.

A module imports from its own floor or lower ones; on the third, where each room is a loop or a use case of its own,
from lower ones only. Imports inside functions and imports for types count like any other.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from pathlib import Path
from typing import TypeVar

import pytest

FLOORS = """
digest errors value version

activejob address backoff bounds chosen concurrency config destination duty escalation fleet handover hooks
jobarguments jobclass jobfunction jobhooks joblimits jobpolicies listener metrics outlet promises protocol queues rates
recurring reload rhythm signaltable termination tries unique verdict wear wishes work

application atfork boards chance coroner embedded eventloop failure guise interruption kin lifeline listening
lock log memory notes oom orders performance places prctl procfs processes registry rubylocks scoreboard signals stacks
status store streams systemd telling tracing whereabouts wire

client master performer pruner scheduler testing worker

__main__ api cli contrib decorator entry standalone web
"""
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS.split("\n\n")) for room in rooms.split()}
PURE, LOOPS = 1, 3

PACKAGE = Path(__file__).parent.parent / "resqued"
Node = TypeVar("Node", bound=ast.AST)

FACADE = "resqued"  # outside the floors: it imports what it is asked for, when it is asked


@dataclass(frozen=True)
class Source:
    """One module: its dotted name, and its syntax tree."""

    name: str
    tree: ast.Module
    lines: int = 0

    @property
    def room(self) -> str:
        return room_of(self.name)


def room_of(name: str) -> str:
    return name.split(".")[1]


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def read(path: Path) -> Source:
    text = path.read_text()
    return Source(name_of(path), ast.parse(text), len(text.splitlines()))


def example(name: str, text: str) -> Source:
    """A module that is not there, for showing that a rule finds what it looks for."""
    return Source(name, ast.parse(text), len(text.splitlines()))


MODULES = {name_of(path) for path in PACKAGE.rglob("*.py")}
SOURCES = sorted(
    (read(path) for path in PACKAGE.rglob("*.py") if name_of(path) != FACADE), key=lambda source: source.name
)


# What a module depends on


def imports(source: Source) -> set[str]:
    """The modules that `source` names, wherever it names them: `from resqued import work` is `resqued.work`."""
    return {name for node in ast.walk(source.tree) for name in imported_by(node)}


def imported_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import():
            yield from (alias.name for alias in node.names)
        case ast.ImportFrom(module=str(base), level=0):
            yield from (f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base for alias in node.names)
        case ast.ImportFrom():
            yield "(a relative import)"
        case ast.Call(
            func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
            args=[ast.Constant(value=str(name)), *_],
        ):
            yield name


def ours(source: Source) -> set[str]:
    return {name for name in imports(source) if name.split(".")[0] == FACADE}


def outside(source: Source) -> set[str]:
    return {name.split(".")[0] for name in imports(source)} - {FACADE}


def uses(source: Source) -> set[str]:
    """What `source` takes out of modules, by its full name: `os.fork`, whatever `os` is called there."""
    names = {
        alias.asname or alias.name.split(".")[0]: alias.name if alias.asname else alias.name.split(".")[0]
        for node in walk(source, ast.Import)
        for alias in node.names
    }
    taken = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in walk(source, ast.ImportFrom)
        for alias in node.names
    }
    known = names | taken
    return set(taken.values()) | {
        f"{known[node.value.id]}.{node.attr}"
        for node in walk(source, ast.Attribute)
        if isinstance(node.value, ast.Name) and node.value.id in known
    }


def walk(source: Source, kind: type[Node]) -> Iterator[Node]:
    return (node for node in ast.walk(source.tree) if isinstance(node, kind))


# Rules: each takes a module and names what offends in it


def climbs(source: Source) -> list[str]:
    """Imports from a higher floor, of another room on the third, or through the façade."""
    floor = FLOOR_OF[source.room]
    return [
        name
        for name in sorted(ours(source))
        if name == FACADE
        or FLOOR_OF[room_of(name)] > floor
        or (FLOOR_OF[room_of(name)] == floor == LOOPS and room_of(name) != source.room)
    ]


IMPURE = {
    *(
        "asyncio",
        "ctypes",
        "fcntl",
        "hiredis",
        "logging",
        "multiprocessing",
        "os",
        "psutil",
        "random",
        "redis",
        "secrets",
    ),
    *("select", "selectors", "setproctitle", "shutil", "socket", "socketserver", "ssl", "structlog", "subprocess"),
    *("tempfile", "threading", "time", "uuid"),
}
CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}


def acts(source: Source) -> list[str]:
    """What a pure module has no business with: the system, clocks, chance, files. `signal` is for its names."""
    handlers = {name for name in uses(source) if name.startswith("signal.") and name != "signal.Signals"}
    opens = {"open" for node in walk(source, ast.Name) if node.id == "open"}
    clocks = {
        f"{node.value.id}.{node.attr}" for node in walk(source, ast.Attribute) if isinstance(node.value, ast.Name)
    }
    return sorted((outside(source) & IMPURE) | handlers | opens | (clocks & CLOCKS))


def speaks_to_redis(source: Source) -> list[str]:
    return sorted(outside(source) & {"redis", "hiredis"})


def draws(source: Source) -> list[str]:
    return sorted(outside(source) & {"rich"})


def serves_pages(source: Source) -> list[str]:
    return sorted(outside(source) & {"starlette", "uvicorn", "jinja2", "markupsafe", "argon2"})


PROCESS_CALLS = re.compile(
    r"os\.(fork(pty)?|kill(pg)?|wait\w*|posix_spawnp?|spawn\w+|system|popen|pidfd_open|_exit)"
    r"|signal\.(pthread_kill|pidfd_send_signal|raise_signal)"
    r"|subprocess|multiprocessing|pty"
)


def handles_processes(source: Source) -> list[str]:
    """Forks, kills or waits."""
    return sorted(name for name in outside(source) | uses(source) if PROCESS_CALLS.fullmatch(name))


KEY = re.compile(
    r"(^|:)(queue|worker|slate|delayed|timestamps|resque):(?!\s)|(^|:)(stat:|workers:heartbeat)"
    r"|:(queues|workers|failed|started)$|pause-all-workers|pruning_dead_workers|delayed_queue_schedule"
)
KEYS_THAT_ARE_WORDS = {"queues", "workers", "failed"}


def names_a_key(source: Source) -> list[str]:
    """Text that looks like a key of Resque's or ours, and words that are keys where they stand beside a command."""
    return sorted({text for text in texts(source) if KEY.search(text)} | words_beside_commands(source))


def texts(source: Source) -> Iterator[str]:
    """All literal text but docstrings; an f-string is its literal parts."""
    prose = {id(node.value) for node in walk(source, ast.Expr)}
    literals = (text_of(node) for node in walk(source, ast.Constant) if id(node) not in prose)
    return (text for text in literals if text is not None)


def text_of(node: ast.expr) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Constant(value=bytes(raw)):
            return raw.decode(errors="replace")
    return None


def words_beside_commands(source: Source) -> set[str]:
    """`("LLEN", "failed")`: Redis commands are written in capitals."""
    calls = (node.args for node in walk(source, ast.Call))
    groups = (node.elts for node in ast.walk(source.tree) if isinstance(node, ast.Tuple | ast.List))
    literals = ({text_of(node) or "" for node in group} for group in chain(calls, groups))
    return {
        word
        for group in literals
        if any(re.fullmatch("[A-Z]{3,}", text) for text in group)
        for word in group & KEYS_THAT_ARE_WORDS
    }


def sprawls(source: Source) -> list[str]:
    """A module of more than 300 lines, or a function of more than 40."""
    functions = (node for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    long = [node.name for node in functions if (node.end_lineno or 0) - node.lineno >= 40]
    return [*long, *(["(the module)"] if source.lines > 300 else [])]


def offences(rule: Callable[[Source], list[str]], *, but_in: str = "", floor: int | None = None) -> list[str]:
    """What offends against `rule` in the whole package or on one floor, except in the room where it is allowed."""
    return [
        f"{source.name}: {offence}"
        for source in SOURCES
        if source.room != but_in and floor in (None, FLOOR_OF.get(source.room))
        for offence in rule(source)
    ]


# The house


def test_every_module_has_a_floor() -> None:
    assert sorted({source.room for source in SOURCES} - set(FLOOR_OF)) == []


def test_a_module_imports_from_lower_floors_only() -> None:
    assert offences(climbs) == []


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    assert circle({source.name: ours(source) for source in SOURCES}) == []


@pytest.mark.parametrize("floor", range(PURE + 1))
def test_the_lowest_floors_are_pure(floor: int) -> None:
    assert offences(acts, floor=floor) == []


def test_only_wire_speaks_to_redis() -> None:
    assert offences(speaks_to_redis, but_in="wire") == []


def test_only_cli_draws() -> None:
    assert offences(draws, but_in="cli") == []


def test_only_web_serves_pages() -> None:
    assert offences(serves_pages, but_in="web") == []


def test_only_processes_forks_kills_and_waits() -> None:
    assert offences(handles_processes, but_in="processes") == []


def test_only_protocol_names_a_key() -> None:
    assert offences(names_a_key, but_in="protocol") == []


def test_only_protocol_holds_lua() -> None:
    assert [path for path in PACKAGE.rglob("*.lua") if PACKAGE / "protocol" not in path.parents] == []


def test_modules_and_functions_stay_small() -> None:
    assert offences(sprawls) == []


def circle(graph: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


# What is loaded


def loaded_by(statement: str) -> set[str]:
    """The modules of a fresh interpreter that has run `statement`."""
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True, text=True)
    return set(run.stdout.split())


@pytest.mark.parametrize("statement", ["import resqued", "from resqued import current_job"])
def test_what_a_job_imports_of_us_loads_nothing_heavy(statement: str) -> None:
    assert loaded_by(statement) & {"redis", "hiredis", "structlog", "asyncio", "logging"} == set()


def test_the_process_that_forks_has_not_loaded_what_only_clients_and_operators_use() -> None:
    theirs = {
        "redis",
        "rich",
        "argparse",
        "resqued.client",
        "resqued.api",
        "resqued.testing",
        "resqued.activejob",
        "resqued.rubylocks",
        *("resqued.web", "starlette", "uvicorn", "jinja2", "argon2"),
    }

    assert loaded_by("import resqued.entry.daemon") & theirs == set()


def test_the_process_that_forks_has_not_loaded_what_its_configuration_does_not_ask_for() -> None:
    least = "[jobs]\nmodules = ['app']\n[pools.work]\nqueues = ['work']"
    loaded = loaded_by(f"import resqued.entry.daemon\nfrom resqued import config\nconfig.parse({least!r}, 'file')")
    asked_for = {
        "resqued.listener",
        *("resqued.entry.exposing", "resqued.master.figures", "resqued.master.pages", "resqued.worker.meter"),
    }

    assert {name for name in loaded if name in asked_for or name.startswith("resqued.metrics")} == set()


# The rules find what they look for


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("resqued.fleet", "from resqued.log import log", ["resqued.log"]),
        ("resqued.fleet", "def f():\n    import resqued.master", ["resqued.master"]),
        ("resqued.fleet", "if TYPE_CHECKING:\n    from resqued import log", ["resqued.log"]),
        ("resqued.store", "import_module('resqued.client')", ["resqued.client"]),
        ("resqued.master", "from resqued.worker import Worker", ["resqued.worker"]),
        ("resqued.client", "from resqued import Resque", ["resqued"]),
        ("resqued.worker.loop", "from resqued.worker.task import Task\nfrom resqued.log import log", []),
        ("resqued.processes", "from resqued.signals import Inbox", []),
        ("resqued.cli.resqued", "from resqued.entry import main", []),
    ],
)
def test_a_climb_is_found(name: str, text: str, found: list[str]) -> None:
    assert climbs(example(name, text)) == found


def test_a_circle_is_found() -> None:
    assert set(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}})) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("rule", "text", "found"),
    [
        (acts, "import os.path", ["os"]),
        (acts, "def f():\n    from time import monotonic", ["time"]),
        (acts, "from datetime import datetime\ndatetime.now(UTC)", ["datetime.now"]),
        (acts, "import signal\nsignal.signal(1, print)", ["signal.signal"]),
        (acts, "from signal import Signals\nimport json, re, enum", []),
        (acts, "open('x')", ["open"]),
        (speaks_to_redis, "if TYPE_CHECKING:\n    import redis.client", ["redis"]),
        (draws, "def f():\n    from rich.table import Table", ["rich"]),
        (handles_processes, "import os as system\nsystem.fork()", ["os.fork"]),
        (handles_processes, "import os.path\nos.kill(1, 9)", ["os.kill"]),
        (handles_processes, "from os import waitpid", ["os.waitpid"]),
        (handles_processes, "def f():\n    import subprocess", ["subprocess"]),
        (handles_processes, "import os, signal\nos.getpid()\nsignal.SIGKILL", []),
        (names_a_key, "f'{namespace}:queue:{name}'", [":queue:"]),
        (names_a_key, "f'resqued:{namespace}:workers'", [":workers"]),
        (names_a_key, "key = b'stat:processed'", ["stat:processed"]),
        (names_a_key, "wire.call('LLEN', 'failed')", ["failed"]),
        (names_a_key, "[('SMEMBERS', 'queues')]", ["queues"]),
        (names_a_key, '"""In prose: `queue:mail`."""\nlog.info("job.failed", told="queue: mail", failed=1)', []),
        (sprawls, "def f():\n" + "    pass\n" * 40, ["f"]),
        (sprawls, "def f():\n" + "    pass\n" * 39, []),
        (sprawls, "pass\n" * 301, ["(the module)"]),
    ],
)
def test_an_offence_is_found(rule: Callable[[Source], list[str]], text: str, found: list[str]) -> None:
    assert rule(example("resqued.example", text)) == found
