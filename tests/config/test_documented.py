"""The example file and the documentation name every key there is, and its true default."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from resqued import config
from resqued.config import (
    Config,
    Daemon,
    Failed,
    Jobs,
    Limits,
    Log,
    Metrics,
    Pool,
    Redis,
    Schedule,
    Scheduler,
    Shutdown,
    Web,
    Worker,
)
from resqued.config.table import Table

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "etc/resqued.toml").read_text()
MANUAL = (ROOT / "docs/configuration.md").read_text()
TABLES: dict[str, type[Table]] = {
    "redis": Redis,
    "jobs": Jobs,
    "pools.NAME": Pool,
    "shutdown": Shutdown,
    "worker": Worker,
    "failed": Failed,
    "scheduler": Scheduler,
    "schedule.NAME": Schedule,
    "limits": Limits,
    "log": Log,
    "metrics": Metrics,
    "daemon": Daemon,
    "web": Web,
}
FIELDS = [
    pytest.param(table, field, id=f"{table}.{field.encode_name}")
    for table, struct in TABLES.items()
    for field in msgspec.structs.fields(struct)
]


def uncommented(text: str) -> str:
    """`text` with the lines in force that show a default: `#key = value`."""
    return re.sub(r"(?m)^#(?=\w+ = )", "", text)


def with_examples(text: str) -> str:
    """The same, and with those that show a table that need not be there: `# [table]`, `# key = value`."""
    return re.sub(r"(?m)^# (?=\[|[a-z]\w* = )", "", uncommented(text))


def test_these_tests_know_every_table() -> None:
    assert {name.partition(".")[0] for name in TABLES} == set(Config.__struct_fields__)


def test_the_example_is_a_configuration_with_nothing_but_defaults() -> None:
    assert config.parse(EXAMPLE, "etc/resqued.toml") == Config(
        jobs=Jobs(modules=("app.jobs",)), pools={"default": Pool(queues=("*",))}
    )


def test_the_values_that_the_example_shows_are_the_defaults() -> None:
    shown = config.parse(uncommented(EXAMPLE), "etc/resqued.toml")

    assert shown == config.parse(EXAMPLE, "etc/resqued.toml")


@pytest.mark.parametrize(("table", "field"), FIELDS)
def test_the_example_has_every_key(table: str, field: msgspec.structs.FieldInfo) -> None:
    keys = tomllib.loads(with_examples(EXAMPLE))
    for part in table.replace("pools.NAME", "pools.default").replace("NAME", "nightly").split("."):
        keys = keys[part]

    assert field.encode_name in keys


@pytest.mark.parametrize(("table", "field"), FIELDS)
def test_the_manual_names_every_key_with_its_default(table: str, field: msgspec.structs.FieldInfo) -> None:
    if field.name == "names":
        assert "\n### [jobs.names]\n" in MANUAL
        return
    section = MANUAL.partition(f"\n## [{table}]\n")[2].partition("\n## ")[0]
    row = re.search(rf"(?m)^\| `{field.encode_name}` \| (.*?) \|", section)

    assert row
    assert row[1] == "required" if is_required(table, field) else default_in(table, field, row[1]) == default_of(field)


def is_required(table: str, field: msgspec.structs.FieldInfo) -> bool:
    """In a table that says nothing else."""
    return field.required or field.name in TABLES[table].wanting({})


def default_of(field: msgspec.structs.FieldInfo) -> object:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def test_the_manual_names_no_key_that_does_not_exist() -> None:
    for table, section in re.findall(r"(?ms)^## \[(.*?)\]\n(.*?)(?=^## |\Z)", MANUAL):
        keys = re.search(r"(?ms)^\| key \|.*?\n\n|^\| key \|.*\Z", section)

        assert keys
        known = {field.encode_name for field in msgspec.structs.fields(TABLES[table])}
        assert set(re.findall(r"(?m)^\| `(\w+)` \|", keys[0])) <= known


def test_the_shortest_file_in_the_manual_is_a_configuration() -> None:
    shortest = re.findall(r"(?s)```toml\n(.*?)```", MANUAL)[0]

    assert config.parse(shortest, "docs/configuration.md").pools["default"].workers == 1


def default_in(table: str, field: msgspec.structs.FieldInfo, cell: str) -> object:
    """What a Config has where its file says what the manual shows as the default."""
    other = {"cron": "every = 1\n", "every": 'cron = "@daily"\n'}.get(field.encode_name, "")
    required = {
        "schedule.NAME": f'[schedule.default]\nclass = "A"\nqueue = "q"\n{other or "every = 1"}\n',
        "pools.NAME": '[pools.default]\nqueues = ["*"]\n',
    }
    rest = '[pools.other]\nqueues = ["*"]\n[jobs]\nmodules = ["a"]\n'
    text = f"{field.encode_name} = {cell.strip('`')}\n"
    if table == "jobs":
        read = config.parse(f"{rest}{text}", "docs/configuration.md")
    else:
        read = config.parse(f"{rest}{required.get(table, f'[{table}]')}\n{text}", "docs/configuration.md")
    struct = {"pools.NAME": read.pools.get("default"), "schedule.NAME": read.schedule.get("default")}.get(table)
    return getattr(struct or getattr(read, table), field.name)
