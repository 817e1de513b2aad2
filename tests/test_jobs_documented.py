"""What docs/jobs.md and docs/frameworks.md show is so."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from resqued import api, config, hooks, joblimits, testing
from resqued.config import Jobs
from resqued.hooks import registered

DOCS = Path(__file__).parent.parent / "docs"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", (DOCS / page).read_text())


def test_the_code_of_the_page_on_jobs_runs_as_it_stands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in hooks.registered:
        monkeypatch.setitem(hooks.registered, name, [])
    monkeypatch.setattr(api, "_present", None)
    names: dict[str, Any] = {"__name__": "app"}
    with testing.collected() as jobs:
        for block in blocks("jobs.md", "python"):
            exec(block, names)

    assert [job.args for job in jobs] == [
        ("ann@example.org",),
        *[("ann@example.org", 2), ("ann@example.org",)] * 2,
        ("ann@example.org",),
    ]
    assert capsys.readouterr().out == "1 to ann@example.org\n"
    assert joblimits.of(names["welcome"]).timeout == 30


def test_the_page_on_jobs_names_every_hook_of_all_jobs() -> None:
    section = (DOCS / "jobs.md").read_text().partition("## Hooks")[2]

    assert [name for name in registered if f"`{name}" not in section] == []


def test_the_configuration_of_a_django_project_is_one() -> None:
    (text,) = blocks("frameworks.md", "toml")

    assert config.parse(text, "docs/frameworks.md").jobs == Jobs(path=("/srv/mysite",), django="mysite.settings")


@pytest.mark.parametrize("block", blocks("frameworks.md", "python"))
def test_what_the_page_on_frameworks_imports_is_there(block: str) -> None:
    lines = [line for line in block.splitlines() if re.match("import |from ", line)]
    exec("\n".join(lines), {})
    ast.parse(block)
