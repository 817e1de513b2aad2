"""What workers are told by options where Ruby's have variables: Perl's `resque-worker`, and those of pyres."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

Option = tuple[tuple[str, ...], str]  # how it is written, and the variable that says the same, or what stands for one

PERL: tuple[Option, ...] = (
    (("-q", "--queue"), "QUEUES"),
    (("-r", "--redis"), "RESQUE_REDIS"),
    (("-i", "--interval"), "INTERVAL"),
    (("-t", "--timeout"), "BLOCKING"),
    (("-M", "--module"), "--module"),
)
PERL_FLAGS: tuple[Option, ...] = (
    (("-f", "--cant_fork"), "FORK_PER_JOB"),
    (("-p", "--cant_poll"), "BLOCKING"),
    (("-v", "--verbose"), "VERBOSE"),
)
PYRES: tuple[Option, ...] = (
    (("--host",), "RESQUE_HOST"),
    (("--port",), "RESQUE_PORT"),
    (("--password",), "RESQUE_PASSWORD"),
    (("-l", "--log-level"), "--log-level"),
    (("-f",), "--logfile"),
    (("-p",), "PIDFILE"),
)
PYRES_WORKER: tuple[Option, ...] = (*PYRES, (("-i", "--interval"), "INTERVAL"), (("-t", "--timeout"), "--timeout"))
PYRES_MANAGER: tuple[Option, ...] = (
    *PYRES,
    (("--pool",), "COUNT"),
    (("--minions_interval",), "INTERVAL"),
    (("-i", "--interval"), "--manager-interval"),
    (("-j", "--process_max_jobs"), "--process_max_jobs"),
)
PYRES_FLAGS: tuple[Option, ...] = ((("--concat_minions_logs",), "--concat_minions_logs"),)

KNOWN: Mapping[str, tuple[tuple[Option, ...], tuple[Option, ...]]] = {
    "resque-worker": (PERL, PERL_FLAGS),
    "pyres_worker": (PYRES_WORKER, ()),
    "pyres_manager": (PYRES_MANAGER, PYRES_FLAGS),
}
GIVEN = "false"  # what a flag says: the one value of FORK_PER_JOB that Ruby heeds, and as good as any for the others


@dataclass(frozen=True, slots=True)
class Said:
    """Variables, and by which option each was said."""

    variables: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def read(program: str, words: Sequence[str]) -> Said:
    """What stands behind `program` in `words`. Raises ValueError for what it does not take."""
    if program not in KNOWN:
        return Said()
    valued, flags = KNOWN[program]
    parser = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    for names, variable in valued:
        parser.add_argument(*names, dest=variable, action="append")
    for names, variable in flags:
        parser.add_argument(*names, dest=variable, action="append_const", const=GIVEN)
    if program.startswith("pyres"):
        parser.add_argument("QUEUES", nargs=1)
    at = next(at for at, word in enumerate(words) if word.rpartition("/")[2] == program)
    given, _ = parser.parse_known_args(words[at + 1 :])
    written = {variable: names[0] for names, variable in (*valued, *flags)}
    return Said(
        {name: ",".join(values) for name, values in vars(given).items()},
        {name: f"{written.get(name, 'queues')} of {program}" for name in vars(given)},
    )
