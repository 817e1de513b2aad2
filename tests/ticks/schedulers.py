"""The schedulers of a run, as processes: masters of ours, each with one, and those of other implementations."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from bench.contestants import node, ruby
from bench.contestants.interpreter import complaint
from tests.chaos.crowd import title_of
from tests.support.hurried import hurried
from tests.support.processes import mortal

HERE = Path(__file__).parent
VARIABLE = "RESQUE_SCHEDULER"
LEASE = 2  # s, of all
HURRIED = hurried(
    {"store.timetable.LEASE": LEASE * 1000, "scheduler.loop.LOOK_EVERY": 0.5, "scheduler.loop.LOOK_AGAIN": 0.5}
)
SCHEDULES = 60  # each ticks once a second

CONFIGURATION = """
[redis]
url = "redis://127.0.0.1:{port}/0"
[jobs]
modules = ["json"]
[pools.none]
queues = ["none"]
workers = 0
[worker]
hostname = "host-{number}"
[log]
format = "json"
[daemon]
run_dir = "{directory}"
state_dir = "{directory}"
[scheduler]
enabled = true
"""
SCHEDULE = '[schedule.tick-{number}]\nclass = "Tick"\nqueue = "ticks"\nargs = ["tick-{number}"]\nevery = 1\n'


def ruby_command() -> list[str]:
    """Ruby, which finds resque and resque-scheduler where the environment says."""
    library = Path(os.environ.get(VARIABLE, "")) / "lib"
    return [*ruby.command(os.environ.get(ruby.VARIABLE, "")), "-I", str(library)]


def absence(kind: str) -> str:
    """What to do to have it; empty if it is there."""
    if kind == "node":
        return node.absence()
    if VARIABLE not in os.environ:
        return f"set {VARIABLE} to a checkout of https://github.com/resque/resque-scheduler"
    return ruby.absence() or complaint([*ruby_command(), "-e", "require 'resque-scheduler'"])


class Runner:
    """A command that is started again when it has ended. `exits`: how, as Popen tells it."""

    def __init__(self, name: str, argv: Sequence[str], log: Path) -> None:
        self.name, self.log = name, log
        self.exits: list[int] = []
        self.process: subprocess.Popen[bytes] | None = None
        self._argv = argv

    def start(self) -> None:
        if self.process is None:
            with self.log.open("ab") as out:
                self.process = subprocess.Popen(
                    mortal(self._argv, by=signal.SIGTERM if self.is_ours else signal.SIGKILL),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    process_group=0,
                )

    @property
    def is_ours(self) -> bool:
        return self.name == "ours"

    @property
    def has_ended(self) -> bool:
        """Reaps it if it has."""
        if self.process and (status := self.process.poll()) is not None:
            self.exits.append(status)
            self.process = None
        return self.process is None

    def schedulers(self) -> list[psutil.Process]:
        """The process that schedules, if there is one; stopped ones, too."""
        if self.process is None:
            return []
        try:
            itself = psutil.Process(self.process.pid)
            return [one for one in itself.children() if _schedules(one)] if self.is_ours else [itself]
        except psutil.NoSuchProcess:
            return []


def _schedules(process: psutil.Process) -> bool:
    return ": scheduler " in title_of(process.pid)


def ours(number: int, port: int, directory: Path) -> Runner:
    file = directory / f"host-{number}.toml"
    text = CONFIGURATION.format(port=port, number=number, directory=directory)
    file.write_text(text + "".join(SCHEDULE.format(number=each) for each in range(SCHEDULES)))
    return Runner("ours", [*HURRIED, "-c", str(file)], directory / f"host-{number}.log")


def theirs(kind: str, number: int, port: int, directory: Path) -> Runner:
    command: dict[str, Callable[[], list[str]]] = {
        "ruby": lambda: [*ruby_command(), str(HERE / "ruby_scheduler.rb")],
        "node": lambda: [shutil.which("node") or "node", str(HERE / "node_scheduler.js"), str(node.LIBRARY)],
    }
    argv = [*command[kind](), str(port), str(LEASE)]
    return Runner(kind, argv, directory / f"{kind}-{number}.log")
