"""The image of the example, as far as it can be tried without docker: its files, its commands, its stop."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from resqued import config
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "docker"
DOCKERFILE = re.sub(r"\\\n", " ", (EXAMPLE / "Dockerfile").read_text())
PROGRAMS = {"resqued": "resqued.cli.resqued", "resquectl": "resqued.cli.resquectl"}


def instruction(name: str) -> str:
    (found,) = re.findall(rf"(?m)^{name} (.*)$", DOCKERFILE)
    return str(found)


def command(text: str, file: Path) -> list[str]:
    """What an instruction runs, here, with another configuration."""
    program, *words = json.loads(text[text.index("[") :])
    here = f"import sys; from {PROGRAMS[program]} import main; sys.exit(main())"
    return [sys.executable, "-c", here, *(str(file) if word == "/srv/app/resqued.toml" else word for word in words)]


def test_everything_that_it_copies_is_there() -> None:
    copied = [source for line in re.findall(r"(?m)^COPY (.*) \S+$", DOCKERFILE) for source in line.split()]

    assert copied
    assert [source for source in copied if not (ROOT / source).exists()] == []


def test_what_the_package_is_built_of_is_copied() -> None:
    wanted = re.findall(r'(?m)^"(man)/', (ROOT / "pyproject.toml").read_text())
    copied = set(re.findall(r"(?m)^COPY (\w+) ", DOCKERFILE))

    assert {"resqued", *wanted} <= copied


def test_compose_waits_longer_than_a_stop_may_take() -> None:
    file = EXAMPLE / "resqued.toml"
    shutdown = config.parse(file.read_text(), str(file)).shutdown
    found = re.search(r"stop_grace_period: (\d+)s", (EXAMPLE / "compose.yaml").read_text())

    assert found
    assert int(found[1]) > shutdown.grace + shutdown.term_timeout + shutdown.redis_timeout


def test_its_entry_serves_is_healthy_and_stops_in_order(
    redis: Redis, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    file, said = tmp_path / "resqued.toml", tmp_path / "out"
    text = (EXAMPLE / "resqued.toml").read_text().replace("redis://redis:6379/0", redis_url)
    file.write_text(text.replace("/srv/app", str(EXAMPLE)))
    redis.rpush("resque:queue:greetings", '{"class":"greetings.Greet","args":["ann"]}')

    with (
        said.open("wb") as out,
        subprocess.Popen(command(instruction("ENTRYPOINT"), file), stdout=out, stderr=out, process_group=0) as process,
    ):
        try:
            eventually(lambda: "hello ann, from" in said.read_text(), within=15)
            health = subprocess.run(command(instruction("HEALTHCHECK"), file), capture_output=True, check=False)
        finally:
            os.kill(process.pid, signal.Signals[instruction("STOPSIGNAL")])

    assert (process.returncode, health.returncode) == (0, 0), said.read_text()
    assert redis.smembers("resque:workers") == set()
