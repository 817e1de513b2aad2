"""Configuration files for tests: a small right one, ways to spoil it, and what resqued says then."""

import json
from collections.abc import Mapping

import pytest

from resqued import config
from resqued.errors import ConfigError

Tables = Mapping[str, Mapping[str, object]]

MINIMAL = """
[jobs]
modules = ["app.jobs"]
[pools.default]
queues = ["*"]
"""


def written(tables: Tables) -> str:
    """The TOML of `tables`: header → key, as written → value."""
    return "\n".join(line for header, keys in tables.items() for line in _lines(header, keys))


def mistakes_in(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        config.parse(text, "resqued.toml")
    return caught.value.mistakes


def mistakes_of(table: str, line: str) -> tuple[str, ...]:
    """What is wrong with an otherwise right file that has `line` in `table`."""
    tables = {"jobs": 'modules = ["app.jobs"]', "pools.default": 'queues = ["*"]'}
    key = line.partition("=")[0].strip()
    kept = [kept for kept in [tables.pop(table, "")] if kept.partition("=")[0].strip() != key]
    rest = [f"[{header}]\n{content}" for header, content in tables.items()]
    return mistakes_in("\n".join([f"[{table}]", line, *kept, *rest]))


def _lines(header: str, keys: Mapping[str, object]) -> list[str]:
    return [f"[{header}]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items())]
