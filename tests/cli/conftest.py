from collections.abc import Iterator
from pathlib import Path

import pytest

from resqued.cli import resquectl
from tests.cli.asking import Answer, Ask
from tests.cli.stage import Stage, stage_in


@pytest.fixture(name="ask")
def ask_without_a_server(capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run `resquectl` with these words."""

    def ask(*words: str) -> Answer:
        try:
            status = resquectl.main(words)
        except SystemExit as exit_:
            status = int(exit_.code or 0)
        return Answer(status, *capsys.readouterr())

    return ask


@pytest.fixture(name="ctl")
def ask_the_server_of_this_test(ask: Ask, redis_url: str) -> Ask:
    return lambda *words: ask("--url", redis_url, *words)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with stage_in(tmp_path) as one:
        yield one
