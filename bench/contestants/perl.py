"""Perl Resque (https://metacpan.org/dist/Resque), out of the checkout that RESQUE_PERL points to.

Its manual names cant_poll, a blocking pop, as the (experimental) way to a shorter delay.
"""

import os
import shutil
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from bench.contestants import QUEUE, Argv
from bench.contestants.family import Resquer
from bench.contestants.interpreter import answer, complaint
from bench.stage import APPLICATION, Stage

VARIABLE = "RESQUE_PERL"
NUMBERS = count()


def absence() -> str:
    """What to do to have it; empty if it is there."""
    if not (checkout := os.environ.get(VARIABLE)):
        return f"set {VARIABLE} to a checkout of https://github.com/diegok/resque-perl"
    if not shutil.which("perl"):
        return "there is no perl on the PATH"
    return complaint([*command(checkout), "-MResque", "-e1"])


def version() -> str:
    question = 'printf "%s with perl %vd", Resque->VERSION // "unreleased", $^V'
    return answer([*command(os.environ[VARIABLE]), "-MResque", "-e", question])


def command(checkout: str) -> list[str]:
    return [shutil.which("perl") or "perl", f"-I{Path(checkout) / 'lib'}", f"-I{APPLICATION / 'perl'}"]


class PerlResque(Resquer):
    """It cannot select a database, so it has a namespace of its own in the first one."""

    name = "Perl Resque"
    told = False
    interval = 5.0
    plenty = 2000
    cant_poll = "0"
    has_room = False

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, f"perl-{next(NUMBERS)}")
        self._perl = command(os.environ[VARIABLE])

    def commands(self, port: int, workers: int) -> Sequence[Argv]:
        program = str(APPLICATION / "perl" / "worker.pl")
        words = [f"127.0.0.1:{port}", self.keys.namespace, QUEUE, self.cant_poll]
        return [[*self._perl, program, *words]] * workers


class Blocking(PerlResque):
    name = "Perl Resque, cant_poll"
    told = True
    cant_poll = "1"
    measures = frozenset({"latency", "idle"})
