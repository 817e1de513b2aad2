"""The keys of resque-lock, resque-loner 1.3.0 and resque-retry 1.8.1, as these made them (`tests/golden`)."""

import json
from pathlib import Path
from typing import Any

import pytest

from resqued.protocol import locks, ruby
from tests import golden

SEEN: list[dict[str, Any]] = json.loads(
    (Path(golden.__file__).with_name("made") / "locks.json").read_text(encoding="utf-8")
)
NAME = "Shop::Graph"


def args_of(seen: dict[str, str]) -> Any:
    return json.loads(seen["payload"])["args"]


@pytest.mark.parametrize("seen", SEEN, ids=lambda seen: str(args_of(seen)))
def test_keys_are_those_that_ruby_makes(seen: dict[str, str]) -> None:
    args = args_of(seen)

    assert locks.resque_lock(NAME, args)[0] == seen["lock"]
    assert locks.resque_loner("graphs", locks.loner_digest(NAME, args)) == [seen["loner"]]
    assert locks.resque_retry(NAME, locks.retry_identifier(args))[0] == seen["retry"]


def test_a_hash_is_inspected_in_both_ways() -> None:
    assert locks.resque_lock(NAME, [{"a": 1}]) == [f'lock:{NAME}-[{{"a"=>1}}]', f'lock:{NAME}-[{{"a" => 1}}]']
    assert locks.resque_lock(NAME, [1]) == [f"lock:{NAME}-[1]"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (999999999999999.9, "999999999999999.9"),
        (1e15, "1.0e+15"),
        (-1234567890123456.0, "-1.234567890123456e+15"),
        (1000000000000000.1, "1000000000000000.1"),
        (1e16, "1.0e+16"),
        (1e-05, "1.0e-05"),
        (0.0001, "0.0001"),
    ],
)
def test_a_number_is_written_as_ruby_writes_it(number: float, text: str) -> None:
    assert ruby.inspect(number) == text
