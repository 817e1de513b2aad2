import pytest

from resqued.cli import resquectl
from tests.cli.asking import Answer, Ask


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
