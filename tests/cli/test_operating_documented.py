"""docs/operating.md and docs/status.md name what the other commands about this machine say."""

import re
from pathlib import Path

import msgspec
import pytest

from resqued.cli.collecting import Asked, Stacks
from resqued.cli.commands import stacks
from resqued.listening import MOST, PATIENCE
from resqued.wishes import LONGEST, KillJob, Pause, Paused, Refused, Resume, Scale, Scaled, Unwanted

DOCS = Path(__file__).parents[2] / "docs"
OPERATING, STATUS = (DOCS / "operating.md").read_text(), (DOCS / "status.md").read_text()


def words(text: str) -> set[str]:
    return set(re.findall(r"`([\w-]+)`", text))


@pytest.mark.parametrize("struct", [Pause, Resume, Scale, KillJob, Paused, Scaled, Unwanted, Refused])
def test_every_key_of_a_wish_and_of_an_answer(struct: type[msgspec.Struct]) -> None:
    assert {field.name for field in msgspec.structs.fields(struct)} - words(OPERATING) == set()


@pytest.mark.parametrize("wish", [Pause, Resume, Scale, KillJob])
def test_every_wish(wish: type[msgspec.Struct]) -> None:
    assert wish.__struct_config__.tag in words(OPERATING)


def test_what_a_visitor_has() -> None:
    assert (LONGEST, PATIENCE, MOST) == (4096, 5.0, 8)
    assert "4096 bytes and five seconds, and eight visitors" in OPERATING


def test_every_key_of_a_process_with_its_stacks() -> None:
    assert set(stacks.document(Stacks(Asked("master", 1), []))) - words(STATUS) == set()


def test_what_top_adds() -> None:
    assert {"jobs_per_second", "cpu"} - words(STATUS) == set()
