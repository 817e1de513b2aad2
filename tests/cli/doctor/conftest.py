"""`resquectl doctor` as a test asks it."""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from tests.cli.asking import Ask
from tests.support import redis_server
from tests.support.redis_server import RedisServer


class Verdict(NamedTuple):
    """`findings`: what each check said, as `problem: …`; `unchecked`: why each of these could not look."""

    status: int
    findings: dict[str, list[str]]
    unchecked: dict[str, str]


Examine = Callable[..., Verdict]


def read(status: int, text: str) -> Verdict:
    document: dict[str, Any] = json.loads(text)
    findings: dict[str, list[str]] = {}
    for finding in document["findings"]:
        assert finding["do"]
        findings.setdefault(finding["check"], []).append(f"{finding['weight']}: {finding['says']}")
    return Verdict(status, findings, {each["check"]: each["why"] for each in document["unchecked"]})


@pytest.fixture
def examine(ask: Ask) -> Examine:
    def examine(*words: str) -> Verdict:
        answer = ask("--json", *words, "doctor")
        assert answer.err == ""
        return read(answer.status, answer.out)

    return examine


@pytest.fixture(scope="session", name="sound_server")
def server_that_is_set_up_well() -> Iterator[RedisServer]:
    with redis_server.running("--appendonly", "yes") as server:
        yield server


@pytest.fixture
def sound(sound_server: RedisServer) -> RedisServer:
    """Empty."""
    with sound_server.client() as client:
        client.flushall()
    return sound_server
