"""Ruby Resque (https://github.com/resque/resque), out of the checkout that RESQUE_RUBY points to: `rake resque:work`.

Its README names INTERVAL=0.1 for less delay, and its code FORK_PER_JOB=false for less work.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.contestants import QUEUE, Argv
from bench.contestants.family import Resquer
from bench.contestants.interpreter import answer, complaint
from bench.stage import APPLICATION, Stage

VARIABLE = "RESQUE_RUBY"


def absence() -> str:
    """What to do to have it; empty if it is there."""
    if not (checkout := os.environ.get(VARIABLE)):
        return f"set {VARIABLE} to a checkout of https://github.com/resque/resque"
    if not shutil.which("ruby"):
        return "there is no ruby on the PATH"
    return complaint([*command(checkout), "-e", "require 'rake'; require 'resque'"])


def version() -> str:
    question = "require 'resque'; print Resque::VERSION, ' with ruby ', RUBY_VERSION"
    return answer([*command(os.environ[VARIABLE]), "-e", question])


def command(checkout: str) -> list[str]:
    return [shutil.which("ruby") or "ruby", "-I", str(Path(checkout) / "lib")]


class RubyResque(Resquer):
    name = "Ruby Resque"
    told = False
    interval = 5.0
    settings: Mapping[str, str] = {}

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._ruby = command(os.environ[VARIABLE])

    def commands(self, port: int, workers: int) -> Sequence[Argv]:
        environment = {"QUEUE": QUEUE, "BENCH_REDIS": self.url(port), **self.settings}
        rake = [*self._ruby, "-S", "rake", "--rakefile", str(APPLICATION / "Rakefile"), "resque:work"]
        return [
            [shutil.which("env") or "env", *(f"{key}={value}" for key, value in environment.items()), *rake]
        ] * workers


class Eager(RubyResque):
    name = "Ruby Resque, INTERVAL=0.1"
    interval = 0.1
    settings: Mapping[str, str] = {"INTERVAL": "0.1"}
    measures = frozenset({"latency", "idle"})


class Undivided(RubyResque):
    name = "Ruby Resque, FORK_PER_JOB=false"
    forks = False
    settings: Mapping[str, str] = {"FORK_PER_JOB": "false"}
    measures = frozenset({"throughput", "redis"})
