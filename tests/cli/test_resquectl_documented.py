"""docs/resquectl.md names what doctor checks and answers."""

import re
from pathlib import Path

from resqued.cli.commands.doctor import document
from resqued.cli.doctor.diagnosis import CHECKS, Diagnosis
from resqued.cli.doctor.findings import Finding

TEXT = (Path(__file__).parents[2] / "docs" / "resquectl.md").read_text()
DOCTOR = TEXT.partition("\n## Doctor\n")[2].partition("\n## ")[0]


def test_every_check_is_named_in_its_order() -> None:
    assert re.findall(r"(?m)^\| `([\w-]+)` \| (?:problem|hint)", DOCTOR) == list(CHECKS)


def test_the_sample_counts_them_all() -> None:
    assert f"\n{len(CHECKS)} checks: " in DOCTOR


def test_every_key_of_the_answer_is_named() -> None:
    answer = document(Diagnosis([("clock", Finding("says", "do"))], {"pause": "why"}))
    keys = {*answer, *answer["findings"][0], *answer["unchecked"][0]}  # type: ignore[index]  # lists of objects

    assert keys <= set(re.findall(r"`(\w+)`", DOCTOR))
