"""docs/fleet.md names what the commands about the fleet say with `--json`, and every command and option."""

import json
import re
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from resqued.cli.commands import jobs, prune, queue, queues, workers
from resqued.cli.inquest import Fate
from resqued.store.pruning import Pruned
from tests.cli.asking import Ask
from tests.store.slates import job, push, slate_at

TEXT = (Path(__file__).parents[2] / "docs" / "fleet.md").read_text()
FREE = {"payload", "classes"}  # what is below these is somebody else's


def words() -> set[str]:
    return set(re.findall(r"`(\w+)`", TEXT))


def keys(found: object) -> Iterator[str]:
    match found:
        case dict():
            yield from found
            for key, value in found.items():
                yield from keys(value) if key not in FREE else ()
        case list():
            for value in found:
                yield from keys(value)


@pytest.mark.parametrize(
    "command",
    [
        ["queues", "--interval", "0.01"],
        ["queue", "show", "mail"],
        ["peek", "mail"],
        ["workers"],
        ["prune", "--dry-run", "vm:4711:mail,low"],
        ["queue", "pause", "mail"],
        ["queue", "resume", "mail"],
        ["queue", "pause", "--all"],
        ["move", "mail", "low"],
        ["clear", "mail", "--yes"],
        ["info"],
    ],
    ids=" ".join,
)
def test_every_key_is_documented(ctl: Ask, redis: Redis, redis_url: str, command: list[str]) -> None:
    push(redis, job(), job())
    with slate_at(redis_url) as slate:
        slate.reserve(["mail"])
        said = set(keys(json.loads(ctl(*command, "--json").out)))

    assert said
    assert said - words() == set()


def test_every_state_and_end_is_documented() -> None:
    assert {*map(str, Fate), *map(str, Pruned)} - words() == set()


def options(parser: ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            for below in action.choices.values():
                yield from options(below)
        yield from (name for name in action.option_strings if name not in ("-h", "--help"))


def test_every_command_and_option_is_documented() -> None:
    parser = ArgumentParser()
    commands = parser.add_subparsers()
    for group in (queues, queue, jobs, workers, prune):
        group.add_to(commands)
    ours = set(commands.choices) - {"enqueue"}

    assert {name for name in ours if not re.search(rf"`{name}\b", TEXT)} == set()
    assert {option for option in options(parser) if option not in TEXT} == set()
