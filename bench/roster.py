"""Who takes part, and who does not, and why."""

import importlib.util
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

from bench.contestants import Contestant, node, perl, python_others, python_rq, ruby
from bench.contestants.ours import Frugal, Resqued, ThreeQueues
from bench.field import Field
from bench.stage import Stage


@dataclass(frozen=True, slots=True)
class System:
    absence: Callable[[], str]  # what to do to have it; empty if it is there
    version: Callable[[], str]
    contestants: Sequence[type[Contestant]]


def _python(name: str, *contestants: type[Contestant], extras: str = "") -> System:
    return System(partial(_absence, name, extras), partial(version, name), contestants)


def _absence(package: str, extras: str) -> str:
    return "" if importlib.util.find_spec(package) else f"{sys.executable} -m pip install '{package}{extras}'"


SYSTEMS: Mapping[str, System] = {
    "rq": _python("rq", python_rq.Worker, python_rq.Pool, python_rq.Simple),
    "celery": _python("celery", python_others.Celery, python_others.Provident, extras="[redis]"),
    "dramatiq": _python("dramatiq", python_others.Dramatiq, python_others.SingleThreaded),
    "huey": _python("huey", python_others.Huey, python_others.HueyProcesses),
    "node-resque": System(node.absence, node.version, (node.NodeResque, node.Together, node.Eager)),
    "ruby": System(ruby.absence, ruby.version, (ruby.RubyResque, ruby.Eager, ruby.Undivided)),
    "perl": System(perl.absence, perl.version, (perl.PerlResque, perl.Blocking)),
}


class Roster:
    """`wanted`: names of SYSTEMS. `left_out`: who is not there, and why."""

    def __init__(self, stage: Stage, wanted: Collection[str]) -> None:
        self.left_out: dict[str, str] = {}
        self._fields: list[Field] = []
        self.ours, self.three_queues = Resqued(stage), ThreeQueues(stage)
        self._frugal: Resqued | None = self._accepted(Frugal(stage))
        self._systems = [name for name in SYSTEMS if name in wanted and self._is_there(name)]
        self._peers = [contestant(stage) for name in self._systems for contestant in SYSTEMS[name].contestants]

    def _accepted(self, contestant: Resqued) -> Resqued | None:
        if refusal := contestant.refusal():
            self.left_out[contestant.name] = refusal
        return None if refusal else contestant

    def _is_there(self, name: str) -> bool:
        if absence := SYSTEMS[name].absence():
            self.left_out[name] = absence
        return not absence

    def versions(self) -> str:
        return ", ".join(f"{name} {SYSTEMS[name].version()}" for name in self._systems)

    def field(self, measure: str, *more: Contestant) -> Field:
        """`more` fork for each job, as Bare does."""
        peers = [peer for peer in self._peers if measure in peer.measures]
        forking = [peer for peer in peers if peer.forks]
        others = [peer for peer in peers if not peer.forks]
        ours, beside = self._frugal or self.ours, self._beside_frugal(forking)
        self._fields.append(field := Field([self.ours, *forking, *more], [ours, *beside, *others]))
        return field

    def withdrawn(self) -> dict[str, str]:
        """Who had to give up in one of the fields, and why."""
        return {name: reason for field in self._fields for name, reason in field.withdrawn.items()}

    def _beside_frugal(self, forking: Sequence[Contestant]) -> list[Contestant]:
        """Two that the many jobs of one process are compared with."""
        return [self.ours, *(one for one in forking if one.name == ruby.RubyResque.name)] if self._frugal else []
