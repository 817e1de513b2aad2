"""Every command that needs Redis, when Redis is away: one clear message, status 3, no traceback."""

import argparse
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence

import pytest

from resqued.cli import resquectl, subjects
from tests.cli.asking import Ask
from tests.support.redis_server import free_port

WORDS = {
    "CLASS": "Echo",
    "ID": "0123456789",
    "N": "1",
    "S": "1",
    "TIME": "1h",
}  # what stands for an argument of this kind; else: q and a number

MEANT = {"--all", "--max"}  # said wherever they can be


def commands(program: ArgumentParser) -> Iterator[tuple[list[str], ArgumentParser]]:
    for action in program._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                deeper = list(commands(command))
                yield from (([name, *names], found) for names, found in deeper) if deeper else [([name], command)]


def about_redis() -> Iterator[tuple[Sequence[str], ArgumentParser]]:
    local = {subjects.machine, subjects.nothing, subjects.survey}  # the last is for who goes on: test_exporter
    return (
        (names, command) for names, command in commands(resquectl.parser()) if command.get_default("about") not in local
    )


def words(command: ArgumentParser) -> Iterator[str]:
    """What has to be said to it, and that it is meant: `--yes` where it does not ask for names."""
    if not any(action.nargs == "*" for action in command._actions) and "--yes" in command._option_string_actions:
        yield "--yes"
    for number, action in enumerate(command._actions):
        if action.nargs in ("?", "*"):
            continue
        if action.required or MEANT & set(action.option_strings):
            yield from action.option_strings[-1:]
            if action.nargs != 0:
                yield next(iter(action.choices)) if action.choices else WORDS.get(str(action.metavar), f"q{number}")


@pytest.mark.parametrize(("names", "command"), [pytest.param(*each, id=" ".join(each[0])) for each in about_redis()])
def test_without_redis_the_status_is_3(ask: Ask, names: list[str], command: ArgumentParser) -> None:
    said = [*words(command), *(["Echo"] if names == ["enqueue"] else [])]
    answer = ask("--url", f"redis://:secret@127.0.0.1:{free_port()}", *names, *said)

    assert (answer.status, answer.out) == (3, "")
    assert answer.err.startswith("resquectl: cannot connect to Redis at redis://:***@127.0.0.1:")
    assert "Traceback" not in answer.err
