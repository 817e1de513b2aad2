"""docs/protocol.md has every key that resqued reads or writes."""

import re
from pathlib import Path

import pytest

from resqued.protocol import keys, policykeys

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
ROWS = [row for room in (keys, policykeys) for row in (room.__doc__ or "").splitlines() if row.startswith("| `")]
NAMES = [name for row in ROWS for name in re.findall(r"`([^`…][^`]*)`", row.split(" | ")[0])]


def test_there_are_some() -> None:
    assert len(NAMES) > 40


@pytest.mark.parametrize("name", NAMES)
def test_a_key_is_documented(name: str) -> None:
    before_what_varies = re.split(r"<(?!namespace>)|…", name)[0]

    assert f"`{before_what_varies}" in PAGE
