"""Which variables a text sets, and for which workers.

The text is an environment file (of systemd, docker or dotenv), a unit of systemd, a Procfile, or a shell script; a line
is understood by itself, so that they may be mixed.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from resqued.cli.translation import options
from resqued.errors import ConfigError

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
ASSIGNMENT = re.compile(rf"({NAME})=(.*)", re.DOTALL)
SECTION = re.compile(r"\[(\w+)\]")
UNIT_LINE = re.compile(r"(\w+)\s*=\s*(.*)")
EXEC_PREFIXES = "@-:+!|"  # what may stand before a command of a unit
NAMED = re.compile(r"([\w-]+):\s+(.*)")  # of a Procfile
COMMENT = re.compile(r"\s#.*")
REFERENCE = re.compile(rf"\$(?:({NAME})|\{{({NAME})(?::?-([^}}]*))?\}})")

RAKE, ONE, COUNTED, POOL = "resque", "work", "workers", "pool"  # the namespace of rake's tasks, and those tasks
PROGRAMS = {"resque-worker", "pyres_worker", "pyres_manager", "resque.php"}
ELSEWHERE = {"resque-pool", "resqued"}  # their queues stand in a file of their own
BETWEEN = frozenset(";&|")

Variables = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Process:
    """Workers that one command starts."""

    program: str  # a task of rake's (ONE, COUNTED), or `resque-worker`, …
    name: str = ""  # what a Procfile calls it
    variables: Variables = field(default_factory=dict)
    labels: Variables = field(default_factory=dict)  # variable → the option that says the same


@dataclass(frozen=True, slots=True)
class Found:
    """What a text, or several, set. References to other variables are resolved where they can be."""

    shared: Variables
    processes: Sequence[Process] = ()
    others: Sequence[str] = ()  # of a Procfile: what is no worker
    complete: bool = True  # whether all of it is about workers, as the environment of a shell is not


def read(texts: Mapping[str, str]) -> Found:
    """All of them together, each under the name that it has in messages.

    Raises ConfigError for a line of which it is not clear where it ends, or what an option in it means.
    """
    reading = _Reading()
    for source, text in texts.items():
        reading.section = ""
        for number, line in _lines(text):
            try:
                reading.take(line)
            except ValueError as error:
                raise ConfigError(source, [f"line {number}: {error}"]) from None
    return reading.found()


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Without comments and blank ones; what ends with a backslash goes on in the next."""
    whole, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        first = first if whole else number
        if line.endswith("\\"):
            whole += f"{line[:-1]} "
            continue
        whole += line
        if whole.strip() and not whole.lstrip().startswith(("#", ";")):
            yield first, whole.strip()
        whole = ""
    if whole.strip():
        yield first, whole.strip()


class _Reading:
    def __init__(self) -> None:
        self._shared: dict[str, str] = {}
        self._processes: list[Process] = []
        self._others: list[str] = []
        self.section = ""  # of a unit

    def found(self) -> Found:
        shared = {name: _resolved(value, self._shared) for name, value in self._shared.items()}
        processes = [_with_references(process, shared) for process in self._processes]
        return Found(shared, processes, self._others)

    def take(self, line: str) -> None:
        if section := SECTION.fullmatch(line):
            self.section = section[1]
        elif self.section:
            self._take_of_unit(line)
        elif named := NAMED.fullmatch(line):
            self._take_command(named[2], named[1])
        elif ASSIGNMENT.fullmatch(line) and not _programs(_words(line, quotes_matter=False)):
            self._shared |= _assigned(line)
        else:
            self._take_command(line)

    def _take_of_unit(self, line: str) -> None:
        key, value = found.groups() if (found := UNIT_LINE.fullmatch(line)) else ("", "")
        if key == "Environment":
            self._shared |= _assignments(shlex.split(value))
        elif key == "ExecStart":
            self._take_command(value.lstrip(EXEC_PREFIXES))

    def _take_command(self, line: str, name: str = "") -> None:
        before: dict[str, str] = {}  # what this line exports
        workers = 0
        for words in _commands(_words(line)):
            assigned = _assignments(words)
            if program := next(iter(_programs(words)), ""):
                self._processes.append(_process(program, name, before | assigned, words))
                workers += 1
            elif len(assigned) == len(words) or words[0] == "export":
                before |= assigned
        if not workers and name:
            self._others.append(name)
        elif not workers:
            self._shared |= before


def _process(program: str, name: str, variables: Variables, words: Sequence[str]) -> Process:
    said = options.read(program, words)
    return Process(program, name, {**variables, **said.variables}, said.labels)


def _words(line: str, *, quotes_matter: bool = True) -> list[str]:
    """As a shell has them, separators among them. Raises ValueError if a quotation is not closed."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="".join(BETWEEN))
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        words = list(lexer)
    except ValueError:
        if quotes_matter:
            raise
        words = line.split()
    comment = next((at for at, word in enumerate(words) if word.startswith("#")), len(words))
    return words[:comment]


def _commands(words: Sequence[str]) -> Iterator[list[str]]:
    command: list[str] = []
    for word in [*words, ";"]:
        if not BETWEEN.issuperset(word):
            command.append(word)
        elif command:
            yield command
            command = []


def _programs(words: Sequence[str]) -> list[str]:
    """Those of them that start workers."""
    bare = [word.rpartition("/")[2] for word in words]
    tasks = [task for namespace, _, task in (word.partition(":") for word in words) if namespace == RAKE]
    found = [task for task in tasks if task in (ONE, COUNTED)] + [each for each in bare if each in PROGRAMS | ELSEWHERE]
    if "php" in bare and RAKE in bare:
        found.append("resque.php")
    return found or ["resque-pool"] * (POOL in tasks)


def _assignments(words: Sequence[str]) -> dict[str, str]:
    return {found[1]: found[2] for word in words if (found := ASSIGNMENT.fullmatch(word))}


def _assigned(line: str) -> dict[str, str]:
    """`NAME=value` with or without quotes; without them a value may have spaces, as for systemd."""
    name, _, value = line.partition("=")
    try:
        words = shlex.split(line)
    except ValueError:
        words = []  # it's no quotation
    if value[:1] in ("'", '"') or (words and all(map(ASSIGNMENT.fullmatch, words))):
        return _assignments(words or [line])
    return {name: COMMENT.sub("", value).strip()}


def _with_references(process: Process, shared: Variables) -> Process:
    resolved = {name: _resolved(value, shared) for name, value in process.variables.items()}
    return Process(process.program, process.name, resolved, process.labels)


def _resolved(value: str, shared: Variables) -> str:
    """With the values of variables; one that is not known stays as it is written."""

    def meaning(found: re.Match[str]) -> str:
        name, otherwise = found[1] or found[2], found[3]
        known = shared.get(name, "")
        return known if known and known != value else otherwise if otherwise is not None else found[0]

    return REFERENCE.sub(meaning, value)
